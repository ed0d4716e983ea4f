"""What may be otherwise, and draws of it: speeds, positions, counts, streets, days of buses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from access.arguments import a, array, by_id, checked, ids, number, optional, table, text
from access.errors import ParameterError
from access.measure.demand import align, by_area
from access.network.matrix import TravelMatrix, at_rank, positions
from access.scenario.criteria import Floats
from access.scenario.options import Indices, Options
from access.text import figure, share_figure
from access.units import great_circle_m, metric_crs, project

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
        With `p_no_car`: every draw blends walking and driving anew (the family trip), with 3
        minutes to park unless `parking_minutes` varies.
    p_no_car : Series, mapping or sequence, optional
    position_error_m : mapping of str to float, optional
        Radius about each site's stated position within which the true one lies; needs
        `area_points` and `site_points`.
    area_points, site_points : DataFrame, optional
        ``id lon lat``.
    stand_ins : mapping of str to sequence of str, optional
        For an assumed site, other columns of the matrix where it may be instead.
    street_error : float, optional
        Mean absolute error of a trip's length, as a share of it: each trip's minutes are drawn
        longer or shorter, alike for areas near each other (`_ALIKE_M`), and for each site anew.
        Needs `area_points`.
    error_declared : bool
        Whether that error is a declared assumption, not one that was measured: words say so.
    drive_error : float, optional
        The same of a drive's minutes, where `drive` is blended in; at least `street_error`. A drive
        is wrong by its streets' length, as the walk along them is, and by its speed besides.
    count_error : str, optional
        ``"poisson"``: families of each area are drawn about their count.
    made_at_kmh : float
        Walking speed that the matrix was made at.
    among : mapping of str to TravelMatrix, optional
        Other minutes by name (of other days and windows): every draw takes one of these in place
        of the matrix, which speeds, positions and stand-ins then do not change.

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
    street_error: float | None = None
    error_declared: bool = False
    drive_error: float | None = None
    among: Mapping[str, TravelMatrix] | None = None

    def __post_init__(self) -> None:
        for name in _RANGES:
            least = 0.0 if name == "walk_kmh" else -1.0
            object.__setattr__(self, name, _check_range(getattr(self, name), name, above=least))
        for name, check in (("position_error_m", by_id(number(0))), ("stand_ins", by_id(ids))):
            object.__setattr__(self, name, optional(check)(getattr(self, name), name))
        optional(a(TravelMatrix, expected="a matrix of minutes by car"))(self.drive, "drive")
        if (self.drive is None) != (self.p_no_car is None):
            raise ParameterError("drive and p_no_car go together; expected both or neither")
        if self.parking_minutes is not None and self.drive is None:
            raise ParameterError("parking_minutes needs drive and p_no_car")
        if self.street_error is not None:
            if not number(0)(self.street_error, "street_error") < 1:
                raise ParameterError(
                    f"street_error={self.street_error!r}; expected a share of 0 or more, below 1"
                )
            if self.area_points is None:
                raise ParameterError("street_error needs area_points")
        self._check_drive_error()
        if self.count_error is not None and text(self.count_error, "count_error") != "poisson":
            raise ParameterError(f"count_error={self.count_error!r}; expected 'poisson' or None")
        if self.position_error_m and (self.area_points is None or self.site_points is None):
            raise ParameterError("position_error_m needs area_points and site_points")
        number(0, above=True)(self.made_at_kmh, "made_at_kmh")

    def _check_drive_error(self) -> None:
        if self.drive_error is None:
            return
        if self.drive is None or self.street_error is None:
            raise ParameterError("drive_error needs drive and street_error")
        if not self.street_error <= self.drive_error < 1:
            raise ParameterError(
                f"drive_error={self.drive_error!r}; expected a share of at least street_error="
                f"{self.street_error!r}, below 1: the streets' error is part of the drive's"
            )

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what may be otherwise."""
        extra = ("position_error_m", "stand_ins", "street_error", "count_error", "among")
        return tuple(name for name in (*_RANGES, *extra) if getattr(self, name))

    def _shared_words(self) -> str:
        """Say what is assumed of a walk's error beside a drive's over the same streets."""
        assert self.street_error is not None
        alike = 1.0 if self.drive_error is None else self.street_error / self.drive_error
        return (
            f"that a walk's and a drive's over the same streets correlate by {figure(alike, 2)} is "
            "assumed, not measured"
        )

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
        if self.street_error:
            both, shared = share_figure(self.street_error), ""
            declared = ", assumed and not measured" if self.error_declared else ""
            if self.drive_error is not None:
                both = f"{both} of a walk, {share_figure(self.drive_error)} of a drive"
            if self.drive is not None:
                shared = f"; {self._shared_words()}"
            out.append(
                f"lengths of trips by the streets' own error ({both} on "
                f"average{declared}; for each site anew, and alike for areas near each other: "
                "errors of two areas half a kilometre apart agree by a half, beyond 2 km hardly at "
                f"all{shared})"
            )
        if self.among:
            out.append(f"the day and the time of setting out: {'; '.join(self.among)}")
        if self.count_error:
            out.append("people of each area drawn about their count (Poisson)")
        return tuple(out)


