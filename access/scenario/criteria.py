"""What options are judged by: exact criteria of many options of one service at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import ParameterError
from access.measure.demand import known_numbers
from access.measure.distribution import weighted_sums
from access.network.matrix import at_rank

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Prepared:
    """One service made ready for many evaluations.

    Parameters
    ----------
    values : ndarray, shape (k,)
        All minutes that occur, sorted, without doubles; ``inf`` last.
    places : ndarray of unsigned int, shape (sites, areas)
        Where a pair's minutes stand in `values`; areas times `marks`, where minutes depend on
        when one sets out.
    always : ndarray of unsigned int, shape (areas,)
        The same for the nearest of the sites that are open in every option.
    weights : ndarray, shape (areas, columns)
        Families; weighted families; families in the most and in the least deprived fifth.
    never_reached : float
        Families that no site at all can reach; in no area here.
    marks : int
        Minutes of the day that every area has; the least over the sites is taken at each of them,
        and of those leasts the `percentile`.
    """

    values: Floats
    places: NDArray[Any]
    always: NDArray[Any]
    weights: Floats
    totals: Floats
    never_reached: float
    threshold_minutes: float
    marks: int = 1
    percentile: float = 50.0

    def at_rank(self, least: NDArray[Any]) -> NDArray[Any]:
        """Take the percentile over the minutes of the day: order is all it needs, so places do."""
        if self.marks == 1:
            return least
        each = least.reshape(*least.shape[:-1], -1, self.marks)
        return at_rank(each, self.percentile)


def fifths(demand: pd.DataFrame, national_areas: int) -> Floats | None:
    """Find each area's national fifth of deprivation, 1 = most deprived."""
    for column, most in (("imd_fifth", 5), ("imd_decile", 10), ("imd_rank", national_areas)):
        if column in demand.columns:
            found: Floats = np.ceil(known_numbers(demand, column, low=1, high=most) * 5 / most)
            return found
    return None


def _prepare(
    minutes: Floats,
    count: Floats,
    per_family: Floats,
    fifth: Floats | None,
    *,
    threshold_minutes: float,
    always_minutes: Floats | None = None,
    percentile: float = 50.0,
) -> _Prepared:
    """Make one service ready for many evaluations; minutes are areas (times minutes) by sites."""
    if not (np.isfinite(threshold_minutes) and threshold_minutes >= 0):
        raise ParameterError(f"threshold_minutes={threshold_minutes!r}; expected 0 or more")
    each = minutes if minutes.ndim == 3 else minutes[:, None, :]
    least = each.min(axis=2)
    other = np.full(least.shape, np.inf)
    if always_minutes is not None and always_minutes.shape[-1]:
        other = always_minutes.min(axis=-1).reshape(least.shape)
        least = np.minimum(least, other)
    lived = count > 0
    reached = np.isfinite(at_rank(least, percentile))
    use = lived & reached
    if not use.any():
        raise ParameterError(
            "no site reaches any family in this matrix; expected some to be reached"
        )
    rows = each[use].reshape(-1, each.shape[2])
    table = np.column_stack([rows, other[use].ravel(), np.full(len(rows), np.inf)])
    values, flat = np.unique(table, return_inverse=True)
    kind = np.uint16 if len(values) <= np.iinfo(np.uint16).max else np.uint32
    places = np.ascontiguousarray(flat.reshape(table.shape).T.astype(kind))
    columns = [count, count * per_family]
    if fifth is not None:
        columns += [count * (fifth == 1), count * (fifth == 5)]
    weights = np.column_stack(columns)[use]
    return _Prepared(
        values=values,
        places=places[:-2],
        always=places[-2],
        weights=weights,
        totals=weights.sum(axis=0),
        never_reached=float(count[lived & ~reached].sum()),
        threshold_minutes=float(threshold_minutes),
        marks=each.shape[1],
        percentile=percentile,
    )


