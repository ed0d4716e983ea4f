"""How sure the ranking is: the same question asked again under many other settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import (
    a,
    array,
    by_id,
    checked,
    ids,
    number,
    optional,
    table,
    text,
    whole,
)
from access.errors import ParameterError
from access.labels import criterion_words
from access.measure.demand import align
from access.measure.weights import linear_weights
from access.network.matrix import TravelMatrix, positions
from access.scenario.criteria import CRITERIA, Floats, _evaluate, _prepare, fifths
from access.scenario.options import (
    Closings,
    CriteriaSettings,
    Indices,
    Options,
    ServiceChoice,
    _kept_or_closed,
    _least,
    choosable,
    list_options,
)
from access.scenario.orders import in_order
from access.text import listed, named, percent
from access.units import LSOAS_ENGLAND_2011, great_circle_m, metric_crs, project

_Range = tuple[float, float]
#: Speed that matrices are made at unless told otherwise (80 metres a minute).
_WALK_KMH = 4.8
_RANGES = ("walk_kmh", "lam", "threshold_minutes", "parking_minutes")


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Declared ranges, drawn from evenly and independently; what is not given stays as it is.

    Parameters
    ----------
    walk_kmh : pair of float, optional
        Walking speed. Minutes of the (walking) matrix are scaled by the speed it was made at.
    lam : pair of float, optional
        Lambda of the linear deprivation weights.
    threshold_minutes : pair of float, optional
    parking_minutes : pair of float, optional
        Needs `drive`.
    drive : TravelMatrix, optional
        With `p_no_car`: every draw blends walking and driving anew (the family trip).
    p_no_car : Series, mapping or sequence, optional
    position_error_m : mapping of str to float, optional
        Radius about each site's stated position within which the true one lies; needs
        `area_points` and `site_points`.
    area_points, site_points : DataFrame, optional
        ``id lon lat``.
    stand_ins : mapping of str to sequence of str, optional
        For an assumed site, other columns of the matrix where it may be instead.
    count_error : str, optional
        ``"poisson"``: families of each area are drawn about their count.
    made_at_kmh : float
        Walking speed that the matrix was made at.

    Raises
    ------
    ParameterError
        If a range is not two rising numbers, or something that another needs is missing.

    Examples
    --------
    >>> Uncertainty(walk_kmh=(3.6, 5.4), lam=(0, 2)).given
    ('walk_kmh', 'lam')
    """

    walk_kmh: _Range | None = None
    lam: _Range | None = None
    threshold_minutes: _Range | None = None
    parking_minutes: _Range | None = None
    drive: TravelMatrix | None = None
    p_no_car: Any = None
    position_error_m: Mapping[str, float] | None = None
    area_points: pd.DataFrame | None = None
    site_points: pd.DataFrame | None = None
    stand_ins: Mapping[str, Sequence[str]] | None = None
    count_error: str | None = None
    made_at_kmh: float = _WALK_KMH

    def __post_init__(self) -> None:
        for name in _RANGES:
            _check_range(getattr(self, name), name, above=0.0 if name == "walk_kmh" else -1.0)
        if (self.drive is None) != (self.p_no_car is None):
            raise ParameterError("drive and p_no_car go together; expected both or neither")
        if self.parking_minutes is not None and self.drive is None:
            raise ParameterError("parking_minutes needs drive and p_no_car")
        if self.count_error not in (None, "poisson"):
            raise ParameterError(f"count_error={self.count_error!r}; expected 'poisson' or None")
        if self.position_error_m:
            if self.area_points is None or self.site_points is None:
                raise ParameterError("position_error_m needs area_points and site_points")
            bad = {k: v for k, v in self.position_error_m.items() if not 0 <= v < np.inf}
            if bad:
                raise ParameterError(f"position_error_m={bad}; expected metres, 0 or more")
        if not (np.isfinite(self.made_at_kmh) and self.made_at_kmh > 0):
            raise ParameterError(f"made_at_kmh={self.made_at_kmh!r}; expected a speed above 0")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what may be otherwise."""
        extra = ("position_error_m", "stand_ins", "count_error")
        return tuple(name for name in (*_RANGES, *extra) if getattr(self, name))

    def notes(self) -> tuple[str, ...]:
        """Say in words what was let vary.

        Returns
        -------
        tuple of str
        """
        words = {
            "walk_kmh": "walking speed {0:g} to {1:g} km/h",
            "lam": "lambda {0:g} to {1:g}",
            "threshold_minutes": "threshold {0:g} to {1:g} minutes",
            "parking_minutes": "parking {0:g} to {1:g} minutes",
        }
        out = [words[n].format(*getattr(self, n)) for n in _RANGES if getattr(self, n)]
        if self.position_error_m:
            most = max(self.position_error_m.values())
            out.append(
                f"positions of {len(self.position_error_m)} sites within their stated error (up to "
                f"{most:g} m; minutes shifted by the straight-line difference at the matrix's own "
                "median pace)"
            )
        if self.stand_ins:
            out.append(
                f"assumed sites moved among plausible ones: {', '.join(sorted(self.stand_ins))}"
            )
        if self.count_error:
            out.append("families of each area drawn about their count (Poisson)")
        return tuple(out)


def _check_range(value: _Range | None, name: str, above: float) -> None:
    if value is None:
        return
    good = len(value) == 2 and all(np.isfinite(v) for v in value)
    if not good or not (value[0] <= value[1]) or value[0] < 0 or value[0] <= above:
        least = "above 0" if above == 0 else "of 0 or more"
        raise ParameterError(f"{name}={value!r}; expected two numbers {least}, the lesser first")


@checked(
    assumed=table("id", "lon", "lat"),
    candidates=table("id", "lon", "lat"),
    within_m=number(0),
)
def plausible_sites(
    assumed: pd.DataFrame, candidates: pd.DataFrame, *, within_m: float = 2000.0
) -> dict[str, tuple[str, ...]]:
    """List where an assumed site may be instead: the candidate sites near it.

    Parameters
    ----------
    assumed, candidates : DataFrame
        ``id lon lat``.
    within_m : float
        Straight-line metres.

    Returns
    -------
    dict of str to tuple of str
        For `Uncertainty.stand_ins`; assumed sites without a candidate near them are left out.

    Examples
    --------
    >>> one = pd.DataFrame({"id": ["Y"], "lon": [-1.36], "lat": [53.43]})
    >>> near = pd.DataFrame({"id": ["L1", "L2"], "lon": [-1.36, -1.5], "lat": [53.44, 53.43]})
    >>> plausible_sites(one, near)
    {'Y': ('L1',)}
    """
    out = {}
    for row in assumed.to_dict("records"):
        metres = great_circle_m(row["lon"], row["lat"], candidates["lon"], candidates["lat"])
        close = candidates["id"].to_numpy(dtype=object)[metres <= within_m]
        if len(close):
            out[str(row["id"])] = tuple(sorted(map(str, close)))
    return out


def _draw_settings(uncertainty: Uncertainty, draws: int, seed: int) -> pd.DataFrame:
    """Draw settings evenly from the ranges."""
    rng = np.random.default_rng([seed, 0])
    columns: dict[str, Any] = {}
    for name in _RANGES:
        ends = getattr(uncertainty, name)
        if ends is not None:
            columns[name] = rng.uniform(ends[0], ends[1], draws)
    for site, others in sorted((uncertainty.stand_ins or {}).items()):
        choices = np.array([str(site), *sorted(map(str, others))], dtype=object)
        columns[f"stand_in:{site}"] = choices[rng.integers(0, len(choices), draws)]
    return pd.DataFrame(columns, index=range(draws))


def _grid_settings(grid: Mapping[str, Sequence[float]]) -> pd.DataFrame:
    """List every combination of a grid."""
    unknown = [name for name in grid if name not in _RANGES]
    if unknown or not grid or not all(len(list(v)) for v in grid.values()):
        raise ParameterError(
            f"grid {dict(grid)!r}; expected values for some of {list(_RANGES)}, at least one each"
        )
    return pd.DataFrame(list(product(*grid.values())), columns=list(grid), dtype=float)


class _MinutesSample:
    """Makes the minutes of one draw from the matrix and its settings.

    Parameters
    ----------
    columns : sequence of str
        Sites wanted, in order.
    """

    def __init__(
        self, matrix: TravelMatrix, columns: Sequence[str], uncertainty: Uncertainty
    ) -> None:
        self.columns = [str(c) for c in columns]
        self.uncertainty = uncertainty
        wanted = list(self.columns)
        for site, others in (uncertainty.stand_ins or {}).items():
            positions(self.columns, [site], "stand-in's site")
            wanted += [str(o) for o in others]
        self.wanted = sorted(set(wanted))  # draws follow ids, never the order of rows
        self.place = {site: k for k, site in enumerate(self.wanted)}
        self.walk = matrix.sites(self.wanted).total_minutes
        self.drive: Floats | None = None
        if uncertainty.drive is not None:
            drive = uncertainty.drive.areas(matrix.area_ids).sites(self.wanted)
            self.drive = drive.total_minutes
            shares = uncertainty.p_no_car
            if isinstance(shares, pd.Series | Mapping):
                frame = pd.Series(dict(shares), dtype=float).to_frame("p_no_car")
                shares = align(frame, matrix.area_ids, what="p_no_car")["p_no_car"]
            self.p = np.asarray(shares, float)[:, None]
        self._shifts(matrix)

    def _shifts(self, matrix: TravelMatrix) -> None:
        u = self.uncertainty
        self.radius = np.zeros(len(self.wanted))
        if not u.position_error_m or u.area_points is None or u.site_points is None:
            return
        positions(self.wanted, list(u.position_error_m), "position_error_m's site")
        self.radius = np.array([float(u.position_error_m.get(s, 0.0)) for s in self.wanted])
        areas = align(u.area_points, matrix.area_ids, what="area_points")
        sites = u.site_points.copy()
        sites["id"] = sites["id"].astype(str) if "id" in sites else sites.index.astype(str)
        sites = align(sites[sites["id"].isin(self.wanted)], self.wanted, what="site_points")
        crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
        self.area_xy = project(areas["lon"], areas["lat"], crs)
        self.site_xy = project(sites["lon"], sites["lat"], crs)
        self.straight_m = _straight(self.area_xy, self.site_xy)
        self.pace = [_pace(m, self.straight_m) for m in (self.walk, self.drive)]

    def make(self, setting: Mapping[str, Any], rng: np.random.Generator) -> Floats:
        """Minutes of one draw."""
        names = [str(setting.get(f"stand_in:{c}", c)) for c in self.columns]
        at = np.array([self.place[name] for name in names])
        walk = self.walk[:, at]
        drive = None if self.drive is None else self.drive[:, at]
        if self.radius.any():
            moved = np.flatnonzero(self.radius[at])
            use = at[moved]
            shift = _in_discs(self.radius, rng)[use]
            extra_m = _straight(self.area_xy, self.site_xy[use] + shift) - self.straight_m[:, use]
            walk[:, moved] = np.maximum(walk[:, moved] + extra_m * self.pace[0], 0.0)
            if drive is not None:
                drive[:, moved] = np.maximum(drive[:, moved] + extra_m * self.pace[1], 0.0)
        if "walk_kmh" in setting:
            walk = walk * (self.uncertainty.made_at_kmh / float(setting["walk_kmh"]))
        if drive is not None:
            car = np.minimum(walk, drive + float(setting.get("parking_minutes", 3.0)))
            walk = np.where(self.p > 0, walk, 0.0) * self.p + np.where(self.p < 1, car, 0.0) * (
                1 - self.p
            )
        return walk


def _straight(areas: Floats, sites: Floats) -> Floats:
    return np.hypot(*(areas[:, None, k] - sites[None, :, k] for k in (0, 1)))


def _pace(minutes: Floats | None, straight_m: Floats) -> float:
    """Median minutes a metre of straight line, over pairs that are not next door."""
    if minutes is None:
        return 0.0
    use = np.isfinite(minutes) & (straight_m > 250.0)
    return float(np.median(minutes[use] / straight_m[use])) if use.any() else 0.0


def _in_discs(radius: Floats, rng: np.random.Generator) -> Floats:
    """One point, evenly in each disc."""
    far = radius * np.sqrt(rng.uniform(size=len(radius)))
    turn = rng.uniform(0.0, 2 * np.pi, len(radius))
    return np.column_stack([far * np.cos(turn), far * np.sin(turn)])


_Bools = NDArray[np.bool_]
_INTERVAL = (0.05, 0.95)
_T = TypeVar("_T")
_R = TypeVar("_R")
_RUN = 50
"""Settings that a thread takes at once."""


@dataclass(frozen=True, eq=False)
class Robustness:
    """Where the proposal ranks, and which option is best, over many settings.

    Parameters
    ----------
    draws : DataFrame
        One row a setting: what was set, and for each criterion c ``rank_c regret_c`` of the
        proposal (where there is one) and ``best_c``, the number of the first of the best options.
    options : DataFrame
        ``closed kept`` of each option, by number.
    times_best : dict of str to ndarray of int, shape (options,)
        By criterion, in how many settings each option is best, alone or jointly.
    criteria : tuple of str
    proposal : tuple of str or None
        Ids kept.
    names : dict
    notes : tuple of str
        What was let vary, and how.
    drawn_of : int
        Where not every option was ranked again but a sample of them: how many options there are.
        Places are then among those drawn and the proposal.
    mode : str
    """

    draws: pd.DataFrame
    options: pd.DataFrame
    times_best: Mapping[str, NDArray[np.int64]]
    criteria: tuple[str, ...]
    proposal: tuple[str, ...] | None
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    drawn_of: int = 0
    mode: str = "walk"

    def ranks(self) -> pd.DataFrame:
        """Interval of the proposal's rank on every criterion.

        Returns
        -------
        DataFrame
            ``criterion least p5 median p95 greatest options share_best share_best_tenth``,
            shares of the settings; ``median_regret p95_regret`` in the criterion's unit.

        Raises
        ------
        ParameterError
            If there is no proposal.
        """
        if self.proposal is None:
            raise ParameterError("there is no proposal to rank; expected proposal=ids")
        rows = []
        tenth = max(1, len(self.options) // 10)
        for c in self.criteria:
            rank = self.draws[f"rank_{c}"].to_numpy(float)
            regret = self.draws[f"regret_{c}"].to_numpy(float)
            inside = np.quantile(
                rank, [0, _INTERVAL[0], 0.5, _INTERVAL[1], 1], method="inverted_cdf"
            )
            known = regret[np.isfinite(regret)]
            both = np.quantile(known, [0.5, 0.95]) if known.size else [np.nan, np.nan]
            shares = [(rank == 1).mean(), (rank <= tenth).mean()]
            rows.append([c, *inside.astype(int), len(self.options), *shares, *both])
        columns = ["criterion", "least", "p5", "median", "p95", "greatest", "options"]
        columns += ["share_best", "share_best_tenth", "median_regret", "p95_regret"]
        return pd.DataFrame(rows, columns=columns)

    def best_options(self, criterion: str = "mean") -> pd.DataFrame:
        """How often each option is best, alone or jointly, those that ever are.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        DataFrame
            ``closed kept times share``, most often first; shares add up to more than 1 where
            options are jointly best.

        Raises
        ------
        ParameterError
            If the criterion is not one of these.
        """
        if criterion not in self.criteria:
            raise ParameterError(
                f"criterion {criterion!r} is not here; expected any of {list(self.criteria)}"
            )
        times = self.times_best[criterion]
        order = np.argsort(-times, kind="stable")[: int((times > 0).sum())]
        table = self.options.iloc[order].reset_index(drop=True)
        return table.assign(times=times[order], share=times[order] / len(self.draws))

    def sentence(self) -> str:
        """Say how sure the ranking is.

        Returns
        -------
        str
        """
        first = self.criteria[0]
        if self.drawn_of and self.proposal is not None:
            row = self.ranks().iloc[0]
            return (
                f"Over {len(self.draws):,} settings, between {row['p5'] - 1:,} and "
                f"{row['p95'] - 1:,} of {row['options']:,} options drawn at random from "
                f"{self.drawn_of:,} are better than the proposal by "
                f"{criterion_words(first, self.mode)} in "
                f"nine of ten settings (median {row['median'] - 1:,})."
            )
        best = self.best_options(first).iloc[0]
        closed = listed(named(best["closed"], self.names), none="nothing")
        text = (
            f"Over {len(self.draws):,} settings, closing {closed} is most often best by "
            f"{criterion_words(first, self.mode)} ({percent(best['share'])} of them)"
        )
        if self.proposal is None:
            return text + "."
        row = self.ranks().iloc[0]
        return (
            f"{text}; the proposal's rank is between {row['p5']:,} and {row['p95']:,} of "
            f"{row['options']:,} in nine of ten settings (median {row['median']:,})."
        )

    def __repr__(self) -> str:
        table = self.ranks() if self.proposal else self.best_options(self.criteria[0])
        return f"{self.sentence()}\n{table.to_string(index=False)}"


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    keep=whole(1),
    demand=table(),
    uncertainty=a(Uncertainty, expected="an Uncertainty"),
    proposal=optional(_kept_or_closed),
    draws=whole(1, 1_000_000),
    seed=whole(),
    grid=optional(by_id(array(unknown=False))),
    weights=optional(text),
    lam=number(0, 1000),
    national_areas=whole(2),
    median_income=optional(number(0, above=True)),
    threshold_minutes=number(0),
    names=optional(by_id(text)),
    workers=whole(1, 1000),
    sample=whole(0, 100_000),
    sites=optional(ids),
    always_open=ids,
    never_close=ids,
    localities=optional(by_id(text)),
    min_per_locality=optional(_least),
    savings=optional(by_id()),
)
def robustness(
    matrix: TravelMatrix,
    *,
    keep: int,
    demand: pd.DataFrame,
    uncertainty: Uncertainty,
    proposal: Sequence[str] | object | None = None,
    draws: int = 1000,
    seed: int = 1,
    grid: Mapping[str, Sequence[float]] | None = None,
    weights: str | None = None,
    lam: float = 1.0,
    threshold_minutes: float = 20.0,
    national_areas: int = LSOAS_ENGLAND_2011,
    median_income: float | None = None,
    names: Mapping[str, str] | None = None,
    workers: int = 1,
    sample: int = 0,
    **rules: Any,
) -> Robustness:
    """Rank every option again under many settings, drawn or from a grid.

    Parameters
    ----------
    matrix : TravelMatrix
        Walking minutes where `uncertainty` has a walking speed or a drive matrix.
    keep, demand, proposal, weights, lam, threshold_minutes, national_areas, median_income, names
        As in `access.rank_closures`.
    uncertainty : Uncertainty
        What may be otherwise.
    draws : int
        How many settings to draw; not used with a grid.
    seed : int
        Same seed, same draws.
    grid : mapping of str to sequence of float, optional
        Values of ``walk_kmh lam threshold_minutes parking_minutes``: every combination is
        taken instead of draws (positions, stand-ins and counts stay as they are).
    workers : int
        Threads; the answer does not depend on them. Steps are short, so one is seldom the slower.
    sample : int
        Rank so many options drawn evenly at random (and the proposal) instead of all; 0 for all.
    **rules
        ``sites always_open never_close localities min_per_locality savings``, as in
        `rank_closures`.

    Returns
    -------
    Robustness
        On the criteria that `rank_closures` ranks by with the same options.

    Raises
    ------
    ParameterError
        If nothing may be otherwise, draws are below 1, lambda may vary though the weights are
        not linear, or inputs do not match.
    ScenarioError
        As in `access.rank_closures`.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12], [9, 4]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 20], "imd_rank": [1, 32844]})
    >>> found = robustness(m, keep=1, demand=demand, uncertainty=Uncertainty(lam=(0, 2)),
    ...                    proposal=["X"], draws=200)
    >>> found.best_options("weighted_mean")["closed"].tolist()
    [('Y',), ('X',)]
    """
    if matrix.minute_by_minute is not None:
        raise ParameterError(
            f"how firm a ranking is cannot be said of mode {matrix.mode!r}, whose minutes depend "
            "on when one sets out; expected a matrix of one figure a pair, such as walking"
        )
    matrix, uncertainty = _in_order_of_ids(matrix, uncertainty)
    if grid is None and not uncertainty.given:
        raise ParameterError("nothing may be otherwise; expected at least one range")
    if isinstance(draws, bool) or not isinstance(draws, int | np.integer) or draws < 1:
        raise ParameterError(f"draws={draws!r}; expected a whole number of 1 or more")
    yard = CriteriaSettings(weights, lam, national_areas, median_income, threshold_minutes)
    choice = ServiceChoice(matrix, keep, demand, proposal, **rules)
    kept = partial(Closings.drawn, draws=sample, seed=seed) if sample else Closings.listed
    options = list_options(choice, yard, kept)
    drawn_of = choosable(choice)[1].ways if sample else 0
    varies = set(grid) if grid is not None else set(uncertainty.given)
    if "lam" in varies and options.weights.name != "linear":
        raise ParameterError(
            f"lam may vary only with linear weights, and these are {options.weights.name!r}; "
            "leave lam out, or give weights='linear'"
        )
    if grid is not None:
        settings = _grid_settings(grid)
        if "parking_minutes" in settings and uncertainty.drive is None:
            raise ParameterError("parking_minutes needs drive and p_no_car")
    else:
        settings = _draw_settings(uncertainty, int(draws), seed)
    always = sorted({str(i) for i in rules.get("always_open", ())})
    maker = _MinutesSample(matrix, [*options.ids, *always], uncertainty)
    if grid is not None:
        maker.radius[:] = 0.0
    chosen = tuple(c for c in CRITERIA if c in options.supports)
    fixed = _Fixed(options, national_areas, uncertainty.count_error == "poisson" and grid is None)

    def ask(numbered: tuple[int, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, _Bools]]:
        number, given = numbered
        rng = np.random.default_rng([seed, 1, number])
        minutes = maker.make(given, rng)
        values = fixed.values(
            minutes,
            rng,
            float(given.get("lam", lam)),
            float(given.get("threshold_minutes", threshold_minutes)),
        )
        found, best = _standing(options, values, chosen)
        return {**given, **found}, best

    asked = [{str(k): v for k, v in row.items()} for row in settings.to_dict("records")]
    rows, times = [], {c: np.zeros(len(options.kept), np.int64) for c in chosen}
    for found, best in _in_threads(ask, list(enumerate(asked)), workers):
        rows.append(found)
        for c, joint in best.items():
            times[c] += joint
    ids = np.array(options.ids, dtype=object)
    table = pd.DataFrame(
        {
            "closed": list(map(tuple, ids[options.closed].tolist())),
            "kept": list(map(tuple, ids[options.kept].tolist())),
        }
    )
    how = f"a grid of {len(settings)}" if grid is not None else f"{draws} draws, seed {seed}"
    varied = (f"grid over {', '.join(grid)}",) if grid is not None else uncertainty.notes()
    return Robustness(
        draws=pd.DataFrame(rows),
        times_best=times,
        options=table,
        criteria=chosen,
        proposal=options.proposal,
        names=dict(names or {}),
        drawn_of=drawn_of,
        mode="typical" if uncertainty.drive is not None else matrix.mode,
        notes=(
            how,
            *varied,
            *_moves_little(varies, uncertainty),
            *options.notes,
            *(
                [f"{sample:,} of {drawn_of:,} options were drawn (seed {seed}) and ranked"]
                if sample
                else []
            ),
        ),
    )


def _in_threads(ask: Callable[[_T], _R], asked: Sequence[_T], workers: int) -> Iterator[_R]:
    """Ask all in order; each has a generator of its own, so threads change nothing but the wait."""
    if workers == 1:
        yield from map(ask, asked)
        return
    runs = [asked[at : at + _RUN] for at in range(0, len(asked), _RUN)]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for answers in pool.map(lambda run: [ask(one) for one in run], runs):
            yield from answers


def _in_order_of_ids(
    matrix: TravelMatrix, uncertainty: Uncertainty
) -> tuple[TravelMatrix, Uncertainty]:
    """Take areas in the order of their ids, so that draws do not follow the order of rows."""
    shares = uncertainty.p_no_car
    if shares is not None and not isinstance(shares, pd.Series | Mapping):
        by_id = dict(zip(matrix.area_ids, np.asarray(shares, float).tolist(), strict=True))
        uncertainty = replace(uncertainty, p_no_car=by_id)
    return matrix.areas(sorted(matrix.area_ids)), uncertainty


class _Fixed:
    """What stays the same from one setting to the next."""

    def __init__(self, options: Options, national_areas: int, poisson: bool) -> None:
        self.count = options.demand["count"].to_numpy(float)
        self.fifth = fifths(options.demand, national_areas)
        self.per_family = options.weights.per_family
        self.steepness: Floats | None = None  # of linear weights, which lambda changes
        if options.weights.name == "linear":
            self.steepness = linear_weights(options.demand, 1.0, national_areas) - 1.0
        self.poisson = poisson
        self.sites = len(options.ids)
        self.kept = options.kept
        if options.proposal is not None:
            self.kept = np.vstack([options.kept, options.row_of(options.proposal)])
        self.orders = in_order(self.kept, self.sites)
        # Savings do not vary; of them more is better, where of all others less is.
        self.spent = -_saved(options, self.kept) if "savings" in options.supports else None

    def values(
        self, minutes: Floats, rng: np.random.Generator, lam: float, threshold_minutes: float
    ) -> dict[str, Floats]:
        """Every criterion of every option, the proposal last, under one setting."""
        count = rng.poisson(self.count).astype(float) if self.poisson else self.count
        per_family = self.per_family if self.steepness is None else 1.0 + lam * self.steepness
        asked = (minutes[:, : self.sites], count, per_family, self.fifth)
        other: dict[str, Any] = {
            "threshold_minutes": threshold_minutes,
            "always_minutes": minutes[:, self.sites :],
        }
        if self.orders is None:
            values = _evaluate(_prepare(*asked, **other), self.kept)
        else:
            values = self.orders.criteria(*asked, **other)
        return values if self.spent is None else values | {"savings": self.spent}


def _saved(options: Options, kept: Indices) -> Floats:
    """Saved a year by each row of sites kept."""
    each = np.array([options.site_savings.get(i, 0.0) for i in options.ids])
    saved: Floats = each.sum() - each[kept].sum(axis=1)
    return saved


def _moves_little(varies: set[str], uncertainty: Uncertainty) -> tuple[str, ...]:
    """Name the settings that can move no rank but one."""
    beyond = [words for key, words in (("walk_kmh", "the walking speed (it scales every trip)"),
              ("threshold_minutes", "the threshold"))
              if key in varies and (key != "walk_kmh" or uncertainty.drive is None)]  # fmt: skip
    told = [f"{words} moves no rank but that by the share beyond" for words in beyond]
    if "lam" in varies:
        told.append("lambda moves no rank but that by the weighted mean")
    return tuple(told)


def _standing(
    options: Options, values: Mapping[str, Floats], chosen: Sequence[str]
) -> tuple[dict[str, float], dict[str, _Bools]]:
    """Where the proposal stands on each criterion, and which options are best, ties included."""
    out: dict[str, float] = {}
    best: dict[str, _Bools] = {}
    for c in chosen:
        every = values[c][: len(options.kept)]
        least = every.min()
        if options.proposal is not None:
            own = values[c][-1]
            out[f"rank_{c}"] = int((every < own).sum()) + 1
            out[f"regret_{c}"] = own - least if np.isfinite(own) else np.inf
        out[f"best_{c}"] = int(every.argmin())
        best[c] = every == least
    return out, best