def _check_range(value: _Range | None, name: str, above: float) -> _Range | None:
    if value is None:
        return None
    ends = array()(value, name)
    good = len(ends) == 2 and np.isfinite(ends).all()
    if not good or not (ends[0] <= ends[1]) or ends[0] < 0 or ends[0] <= above:
        least = "above 0" if above == 0 else "of 0 or more"
        raise ParameterError(f"{name}={value!r}; expected two numbers {least}, the lesser first")
    return float(ends[0]), float(ends[1])


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
        choices = np.array([site, *sorted({*others} - {site})], dtype=object)  # each as likely
        columns[f"stand_in:{site}"] = choices[rng.integers(0, len(choices), draws)]
    if uncertainty.among:
        choices = np.array([*uncertainty.among], dtype=object)
        columns["among"] = choices[rng.integers(0, len(choices), draws)]
    return pd.DataFrame(columns, index=range(draws))


def _each_of(settings: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the settings one by one, by name."""
    columns = {str(name): column.tolist() for name, column in settings.items()}
    # also where nothing is drawn by name: older pandas gives no rows of a table without columns
    return [{name: of[k] for name, of in columns.items()} for k in range(len(settings))]


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
        self.walk = np.ascontiguousarray(matrix.sites(self.wanted).total_minutes.T)
        self.drive: Floats | None = None
        if uncertainty.drive is not None:
            drive = uncertainty.drive.areas(matrix.area_ids).sites(self.wanted)
            self.drive = np.ascontiguousarray(drive.total_minutes.T)
            self.p = by_area(uncertainty.p_no_car, matrix.area_ids, name="p_no_car", high=1.0)
            self.some_of_both = bool(((self.p > 0) & (self.p < 1)).all())
        self.errors = None
        if uncertainty.street_error and uncertainty.area_points is not None:
            areas = align(uncertainty.area_points, matrix.area_ids, what="area_points")
            self.errors = _StreetErrors(areas)
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

    def make(
        self, settings: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator]
    ) -> Floats:
        """Minutes of some draws, each with a generator of its own: (draws, columns, areas)."""
        at = self._columns_of(settings)
        walk: Floats = self.walk[at]
        drive = None if self.drive is None else self.drive[at]
        if self.radius.any():
            self._move(walk, drive, at, rngs)
        if self.errors is not None:
            by_id = np.argsort(at, axis=1, kind="stable")
            self._bend(walk, drive, by_id, [rng.spawn(1)[0] for rng in rngs])
        if "walk_kmh" in settings[0]:
            kmh = np.array([float(setting["walk_kmh"]) for setting in settings])
            walk *= (self.uncertainty.made_at_kmh / kmh)[:, None, None]
        if drive is None:
            return walk
        parking = [float(setting.get("parking_minutes", 3.0)) for setting in settings]
        drive += np.array(parking)[:, None, None]
        car = np.minimum(walk, drive, out=drive)
        if not self.some_of_both:
            walk, car = np.where(self.p > 0, walk, 0.0), np.where(self.p < 1, car, 0.0)
        walk *= self.p
        car *= 1 - self.p
        walk += car
        return walk

    def _columns_of(self, settings: Sequence[Mapping[str, Any]]) -> Indices:
        """Find where the sites of draws stand among those wanted: shape (draws, columns)."""
        at = np.tile([self.place[name] for name in self.columns], (len(settings), 1))
        for site in self.uncertainty.stand_ins or {}:
            named = [str(setting.get(f"stand_in:{site}", site)) for setting in settings]
            at[:, self.columns.index(site)] = [self.place[name] for name in named]
        return at

    def _move(
        self, walk: Floats, drive: Floats | None, at: Indices,
        rngs: Sequence[np.random.Generator],
    ) -> None:  # fmt: skip
        """Shift minutes, in place, as sites do about their stated position."""
        moved = np.flatnonzero(self.radius[at].any(axis=0))
        use = at[:, moved]
        shift = _in_discs(self.radius, rngs)
        spots = self.site_xy[use] + np.take_along_axis(shift, use[..., None], axis=1)
        extra_m = _straight(self.area_xy, spots)
        extra_m -= self.straight_m[use]
        every = len(moved) == at.shape[1]
        for minutes, pace in zip((walk, drive), self.pace, strict=True):
            if minutes is not None:
                part = minutes if every else minutes[:, moved]
                part += extra_m * pace
                np.maximum(part, 0.0, out=part)
                if not every:
                    minutes[:, moved] = part

    def _bend(
        self, walk: Floats, drive: Floats | None, by_id: Indices,
        rngs: Sequence[np.random.Generator],
    ) -> None:  # fmt: skip
        """Make trips longer or shorter, in place: by their streets' error, drives by speed's too.

        Each draw has its errors from a generator of its own.
        """
        errors, u = self.errors, self.uncertainty
        assert errors is not None and u.street_error is not None
        by_speed = drive is not None and u.drive_error is not None
        drawn = errors.draw(by_id, rngs, 2 if by_speed else 1)
        longer = _factor(drawn[0], _sd(u.street_error))
        walk *= longer
        if drive is None:
            return
        drive *= longer
        if u.drive_error is not None:
            of_speed = np.sqrt(_sd(u.drive_error) ** 2 - _sd(u.street_error) ** 2)
            drive *= _factor(drawn[1], of_speed)


def _factor(drawn: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """Make of noise, in its place, how many times as long a trip takes: to 1 in 10 million."""
    drawn *= np.float32(deviation)
    return np.exp(drawn, out=drawn)


def _sd(mean_error: float) -> float:
    """Give the deviation of a normal variable whose absolute value has this mean."""
    return float(mean_error * np.sqrt(np.pi / 2))


_CELLS = 200_000
"""Minutes drawn at once, so that they stay in the processor's cache."""


def drawn_minutes(
    matrix: TravelMatrix,
    columns: Sequence[str],
    uncertainty: Uncertainty,
    *,
    draws: int,
    seed: int,
) -> Iterator[Floats]:
    """Draw minutes from every area to some sites again and again, as a robustness does.

    Some draws at a time, in order: shape (draws, columns, areas).
    """
    maker = _MinutesSample(matrix, columns, uncertainty)
    settings = _each_of(_draw_settings(uncertainty, draws, seed))
    step = max(1, _CELLS // (len(columns) * len(matrix.area_ids)))
    for start in range(0, draws, step):
        run = range(start, min(start + step, draws))
        rngs = [np.random.default_rng([seed, 1, place]) for place in run]
        yield maker.make(settings[run.start : run.stop], rngs)


#: What a minute-by-minute matrix is called where nothing else may stand in its place.
_AS_IT_IS = "as it is"


class _Among:
    """Minutes of every option, the percentile taken after the least over its sites.

    One column an option, then the proposal's where there is one, then every site open; a draw
    takes those of one day and window.
    """

    def __init__(
        self, matrix: TravelMatrix, options: Options, kept: Indices, always: Sequence[str],
        among: Mapping[str, TravelMatrix],
    ) -> None:  # fmt: skip
        everything = np.arange(len(options.ids))
        self.radius, self.errors = np.zeros(0), None
        self.minutes: dict[str, Floats] = {}
        for name, given in (among or {_AS_IT_IS: matrix}).items():
            held = given.areas(matrix.area_ids).sites([*options.ids, *always])
            each = held.minute_by_minute
            minutes = held.total_minutes[:, None, :] if each is None else each
            by_site = np.ascontiguousarray(minutes.transpose(2, 0, 1))
            rows = [*kept, everything]
            extra = np.arange(len(options.ids), len(by_site))
            self.minutes[name] = np.array([
                at_rank(by_site[np.concatenate([row, extra])].min(axis=0), held.percentile)
                for row in rows
            ], dtype=float)  # fmt: skip

    def make(
        self, settings: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator]
    ) -> list[Floats]:
        """Minutes of some draws, each of shape (columns, areas)."""
        first = next(iter(self.minutes))
        return [self.minutes[str(setting.get("among", first))] for setting in settings]


_ALIKE_M = 500.0
"""Distance over which an area's error is spread; that of what two areas share is a third more."""
_OWN = 0.3
"""Share of an error's variance that is an area's own."""
_AT_ONCE = 100
"""Errors of every area drawn at once, so that they stay in the processor's cache."""


class _StreetErrors:
    """Noise that is alike for areas near each other, of deviation 1: how wrong trips are.

    Notes
    -----
    Measured where the modelled streets were held against real ones (Newport, 3,807 walks under
    5 km): the logarithms of the errors to one site of two areas correlate by 0.65 at 150-300 m,
    0.41 at 500-750 m, 0.24 at 1-1.5 km, 0.11 at 1.5-2 km and not beyond; to two sites by 0.07
    from one area and 0.02 from two. A moving average of noise over the areas
    (exp(-d / 500 m), to 1.5 km) with 0.3 of the variance left to each area comes within 0.1.
    """

    def __init__(self, areas: pd.DataFrame) -> None:
        import scipy.sparse as sp  # takes longer to import than a short question's answer

        crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
        xy = project(areas["lon"], areas["lat"], crs)
        points = shapely.points(xy)
        near = shapely.STRtree(points).query(points, "dwithin", 3 * _ALIKE_M)
        metres = np.sqrt(((xy[near[0]] - xy[near[1]]) ** 2).sum(axis=1))
        self.spread = sp.csr_array((np.exp(-metres / _ALIKE_M), near), (len(xy), len(xy)))
        self.spread.sort_indices()
        whole = np.sqrt(self.spread.power(2).sum(axis=1))
        spread = sp.csr_array(sp.diags_array(np.sqrt(1 - _OWN) / whole) @ self.spread)
        # each area's own noise stands below that which is shared, and comes last in its row
        self.areas, ends = len(areas), spread.indptr[1:]
        self.spread = sp.csr_array(
            (
                np.insert(spread.data, ends, np.sqrt(_OWN)),
                np.insert(spread.indices, ends, self.areas + np.arange(self.areas)),
                spread.indptr + np.arange(self.areas + 1),
            ),
            shape=(self.areas, 2 * self.areas),
        ).astype(np.float32)

    def draw(
        self, by_id: Indices, rngs: Sequence[np.random.Generator], fields: int
    ) -> NDArray[np.float32]:
        """Draw so many fields from each generator: shape (fields, generators, sites, areas).

        Sites are taken in the order of their ids, which `by_id` gives for each generator.
        """
        many, sites = by_id.shape
        error = np.empty((fields, many, sites, self.areas), np.float32)
        step = max(1, _AT_ONCE // (fields * sites))
        for start in range(0, many, step):
            drawn = self._spread_out(sites, rngs[start : start + step], fields)
            for k, order in enumerate(by_id[start : start + step]):
                error[:, start + k, order] = drawn[:, :, k].transpose(1, 2, 0)
        return error

    def _spread_out(
        self, sites: int, rngs: Sequence[np.random.Generator], fields: int
    ) -> NDArray[np.float32]:
        """Draw noise and spread it over the areas: shape (areas, fields, generators, sites)."""
        drawn = np.empty((fields, 2 * self.areas, sites), np.float32)
        noise = np.empty((2 * self.areas, fields, len(rngs), sites), np.float32)
        for k, rng in enumerate(rngs):
            _draw_normals(rng, drawn.reshape(-1))
            noise[:, :, k] = drawn.swapaxes(0, 1)
        # one product for all: the longer its rows, the less time for each number
        spread = self.spread @ noise.reshape(len(noise), -1)
        return np.asarray(spread, np.float32).reshape(-1, *noise.shape[1:])


@cache
def _normal_steps() -> NDArray[np.float32]:
    """Give the normal distribution as 65,536 equally likely values, of deviation 1."""
    from scipy.special import ndtri

    steps: Floats = ndtri((np.arange(2**16) + 0.5) / 2**16)
    return np.asarray(steps / steps.std(), np.float32)


def _draw_normals(rng: np.random.Generator, out: NDArray[np.float32]) -> None:
    """Fill with normal noise, four values of every 64 random bits.

    A fifth of the time that the generator's own normals take. A value is one of 65,536, none
    above 4.3 deviations: far finer than the size of an error is known.
    """
    bits = rng.bit_generator.random_raw(-(-out.size // 4)).astype("<u8", copy=False)
    np.take(_normal_steps(), bits.view("<u2")[: out.size], out=out, mode="wrap")


def _straight(areas: Floats, sites: Floats) -> Floats:
    """Give metres from sites, shape (..., 2), to every area, shape (..., areas)."""
    east, north = (areas[:, k] - sites[..., k, None] for k in (0, 1))
    east *= east
    north *= north
    east += north
    metres: Floats = np.sqrt(east, out=east)
    return metres


def _pace(minutes: Floats | None, straight_m: Floats) -> float:
    """Median minutes a metre of straight line, over pairs that are not next door."""
    if minutes is None:
        return 0.0
    use = np.isfinite(minutes) & (straight_m > 250.0)
    return float(np.median(minutes[use] / straight_m[use])) if use.any() else 0.0


def _in_discs(radius: Floats, rngs: Sequence[np.random.Generator]) -> Floats:
    """One point, evenly in each disc, from each generator: shape (generators, discs, 2)."""
    far, turn = np.array([rng.random((2, len(radius))) for rng in rngs]).swapaxes(0, 1)
    far, turn = radius * np.sqrt(far), 2 * np.pi * turn
    return np.stack([far * np.cos(turn), far * np.sin(turn)], axis=-1)