_Indices = NDArray[np.intp]
#: The deprived fifth's own figures: those whose areas are in the most deprived national fifth.
DEPRIVED = ("deprived_mean", "deprived_moved", "deprived_p90")
_CRITERIA = ("mean", "weighted_mean", *DEPRIVED, "p90", "worst", "share_beyond", "savings")
#: Shown beside the criteria, and ranked by only where somebody asks: it rewards who takes from
#: the least deprived and gives to nobody.
SHOWN = ("gap",)
_CHUNK = 1 << 16
"""Pairs of option and area handled at a time, so that they stay in the processor's cache."""
_HALVINGS = 7
"""Halvings before counting: each reads every pair once, counting reads what is left slowly."""
_SAME_MINUTES = 1e-9
"""Minutes by which a trip may differ and still be the same: float noise moves nobody."""
_SLACK = 1e-12
"""A share is reached when the weight is within this of it, relative: float noise is no family."""


def _nearest_places(ready: _Prepared, kept: _Indices) -> NDArray[Any]:
    """Find the place in `values` of every area's nearest minutes, for every option."""
    places = ready.places
    out = np.empty((len(kept), len(ready.weights)), dtype=places.dtype)
    step = max(1, _CHUNK // max(places.shape[1], 1))
    block, buffer = (np.empty((step, places.shape[1]), dtype=places.dtype) for _ in range(2))
    columns = np.ascontiguousarray(kept.T)
    for start in range(0, len(kept), step):
        many = len(kept[start : start + step])
        least, part = block[:many], buffer[:many]
        np.minimum(places[columns[0, start : start + step]], ready.always, out=least)
        for column in columns[1:, start : start + step]:
            np.take(places, column, axis=0, out=part, mode="clip")
            np.minimum(least, part, out=least)
        out[start : start + step] = ready.at_rank(least)
    return out


def _quantile_places(
    found: NDArray[Any], weights: Floats, size: int, q: float, floor: int = 0
) -> _Indices:
    """Find the place of a weighted quantile in every row: halve its range, then count."""
    target = q * weights.sum() * (1 - _SLACK)
    out = np.empty(len(found), dtype=np.intp)
    step = max(1, 4 * _CHUNK // max(found.shape[1], 1))
    for start in range(0, len(found), step):
        block = found[start : start + step]
        low, high, below = _bracket(block, weights, target, floor, size - 1)
        out[start : start + step] = _within(block, weights, target, low, high, below)
    return out


# all is finite here; in single precision a product may set the flag for cells beyond its end
@np.errstate(invalid="ignore")
def _bracket(
    block: NDArray[Any], weights: Floats, target: float, floor: int, top: int
) -> tuple[_Indices, _Indices, Floats]:
    """Halve each row's range a few times: the quantile is from low to high, `below` before low."""
    low = np.full(len(block), floor, dtype=np.intp)
    high = np.full(len(block), max(top, floor), dtype=np.intp)
    # whole numbers below 2 ** 24 add up without rounding in half the space, in whatever order
    whole = bool((weights == np.floor(weights)).all()) and weights.sum() < 2**24
    kind: Any = np.float32 if whole else np.float64
    each: NDArray[Any] = weights.astype(kind)
    below = ((block < floor).astype(kind) @ each).astype(np.float64)
    for _ in range(_HALVINGS):
        middle = (low + high) >> 1
        upto = (block <= middle.astype(block.dtype)[:, None]).astype(kind) @ each
        upto = upto.astype(np.float64)
        enough = upto >= target
        high = np.where(enough, middle, high)
        below = np.where(enough, below, upto)
        low = np.where(enough, low, np.minimum(middle + 1, high))
    return low, high, below


def _within(
    block: NDArray[Any],
    weights: Floats,
    target: float,
    low: _Indices,
    high: _Indices,
    below: Floats,
) -> _Indices:
    """First place from low to high where the weight up to it reaches the target, by counting."""
    kind = np.dtype(f"u{block.dtype.itemsize}")  # what lies before low wraps round, far beyond high
    past = block.astype(kind, copy=False) - low.astype(kind)[:, None]
    flat = np.flatnonzero((past <= (high - low).astype(kind)[:, None]).ravel())
    row = flat // block.shape[1]
    width = int((high - low).max()) + 1
    keys = past.ravel()[flat].astype(np.intp) * len(block) + row
    counted = np.bincount(keys, weights[flat - row * block.shape[1]], minlength=len(block) * width)
    # places down the rows: added up many options at a time
    short = np.cumsum(counted.reshape(width, len(block)), axis=0) + below < target
    found: _Indices = np.minimum(low + short.sum(axis=0), high)
    return found


@dataclass(frozen=True, eq=False)
class _Sums:
    """What the criteria of options are made of; sums of two services add up.

    Parameters
    ----------
    minutes : ndarray, shape (options, columns)
        Weight times minutes, over the families reached.
    unreached : ndarray, shape (options, columns)
        Weight that no kept site reaches although some site could.
    beyond : ndarray, shape (options,)
        Families beyond the threshold, the unreached among them.
    moved : ndarray, shape (options,)
        Families of the most deprived fifth with further to go than with every site open.
    worst : ndarray, shape (options,)
        Minutes of the worst area.
    found : ndarray of unsigned int, shape (options, areas)
        As `_nearest_places` gives them.
    """

    minutes: Floats
    unreached: Floats
    beyond: Floats
    moved: Floats
    worst: Floats
    found: NDArray[Any]


def _every_open(ready: _Prepared) -> NDArray[Any]:
    """Give the place in `values` of every area's nearest minutes with every site open."""
    return ready.at_rank(np.minimum(ready.places.min(axis=0), ready.always))


def _sums(ready: _Prepared, kept: _Indices) -> _Sums:
    """Add up minutes for every option."""
    found = _nearest_places(ready, kept)
    last = len(ready.values) - 1
    finite = np.where(np.isfinite(ready.values), ready.values, 0.0)
    limit = np.searchsorted(ready.values, ready.threshold_minutes * (1 + _SLACK), side="right")
    minutes = np.empty((len(kept), ready.weights.shape[1]))
    unreached = np.zeros_like(minutes)
    beyond, moved = np.empty(len(kept)), np.zeros(len(kept))
    today = np.take(ready.values, _every_open(ready))
    longer = np.searchsorted(ready.values, today + _SAME_MINUTES, side="right")
    top = found.max(axis=1)
    step = max(1, _CHUNK // max(found.shape[1], 1))
    for start in range(0, len(kept), step):
        part = slice(start, start + step)
        minutes[part] = weighted_sums(np.take(finite, found[part]), ready.weights)
        beyond[part] = weighted_sums(found[part] >= limit, ready.weights[:, 0])
        if ready.weights.shape[1] > 2:
            moved[part] = weighted_sums(found[part] >= longer, ready.weights[:, 2])
    for row in np.flatnonzero(top == last):
        unreached[row] = ready.weights[found[row] == last].sum(axis=0)
    return _Sums(minutes, unreached, beyond, moved, np.take(ready.values, top), found)


def _criteria(
    total: _Sums,
    totals: Floats,
    never_reached: float,
    p90: Floats,
    deprived_p90: Floats | None,
    *,
    absolute_gap: bool = False,
) -> dict[str, Floats]:
    """Turn sums into criteria; less is better in every one."""
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(total.unreached > 0, np.inf, total.minutes / totals)
    out = {
        "mean": means[:, 0],
        "weighted_mean": means[:, 1],
        "p90": p90,
        "worst": total.worst,
        "share_beyond": (total.beyond + never_reached) / (totals[0] + never_reached),
        "unreached": total.unreached[:, 0] + never_reached,
    }
    if deprived_p90 is not None:
        out["deprived_mean"] = means[:, 2]
        out["deprived_moved"] = total.moved / totals[2]
        out["deprived_p90"] = deprived_p90
    if len(totals) > 2 and totals[2] > 0 and totals[3] > 0:
        with np.errstate(invalid="ignore"):
            gap = means[:, 2] - means[:, 3]
        gap = np.abs(gap) if absolute_gap else gap
        lost = ~np.isfinite(means[:, 2:4]).all(axis=1)
        out["gap"] = np.where(lost, np.inf, gap)
    return {name: np.round(values, 9) for name, values in out.items()}


_AT_ONCE = 20_000_000
"""Pairs of option and area measured at once, so that memory follows the list, not its square."""


def _has_deprived(ready: _Prepared) -> bool:
    """Say whether families of the most deprived national fifth are known, and reached."""
    return len(ready.totals) > 2 and bool(ready.totals[2] > 0)


def _evaluate(ready: _Prepared, kept: _Indices, *, absolute_gap: bool = False) -> dict[str, Floats]:
    """Give every criterion of every option of one service."""
    # Closing never shortens: nine in ten are no nearer than with every site open.
    size, every = len(ready.values), _every_open(ready)[None, :]

    def p90(found: NDArray[Any], count: Floats) -> Floats:
        floor = int(_quantile_places(every, count, size, 0.9)[0])
        return np.take(ready.values, _quantile_places(found, count, size, 0.9, floor))

    step = max(1, _AT_ONCE // max(1, ready.places.shape[1]))
    blocks = []
    for start in range(0, max(len(kept), 1), step):
        total = _sums(ready, kept[start : start + step])
        deprived = p90(total.found, ready.weights[:, 2]) if _has_deprived(ready) else None
        everyone = p90(total.found, ready.weights[:, 0])
        blocks.append(
            _criteria(
                total, ready.totals, ready.never_reached, everyone, deprived,
                absolute_gap=absolute_gap,
            )
        )  # fmt: skip
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


_CELLS = 20_000_000
"""Cells of cumulative weight held at once while pooled quantiles are found."""


def _cumulative(found: NDArray[Any], weights: Floats, low: int, high: int) -> Floats:
    """Weight up to each place of ``low ... high - 1``, places down the rows."""
    each = found.ravel()
    flat = np.flatnonzero((each >= low) & (each < high))
    row, area = np.divmod(flat, found.shape[1])
    keys = (each[flat].astype(np.intp) - low) * len(found) + row
    table = np.bincount(keys, weights[area], minlength=len(found) * (high - low))
    upto: Floats = table.reshape(high - low, len(found)).astype(float, copy=False)
    for above, row in pairwise(upto):  # whole rows: np.cumsum down the rows goes by columns
        row += above
    return upto


def _occurring(found: Sequence[NDArray[Any]], low: int, high: int) -> NDArray[np.intp]:
    """List the places of ``low ... high - 1`` where some option has somebody."""
    there = np.zeros(high, dtype=bool)
    for places in found:
        there[places[places < high]] = True
    return low + np.flatnonzero(there[low:])


def _pooled_quantiles(
    first: NDArray[Any], second: NDArray[Any], weights: tuple[Floats, Floats], size: int, q: float
) -> NDArray[np.intp]:
    """Find the quantile of the families of both services together, for every pair of options.

    Notes
    -----
    A pooled quantile lies between those of its two parts, so only the places between the least
    and the greatest of all parts' quantiles need counting; and of these only the few where some
    option has somebody, for it is one of them.
    """
    own = [
        _quantile_places(found, w, size, q)
        for found, w in zip((first, second), weights, strict=True)
    ]
    low = int(min(own[0].min(), own[1].min()))
    high = int(max(own[0].max(), own[1].max())) + 1
    target = q * (weights[0].sum() + weights[1].sum()) * (1 - _SLACK)
    base = [
        (found < low).astype(float) @ w for found, w in zip((first, second), weights, strict=True)
    ]
    lived = [w > 0 for w in weights]
    there = [found[:, some] for found, some in zip((first, second), lived, strict=True)]
    counted = [w[some] for w, some in zip(weights, lived, strict=True)]
    at = _occurring(there, low, high)
    number = np.full(size, len(at), dtype=np.intp)  # places beyond are not counted
    number[:low] = -1
    number[at] = np.arange(len(at))
    there = [number[found] for found in there]
    out = np.full((len(first), len(second)), high - 1, dtype=np.intp)
    open_pairs = np.ones(out.shape, dtype=bool)
    step = max(1, _CELLS // (len(first) + len(second)))
    for start in range(0, len(at), step):
        stop = min(start + step, len(at))
        tables = [
            _cumulative(found, w, start, stop) + b
            for found, w, b in zip(there, counted, base, strict=True)
        ]
        base = [table[-1] for table in tables]
        here = open_pairs & (base[0][:, None] + base[1][None, :] >= target)
        i, j = np.nonzero(here)
        out[i, j] = at[start + _first_reaching(tables[0], tables[1], i, j, target)]
        open_pairs &= ~here
        if not open_pairs.any():
            break
    return out


def _first_reaching(
    one: Floats, two: Floats, i: NDArray[np.intp], j: NDArray[np.intp], target: float
) -> NDArray[np.intp]:
    """Bisect for the first row where ``one[:, i] + two[:, j]`` reaches the target."""
    (width, many), others = one.shape, two.shape[1]
    flat_one, flat_two = one.ravel(), two.ravel()
    low = np.zeros(len(i), dtype=np.intp)
    high = np.full(len(i), width - 1, dtype=np.intp)
    for _ in range(int(width).bit_length()):
        middle = (low + high) >> 1
        enough = flat_one[middle * many + i] + flat_two[middle * others + j] >= target
        high = np.where(enough, middle, high)
        low = np.where(enough, low, np.minimum(middle + 1, high))
    return high


def _pair_criteria(
    ready: tuple[_Prepared, _Prepared],
    parts: tuple[_Sums, _Sums],
    shares: tuple[float, float] | None = None,
    *,
    absolute_gap: bool = False,
) -> dict[str, Floats]:
    """Give every criterion of every pair of options, over the families of both services.

    Notes
    -----
    Counts of a child in one service and a young person in another are added, each in its own
    minutes to its own service.
    """
    factors = _factors(ready, shares)
    cols = min(len(r.totals) for r in ready)

    def pooled(name: str) -> Floats:
        one, two = (f * getattr(p, name) for f, p in zip(factors, parts, strict=True))
        both: Floats = one[:, None] + two[None, :]
        return both[..., :cols].reshape(-1, cols) if both.ndim == 3 else both.ravel()

    values = np.union1d(ready[0].values, ready[1].values)
    kind = np.min_scalar_type(len(values))  # short places are compared and counted sooner
    found = tuple(
        np.searchsorted(values, r.values).astype(kind)[p.found]
        for r, p in zip(ready, parts, strict=True)
    )

    def place_of_p90(column: int) -> NDArray[np.intp]:
        weights = tuple(f * r.weights[:, column] for f, r in zip(factors, ready, strict=True))
        return _pooled_quantiles(found[0], found[1], (weights[0], weights[1]), len(values), 0.9)

    at = place_of_p90(0)
    deprived = None
    if all(map(_has_deprived, ready)):
        deprived = values[place_of_p90(2).ravel()]
    worst = np.maximum(parts[0].worst[:, None], parts[1].worst[None, :]).ravel()
    total = _Sums(
        pooled("minutes"), pooled("unreached"), pooled("beyond"), pooled("moved"), worst, at
    )
    totals = sum(f * r.totals[:cols] for f, r in zip(factors, ready, strict=True))
    never = sum(f * r.never_reached for f, r in zip(factors, ready, strict=True))
    p90 = values[at.ravel()]
    return _criteria(
        total, np.asarray(totals), float(never), p90, deprived, absolute_gap=absolute_gap
    )


def _factors(
    ready: tuple[_Prepared, _Prepared], shares: tuple[float, float] | None
) -> tuple[float, float]:
    if shares is None:
        return 1.0, 1.0
    good = len(shares) == 2 and all(np.isfinite(s) and s > 0 for s in shares)
    if not good:
        raise ParameterError(f"shares={shares!r}; expected two numbers above 0, such as (0.5, 0.5)")
    families = [r.totals[0] + r.never_reached for r in ready]
    pool = sum(families) / sum(shares)
    return (
        float(shares[0] * pool / families[0]),
        float(shares[1] * pool / families[1]),
    )
