"""How sure the ranking is: the same question asked again under many other settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
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
from access.measure.demand import by_area, linear_weights, people_drawn
from access.network.matrix import TravelMatrix
from access.scenario.criteria import _CRITERIA, Floats, _evaluate, _prepare, fifths
from access.scenario.options import (
    Closings,
    CriteriaSettings,
    Options,
    ServiceChoice,
    _kept_or_closed,
    _least,
    choosable,
    list_options,
)
from access.scenario.orders import _in_order, _Stood, _stood_by
from access.scenario.uncertainty import (
    Uncertainty,
    _Among,
    _draw_settings,
    _each_of,
    _grid_settings,
    _MinutesSample,
)
from access.text import Claim, Said, level_words, listed, named, percent
from access.units import LSOAS_ENGLAND_2011

#: Share of the settings in which one is better, from which on the data tell two options apart.
SURE = 0.95
_INTERVAL = (0.05, 0.95)
_INSIDE = ("least", "p5", "median", "p95", "greatest")
_R = TypeVar("_R")
_RUN = 16
"""Settings measured at once, where that is not too many areas."""
_AREAS = 200_000


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
    varied : tuple of str
        Names of what was let vary, as `Uncertainty` has them.
    times_better, times_worse : dict of str to ndarray of int, shape (options,)
        By criterion, in how many settings each option is strictly better, and worse, than the
        proposal; empty where there is none.
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
    varied: tuple[str, ...] = ()
    times_better: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    times_worse: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    def alike(self, criterion: str = "mean") -> pd.DataFrame:
        """List the options that the data cannot tell from the proposal.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        DataFrame
            ``closed kept share_better share_worse``: neither is strictly better than the other in
            95 % of the settings. The proposal itself is not among them.

        Raises
        ------
        ParameterError
            If there is no proposal, or the criterion is not one of these.
        """
        if self.proposal is None:
            raise ParameterError("there is no proposal to set options beside; give proposal=ids")
        self._check(criterion)
        open_, better, worse = self._open(criterion)
        table = self.options[open_].reset_index(drop=True)
        return table.assign(share_better=better[open_], share_worse=worse[open_])

    def _open(self, criterion: str) -> tuple[NDArray[np.bool_], Floats, Floats]:
        """Mark options that are not told from the proposal; how often each is better, worse."""
        better, worse = (
            times[criterion] / len(self.draws) for times in (self.times_better, self.times_worse)
        )
        return self._others & (better < SURE) & (worse < SURE), better, worse

    @cached_property
    def _others(self) -> NDArray[np.bool_]:
        """Mark the options that are not the proposal."""
        own = set(self.proposal or ())
        return np.array([set(kept) != own for kept in self.options["kept"]], dtype=bool)

    def _check(self, criterion: str) -> None:
        if criterion not in self.criteria:
            raise ParameterError(
                f"criterion {criterion!r} is not here; expected any of {list(self.criteria)}"
            )

    def ranks(self) -> pd.DataFrame:
        """Interval of the proposal's rank on every criterion.

        Returns
        -------
        DataFrame
            ``criterion least p5 median p95 greatest options share_best share_best_tenth``,
            shares of the settings; ``median_regret p95_regret`` in the criterion's unit, each that
            of some setting, ``inf`` where the proposal leaves people out of reach there;
            ``alike``, the number of options that the data cannot tell from the proposal.

        Raises
        ------
        ParameterError
            If there is no proposal.
        """
        return self._ranks.copy()

    @cached_property
    def _ranks(self) -> pd.DataFrame:
        """The intervals, made once: a report asks for them again and again."""
        return pd.DataFrame([self.rank(c) for c in self.criteria])

    def rank(self, criterion: str = "mean") -> dict[str, Any]:
        """Interval of the proposal's rank on one criterion.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        dict
            A row of `ranks`, by column.

        Raises
        ------
        ParameterError
            If there is no proposal, or the criterion is not one of these.
        """
        if self.proposal is None:
            raise ParameterError("there is no proposal to rank; expected proposal=ids")
        self._check(criterion)
        rank = self.draws[f"rank_{criterion}"].to_numpy(float)
        regret = self.draws[f"regret_{criterion}"].to_numpy(float)
        inside = np.quantile(rank, [0, _INTERVAL[0], 0.5, _INTERVAL[1], 1], method="inverted_cdf")
        both = np.quantile(regret, [0.5, 0.95], method="inverted_cdf").tolist()
        return {
            "criterion": criterion,
            **dict(zip(_INSIDE, inside.astype(int).tolist(), strict=True)),
            "options": len(self.options),
            "share_best": float((rank == 1).mean()),
            "share_best_tenth": float((rank <= max(1, len(self.options) // 10)).mean()),
            "median_regret": both[0],
            "p95_regret": both[1],
            "alike": int(self._open(criterion)[0].sum()),
        }

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
        self._check(criterion)
        times = self.times_best[criterion]
        order = np.argsort(-times, kind="stable")[: int((times > 0).sum())]
        table = self.options.iloc[order].reset_index(drop=True)
        return table.assign(times=times[order], share=times[order] / len(self.draws))

    def often_best(self, criterion: str = "mean") -> Said:
        """Say which option is best most often, and how many are so as often.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        Said
            With what it claims as data.

        Raises
        ------
        ParameterError
            If the criterion is not one of these.
        """
        self._check(criterion)
        times = self.times_best[criterion]
        first = int(times.argmax())
        level = int((times == times[first]).sum()) - 1
        of_all = float(times[first] / len(self.draws))
        share = percent(of_all)
        closed = listed(named(self.options["closed"].iloc[first], self.names), none="nothing")
        always = share == "all"
        claims = [Claim(f"best_share:{criterion}", "all" if always else "is", (of_all,)),
                  Claim(f"as_often_best:{criterion}", "is", (float(level),))]  # fmt: skip
        how = "always best" if always else f"best in {share} of them"
        return Said(f"closing {closed} is {how}{level_words(level)}", claims)

    def sentence(self) -> Said:
        """Say how sure the ranking is.

        Returns
        -------
        Said
            With what it claims as data.
        """
        first = self.criteria[0]
        by = criterion_words(first, self.mode)
        if self.drawn_of and self.proposal is not None:
            row = self.rank(first)
            low, middle, high = (float(row[q]) for q in ("p5", "median", "p95"))
            return Said(
                f"Over {len(self.draws):,} settings, between {low - 1:,.0f} and "
                f"{high - 1:,.0f} of {row['options']:,} options drawn at random from "
                f"{self.drawn_of:,} are better than the proposal by {by} in "
                f"nine of ten settings (median {middle - 1:,.0f}).",
                [Claim(f"rank_interval:{first}", "is", (low, high)),
                 Claim(f"rank_median:{first}", "is", (middle,))],
            )  # fmt: skip
        best = self.often_best(first)
        text = f"Over {len(self.draws):,} settings, by {by} {best}"
        if self.proposal is None:
            return Said(f"{text}.", best.claims)
        row = self.rank(first)
        low, middle, high = (float(row[q]) for q in ("p5", "median", "p95"))
        span = f"{low:,.0f}" if low == high else f"between {low:,.0f} and {high:,.0f}"
        # one that breaks a rule is none of them
        inside = any(set(kept) == set(self.proposal) for kept in self.options["kept"])
        of = "of" if inside else "beside"
        return Said(
            f"{text}; the proposal's rank is {span} {of} {row['options']:,} in nine of ten "
            f"settings (median {middle:,.0f}).",
            [*best.claims, Claim(f"rank_interval:{first}", "is", (low, high)),
             Claim(f"rank_median:{first}", "is", (middle,))],
        )  # fmt: skip

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
        taken instead of draws (positions, stand-ins, days and counts stay as they are).
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
    _check_by_the_minute(matrix, uncertainty, grid or {})
    matrix, uncertainty = _in_order_of_ids(matrix, uncertainty)
    if grid is not None:  # the matrix itself, not minutes of other days
        uncertainty = replace(uncertainty, among=None)
    settings = _settings(uncertainty, grid, draws, seed)
    yard = CriteriaSettings(weights, lam, national_areas, median_income, threshold_minutes)
    choice = ServiceChoice(matrix, keep, demand, proposal, **rules)
    kept = partial(Closings.drawn, draws=sample, seed=seed) if sample else Closings.listed
    options = list_options(choice, yard, kept)
    varies = set(uncertainty.given if grid is None else grid)
    if "lam" in varies and options.weights.name != "linear":
        raise ParameterError(
            f"lam may vary only with linear weights, and these are {options.weights.name!r}; "
            "leave lam out, or give weights='linear'"
        )
    chosen = tuple(c for c in _CRITERIA if c in options.supports)
    fixed = _Fixed(options, chosen, national_areas,
                   poisson=uncertainty.count_error == "poisson" and grid is None)  # fmt: skip
    maker = _maker(matrix, options, fixed, uncertainty, rules.get("always_open", ()))
    if grid is not None:
        maker.radius[:], maker.errors = 0.0, None
    rows = _each_of(settings)
    lams = _of_each(settings, "lam", lam)
    thresholds = _of_each(settings, "threshold_minutes", threshold_minutes)

    def ask(run: range) -> dict[str, _Stood]:
        rngs = [np.random.default_rng([seed, 1, number]) for number in run]
        made = maker.make(rows[run.start : run.stop], rngs)
        return fixed.stood(made, rngs, lams[run], thresholds[run])

    found = _in_threads(ask, range(len(rows)), workers, fixed.at_once)
    columns, times = _counted(found, chosen, proposal=options.proposal is not None)
    drawn_of = choosable(choice)[1].ways if sample else 0
    said = [*_how(settings, uncertainty, grid, seed), *_moves_little(varies, uncertainty),
            *options.notes]  # fmt: skip
    if sample:
        said.append(f"{sample:,} of {drawn_of:,} options were drawn (seed {seed}) and ranked")
    return Robustness(
        draws=pd.DataFrame(settings.to_dict("list") | columns),
        options=_table(options),
        times_best=times["best"],
        criteria=chosen,
        proposal=options.proposal,
        names=dict(names or {}),
        notes=tuple(said),
        drawn_of=drawn_of,
        mode="typical" if uncertainty.drive is not None else matrix.mode,
        varied=tuple(sorted(varies)),
        times_better=times["better"],
        times_worse=times["worse"],
    )


def _settings(
    uncertainty: Uncertainty, grid: Mapping[str, Sequence[float]] | None, draws: int, seed: int
) -> pd.DataFrame:
    """Draw the settings, or list those of a grid: one row each."""
    if grid is None:
        if not uncertainty.given:
            raise ParameterError("nothing may be otherwise; expected at least one range")
        return _draw_settings(uncertainty, draws, seed)
    settings = _grid_settings(grid)
    if "parking_minutes" in settings and uncertainty.drive is None:
        raise ParameterError("parking_minutes needs drive and p_no_car")
    return settings


def _of_each(settings: pd.DataFrame, name: str, usual: float) -> Floats:
    """Give a number of every setting; as usual where it does not vary."""
    given = settings[name] if name in settings else np.full(len(settings), usual)
    return np.asarray(given, float)


def _maker(
    matrix: TravelMatrix, options: Options, fixed: _Fixed, uncertainty: Uncertainty,
    always_open: Iterable[object],
) -> _MinutesSample | _Among:  # fmt: skip
    """Say how the minutes of a setting are made: bent, or taken from those of other days."""
    always = sorted({str(i) for i in always_open})
    if matrix.minute_by_minute is None and not uncertainty.among:
        return _MinutesSample(matrix, [*options.ids, *always], uncertainty)
    made = _Among(matrix, options, fixed.kept, always, uncertainty.among or {})
    fixed.each_option()
    return made


def _table(options: Options) -> pd.DataFrame:
    """List the options by what they close and keep."""
    ids = np.array(options.ids, dtype=object)
    sides = {"closed": options.closed, "kept": options.kept}
    return pd.DataFrame({name: list(map(tuple, ids[at].tolist())) for name, at in sides.items()})


def _how(
    settings: pd.DataFrame, uncertainty: Uncertainty, grid: Mapping[str, Sequence[float]] | None,
    seed: int,
) -> tuple[str, ...]:  # fmt: skip
    """Say in words how settings were come by, and what was let vary."""
    if grid is not None:
        return f"a grid of {len(settings)}", f"grid over {', '.join(grid)}"
    return f"{len(settings):,} draws, seed {seed}", *uncertainty.notes()


def _in_threads(
    ask: Callable[[range], _R], asked: range, workers: int, at_once: int
) -> Iterator[_R]:
    """Ask all in order; each has a generator of its own, so threads change nothing but the wait."""
    runs = [asked[at : at + at_once] for at in range(0, len(asked), at_once)]
    if workers == 1:
        yield from map(ask, runs)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(ask, runs)


#: What bends minutes, so that it may not vary where a bus is among them.
_BENDS = ("walk_kmh", "parking_minutes", "drive", "position_error_m", "stand_ins", "street_error")


def _check_by_the_minute(
    matrix: TravelMatrix, uncertainty: Uncertainty, grid: Mapping[str, Sequence[float]]
) -> None:
    """Refuse to scale or shift minutes that hold a bus, which does not wait."""
    bends = [name for name in _BENDS if name in grid or getattr(uncertainty, name)]
    if (matrix.minute_by_minute is not None or uncertainty.among) and bends:
        raise ParameterError(
            f"{', '.join(bends)} cannot vary for mode {matrix.mode!r}, whose minutes depend on "
            "when one sets out; expected among=, minutes of other days and times"
        )


def _in_order_of_ids(
    matrix: TravelMatrix, uncertainty: Uncertainty
) -> tuple[TravelMatrix, Uncertainty]:
    """Take areas in the order of their ids, so that draws do not follow the order of rows."""
    if uncertainty.p_no_car is not None:
        shares = by_area(uncertainty.p_no_car, matrix.area_ids, name="p_no_car", high=1.0)
        by_area_id = dict(zip(matrix.area_ids, shares.tolist(), strict=True))
        uncertainty = replace(uncertainty, p_no_car=by_area_id)
    return matrix.areas(sorted(matrix.area_ids)), uncertainty


class _Fixed:
    """What stays the same from one setting to the next."""

    def __init__(
        self, options: Options, chosen: Sequence[str], national_areas: int, *, poisson: bool
    ) -> None:
        self.chosen = chosen
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
        self.proposal = options.proposal is not None
        self.orders = _in_order(self.kept, self.sites, proposal=self.proposal)
        self.at_once = max(1, min(_RUN, _AREAS // len(self.count)))
        # Savings do not vary; of them more is better, where of all others less is.
        self.spent = -options.saved_by(self.kept) if "savings" in options.supports else None

    def each_option(self) -> None:
        """Take minutes of one column an option, of which it keeps its own; the last keeps all."""
        self.sites = len(self.kept) + 1
        self.kept = np.arange(len(self.kept), dtype=np.intp)[:, None]
        self.orders = None

    def stood(
        self,
        made: Floats | Sequence[Floats],
        rngs: Sequence[np.random.Generator],
        lams: Floats,
        threshold_minutes: Floats,
    ) -> dict[str, _Stood]:
        """Compare every option by every criterion under each of some settings.

        Minutes made are of shape (settings, columns, areas).
        """
        count = np.stack([
            people_drawn(rng, self.count, 1, np.isfinite(one).any(axis=0))[0].astype(float)
            if self.poisson else self.count
            for rng, one in zip(rngs, made, strict=True)
        ])  # fmt: skip
        per_family = np.broadcast_to(self.per_family, count.shape)
        if self.steepness is not None:
            per_family = 1.0 + lams[:, None] * self.steepness
        if self.orders is None:
            each = [
                self._by_area(*one)
                for one in zip(made, count, per_family, threshold_minutes, strict=True)
            ]
            nobody = np.zeros(len(self.kept))  # in the deprived fifth: all options are alike
            found = {
                c: _stood_by(np.array([v.get(c, nobody) for v in each]), proposal=self.proposal)
                for c in self.chosen
                if c != "savings"
            }
        else:
            minutes = np.asarray(made)
            found = self.orders.stood(
                minutes[:, : self.sites], count, per_family, self.fifth, self.chosen,
                threshold_minutes=threshold_minutes, always_minutes=minutes[:, self.sites :],
            )  # fmt: skip
        if self.spent is not None:
            spent = np.broadcast_to(self.spent, (len(made), len(self.spent)))
            found["savings"] = _stood_by(spent, proposal=self.proposal)
        return found

    def _by_area(
        self, minutes: Floats, count: Floats, per_family: Floats, threshold_minutes: float
    ) -> dict[str, Floats]:
        ready = _prepare(
            minutes[: self.sites].T, count, per_family, self.fifth,
            threshold_minutes=float(threshold_minutes), always_minutes=minutes[self.sites :].T,
        )  # fmt: skip
        return _evaluate(ready, self.kept)


def _moves_little(varies: set[str], uncertainty: Uncertainty) -> tuple[str, ...]:
    """Name the settings that can move no rank but one."""
    beyond = [words for key, words in (("walk_kmh", "the walking speed (it scales every trip)"),
              ("threshold_minutes", "the threshold"))
              if key in varies and (key != "walk_kmh" or uncertainty.drive is None)]  # fmt: skip
    told = [f"{words} moves no rank but that by the share beyond" for words in beyond]
    if "lam" in varies:
        told.append("lambda moves no rank but that by the weighted mean")
    return tuple(told)


def _counted(
    found: Iterable[Mapping[str, _Stood]], chosen: Sequence[str], *, proposal: bool
) -> tuple[dict[str, list[Any]], dict[str, dict[str, NDArray[np.int64]]]]:
    """Give the columns of draws, and how often each option is best, better and worse."""
    told: list[dict[str, NDArray[Any]]] = []
    times: dict[str, dict[str, NDArray[np.int64]]] = {"best": {}, "better": {}, "worse": {}}
    for stood in found:
        told.append({name: v for c in chosen for name, v in _told(c, stood[c]).items()})
        for what in times if proposal else ("best",):
            for c in chosen:
                times[what][c] = times[what].get(c, 0) + getattr(stood[c], what).sum(axis=0)
    columns = {name: np.concatenate([run[name] for run in told]).tolist() for name in told[0]}
    return columns, times


def _told(criterion: str, stood: _Stood) -> dict[str, NDArray[Any]]:
    """Give the columns of draws that say where the proposal stands, and which option is best."""
    out: dict[str, NDArray[Any]] = {}
    if stood.own is not None and stood.better is not None:
        out[f"rank_{criterion}"] = stood.better.sum(axis=1) + 1
        with np.errstate(invalid="ignore"):
            regret = stood.own - stood.least
        out[f"regret_{criterion}"] = np.where(np.isfinite(stood.own), regret, np.inf)
    out[f"best_{criterion}"] = stood.best.argmax(axis=1)
    return out
