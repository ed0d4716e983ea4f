"""Options ranked again by the order in which each area's sites lie: quick to measure again.

An area's nearest open site changes only where the sites that lie before it all close. So what
closing does is a sum over the few sets of sites that are the first of some area: each option adds
up those of its closed sites, and no option is measured area by area. Of a quantile and of the
worst-off area no more is found than what a ranking asks: the least, the proposal's own, and which
options are below it and above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from access.errors import ParameterError
from access.scenario.criteria import _SAME_MINUTES, _SLACK, Floats

if TYPE_CHECKING:
    import scipy.sparse as sp

_Indices = NDArray[np.intp]
_Bools = NDArray[np.bool_]
_MOST_SITES = 20
"""Sites of which every set has a place in one table (a million places)."""
_MOST_SETS = 256
"""Sets of an option's closed sites (eight of them) up to which adding them up is the quicker."""
_MOST_CELLS = 20_000_000
_FEW_CELLS = 200_000
"""Pairs of an option and a set that it closes up to which no set is left out beforehand."""
_MOST_LIVED = 0.8
"""Share of areas with somebody counted beyond which the others are looked at too."""
_DIGITS = 9
"""Digits after the point to which a criterion is told: what is alike to these is alike."""
#: By criterion: the column of the weights, and the share of them that is to be reached.
_PLACES = {"p90": (0, 0.9), "deprived_p90": (2, 0.9), "worst": (None, 1.0)}


@dataclass(frozen=True, eq=False)
class _Stood:
    """Where options stand by one criterion under some settings; less is better.

    Parameters
    ----------
    least : ndarray, shape (settings,)
    best : ndarray of bool, shape (settings, options)
        Of the least value, ties included.
    own : ndarray, shape (settings,), optional
        The proposal's value.
    better, worse : ndarray of bool, shape (settings, options), optional
        Than the proposal, strictly.
    """

    least: Floats
    best: _Bools
    own: Floats | None = None
    better: _Bools | None = None
    worse: _Bools | None = None


def _stood_by(values: Floats, *, proposal: bool) -> _Stood:
    """Compare values of options, shape (settings, options); a proposal's are the last column."""
    every = values[:, :-1] if proposal else values
    least = every.min(axis=1)
    best = every == least[:, None]
    if not proposal:
        return _Stood(least, best)
    own = values[:, -1]
    return _Stood(least, best, own, every < own[:, None], every > own[:, None])


def _in_order(kept: _Indices, sites: int, *, proposal: bool = False) -> _Orders | None:
    """Make options ready to be ranked again and again; None where it would not be quicker."""
    closed = sites - kept.shape[1]
    sets = 2.0**closed
    if sites > _MOST_SITES or sets > _MOST_SETS or len(kept) * sets > _MOST_CELLS:
        return None
    return _Orders(kept, sites, proposal=proposal)


@dataclass(frozen=True, eq=False)
class _Trips:
    """The trips of several settings; areas without families, or out of reach, take no minutes.

    Parameters
    ----------
    minutes : ndarray, shape (settings, sites, areas)
        None longer than to the nearest site that is always open.
    weights : sequence of ndarray, shape (settings, areas)
        As the columns of `access.scenario.criteria._Prepared`, but the last.
    used : ndarray, shape (settings, areas)
        1 where somebody is counted, else 0.
    """

    minutes: Floats
    weights: Sequence[Floats]
    used: Floats

    @cached_property
    def rounded(self) -> Floats:
        """Minutes to the digits that are told: rounding moves no quantile past another."""
        rounded: Floats = np.round(self.minutes, _DIGITS)
        return rounded

    @cached_property
    def by_area(self) -> Floats:
        """The same by setting, area and site; beyond the last site are some that are nowhere."""
        settings, sites, areas = self.minutes.shape
        wide = next(bits for bits in (8, 16, 32) if bits >= sites)
        table = np.full((settings, areas, wide), np.nan)
        table[..., :sites] = self.rounded.transpose(0, 2, 1)
        return table


class _Orders:
    """Options, and of each the sets of its closed sites; a proposal is the last of them."""

    def __init__(self, kept: _Indices, sites: int, *, proposal: bool) -> None:
        away = np.ones((len(kept), sites), dtype=bool)
        np.put_along_axis(away, kept, False, axis=1)
        closed = np.nonzero(away)[1].reshape(len(kept), -1)
        codes = np.zeros((len(kept), 1), dtype=np.int64)
        for column in (1 << closed).T:
            codes = np.hstack([codes, codes + column[:, None]])
        sets, inside = np.unique(codes, return_inverse=True)
        inside = inside.reshape(codes.shape)
        self.kept, self.closed, self.sites = kept, closed.shape[1], sites
        self.proposal = proposal
        self.options, self.sets = len(kept), len(sets)
        # sets that no option closes as a whole are put into one place beyond all others
        self.number = np.full(1 << sites, self.sets, dtype=np.int32)
        self.number[sets] = np.arange(self.sets)
        # by set, the options that close it: those of set k are from starts[k] to starts[k + 1]
        self.closing = np.argsort(inside, axis=None, kind="stable") // inside.shape[1]
        self.starts = np.searchsorted(np.sort(inside, axis=None), np.arange(self.sets + 1))
        self.every: sp.csr_array | None = None
        self.inside = inside  # by option, the numbers of the sets that it closes
        if inside.size <= _FEW_CELLS:
            import scipy.sparse as sp  # long to import

            ends = np.arange(len(kept) + 1) * inside.shape[1]
            self.every = sp.csr_array((np.ones(inside.size), inside.ravel(), ends))
        self.network = _network(sites, self.closed + 1)
        self.likely: dict[str, int] = {}  # which was best of late: it only saves looking

    def stood(
        self,
        minutes: Floats,
        count: Floats,
        per_family: Floats,
        fifth: Floats | None,
        chosen: Sequence[str],
        *,
        threshold_minutes: Floats,
        always_minutes: Floats,
    ) -> dict[str, _Stood]:
        """Compare every option by the criteria chosen, under several settings, one row each.

        Parameters
        ----------
        minutes, always_minutes : ndarray, shape (settings, sites, areas)
        count, per_family : ndarray, shape (settings, areas)
        fifth : ndarray, shape (areas,), optional
        chosen : sequence of str
        threshold_minutes : ndarray, shape (settings,)

        Raises
        ------
        ParameterError
            If in a setting nobody is reached.
        """
        least = minutes.min(axis=1)
        if always_minutes.shape[1]:
            other = always_minutes.min(axis=1)
            minutes, least = np.minimum(minutes, other[:, None]), np.minimum(least, other)
        lived, reached = count > 0, np.isfinite(least)
        use = lived & reached
        if not use.any(axis=1).all():
            raise ParameterError(
                "no site reaches any family in this matrix; expected some to be reached"
            )
        counted = count * use
        weights = [counted, counted * per_family]
        if fifth is not None:
            weights.append(counted * (fifth == 1))
        trips = _Trips(np.where(use[:, None], minutes, 0.0), weights, use.astype(float))
        never = np.zeros(len(count)) if reached.all() else (count * (lived & ~reached)).sum(axis=1)
        steps, sets, adds = self._steps(trips)
        values = self._sums(trips, steps, sets, adds, threshold_minutes, never)
        if self.every is not None:
            values["worst"] = self._worst(steps, sets)
        found = {c: _stood_by(v, proposal=self.proposal) for c, v in values.items() if c in chosen}
        places = [c for c in _PLACES if c in chosen and c not in found]
        return found | self._places(trips, places)

    def _sums(
        self, trips: _Trips, steps: Floats, sets: NDArray[Any], adds: sp.sparray,
        threshold_minutes: Floats, never: Floats,
    ) -> dict[str, Floats]:  # fmt: skip
        """Give the criteria that are sums, by setting and option."""
        lost = not np.isfinite(steps).all()
        length = np.where(np.isfinite(steps), steps, 0.0) if lost else steps
        more = np.diff(length, axis=1)
        parts = [more * w[:, None] for w in trips.weights]
        if lost:
            away = np.diff((~np.isfinite(steps)).astype(float), axis=1)
            parts += [away * w[:, None] for w in trips.weights]
        added = self._added(adds, sets, parts)
        totals = np.array([w.sum(axis=1) for w in trips.weights])
        whole = np.array([(length[:, 0] * w).sum(axis=1) for w in trips.weights])
        names = ("mean", "weighted_mean", "deprived_mean")
        out = {}
        for k, name in enumerate(names[: len(totals)]):
            mean = (added[k] + whole[k][:, None]) / np.where(totals[k], totals[k], 1.0)[:, None]
            if lost:
                mean = np.where(added[len(totals) + k] > 0, np.inf, mean)
            out[name] = mean
        far = np.less_equal(trips.minutes, (threshold_minutes * (1 + _SLACK))[:, None, None])
        beyond = self.failed(_codes(far), trips.weights[0])
        out["share_beyond"] = (beyond + never[:, None]) / (totals[0] + never)[:, None]
        if len(totals) > 2:
            same = np.less_equal(trips.minutes, steps[:, :1] + _SAME_MINUTES)
            moved = self.failed(_codes(same), trips.weights[2])
            out["deprived_moved"] = moved / np.where(totals[2], totals[2], 1.0)[:, None]
        return {name: np.round(values, _DIGITS) for name, values in out.items()}

    def _worst(self, steps: Floats, sets: NDArray[Any]) -> Floats:
        """Give the minutes of the worst-off area, by setting and option.

        The greatest of all areas' least, and of what closing each set makes of any area's.
        """
        minutes, size = np.round(steps, _DIGITS), self.sets + 1
        table = np.zeros((len(sets), size))
        keys = sets.reshape(len(sets), -1) + (np.arange(len(sets)) * size)[:, None]
        np.maximum.at(table.reshape(-1), keys.ravel(), minutes[:, 1:].ravel())
        worst: Floats = np.repeat(minutes[:, 0].max(axis=1)[:, None], self.options, axis=1)
        for closed in self.inside.T:
            np.maximum(worst, table[:, closed], out=worst)
        return worst

    def _steps(self, trips: _Trips) -> tuple[Floats, NDArray[Any], sp.sparray]:
        """Give minutes to the nearest site, once it closes to the next, and so on, and the sets.

        Shape (settings, closed + 1, areas); of the first 1, 2, ... sites the set's number, among
        those that are an area's here, and which options close each.
        """
        order = _nearest(trips.minutes, self.network, self.closed + 1)
        steps = np.take_along_axis(trips.minutes, order, axis=1)
        firsts = np.cumsum(1 << order[:, :-1].astype(np.int32), axis=1, dtype=np.int32)
        sets, adds = self._sets_of(self.number[firsts])
        return steps, sets, adds

    def _sets_of(self, sets: NDArray[np.int32]) -> tuple[NDArray[Any], sp.sparray]:
        """Number anew the few sets that are an area's, and say which options close each."""
        if self.every is not None:
            return sets, self.every
        import scipy.sparse as sp

        seen = np.flatnonzero(np.bincount(sets.ravel(), minlength=self.sets + 1)[:-1])
        number = np.full(self.sets + 1, len(seen))
        number[seen] = np.arange(len(seen))
        starts = self.starts[seen]
        many = self.starts[seen + 1] - starts
        ends = np.concatenate([[0], np.cumsum(many)])
        rows = self.closing[np.arange(ends[-1]) + np.repeat(starts - ends[:-1], many)]
        shape = (self.options, len(seen))
        return number[sets], sp.csc_array((np.ones(len(rows)), rows, ends), shape=shape)

    def _added(self, adds: sp.sparray, sets: NDArray[Any], parts: Sequence[Floats]) -> Floats:
        """Add up what closing each set does, for every option: shape (parts, settings, options).

        Sets and parts have settings first.
        """
        settings, size = len(sets), adds.shape[1] + 1
        keys = (sets.reshape(settings, -1) + (np.arange(settings) * size)[:, None]).ravel()
        table = np.concatenate(
            [
                np.bincount(keys, part.ravel(), settings * size).reshape(settings, size)[:, :-1]
                for part in parts
            ]
        )
        added: Floats = (adds @ np.ascontiguousarray(table.T)).T
        return added.reshape(len(parts), settings, self.options)

    def failed(self, codes: NDArray[Any], weights: Floats) -> Floats:
        """Add up the weight of areas of whose sites (by `codes`) all close: (rows, options)."""
        sets, adds = self._sets_of(self.number[codes])
        failed: Floats = self._added(adds, sets, [weights])[0]
        return failed

    # ---- quantiles, and the worst-off area

    def _places(self, trips: _Trips, criteria: Sequence[str]) -> dict[str, _Stood]:
        """Compare options by criteria that are one area's minutes."""
        own = trips.rounded[:, self.kept[-1]].min(axis=1) if self.proposal else None
        return {c: self._place(trips, c, own) for c in criteria}

    def _place(self, trips: _Trips, criterion: str, own: Floats | None) -> _Stood:
        """Find the least and the proposal's own minutes, and which options are below and above."""
        column, share = _PLACES[criterion]
        asked = _Quantile(self, trips, trips.used if column is None else trips.weights[column],
                          share)  # fmt: skip
        every = np.arange(len(asked.target))
        likely = self.likely.get(criterion, 0)
        if own is None:
            least, first = self._least(asked, every, asked.of(every, likely), likely)
            best = asked.reached(every, least)
            self.likely[criterion] = int(first[-1])
            return asked.settled(_Stood(least, best))
        value = asked.at(every, own[:, asked.areas])
        better, upto = asked.reached(every, value, strictly=True), asked.reached(every, value)
        least, best = value.copy(), upto[:, :-1]
        # where the proposal is not best, or is no option itself and beats them all
        rows = np.flatnonzero(better[:, :-1].any(axis=1) | ~best.any(axis=1))
        if len(rows):
            start = asked.of(rows, likely)
            start = np.where(best[rows].any(axis=1), np.minimum(start, value[rows]), start)
            least[rows], first = self._least(asked, rows, start, likely)
            self.likely[criterion] = int(first[-1])
            best = best.copy()
            best[rows] = asked.reached(rows, least[rows])[:, :-1]
        return asked.settled(_Stood(least, best, value, better[:, :-1], ~upto[:, :-1]))

    def _least(
        self, asked: _Quantile, rows: _Indices, start: Floats, likely: int
    ) -> tuple[Floats, _Indices]:
        """Go from one option to one below it until none is; give the least and an option of it."""
        options = self.options - self.proposal
        least, first, open_ = start.copy(), np.full(len(rows), likely), np.arange(len(rows))
        while len(open_):
            within = asked.within(rows[open_], least[open_], strictly=True)[:, :options]
            most = within.argmax(axis=1)
            reached = asked.enough(rows[open_], within[np.arange(len(open_)), most][:, None])
            open_, most = open_[reached[:, 0]], most[reached[:, 0]]
            first[open_] = most
            least[open_] = asked.of(rows[open_], most)
        return least, first


class _Quantile:
    """A weighted quantile of the minutes of options, by setting; of share 1, the greatest.

    Attributes
    ----------
    areas : slice or ndarray of int
        Those where somebody is counted under some setting; no others are looked at.
    """

    def __init__(self, orders: _Orders, trips: _Trips, weights: Floats, share: float) -> None:
        self.orders, self.greatest = orders, share == 1.0
        self.total = weights.sum(axis=1)
        self.target = share * self.total * (1 - _SLACK)
        lived = weights.any(axis=0)
        few = 0 < lived.mean() <= _MOST_LIVED
        self.areas = np.flatnonzero(lived) if few else slice(None)
        self.weights = weights[:, self.areas]
        self.rounded, self.by_area = trips.rounded[..., self.areas], trips.by_area[:, self.areas]

    def within(self, rows: _Indices, minutes: Floats, *, strictly: bool = False) -> Floats:
        """Add up the weight of areas within so many minutes, for every row's options."""
        table, weights = self.by_area, self.weights
        if len(rows) < len(table):
            table, weights = table[rows], weights[rows]
        near = (np.less if strictly else np.less_equal)(table, minutes[:, None, None])
        bits = np.packbits(near.ravel(), bitorder="little").view(f"<u{table.shape[2] // 8}")
        failed = self.orders.failed(bits.reshape(weights.shape), weights)
        found: Floats = self.total[rows, None] - failed
        return found

    def enough(self, rows: _Indices, within: Floats) -> _Bools:
        """Tell whether so much weight is what the quantile asks for; of nobody, nothing is."""
        target = self.target[rows, None]
        enough: _Bools = (within >= target) & (target > 0)
        return enough

    def reached(self, rows: _Indices, minutes: Floats, *, strictly: bool = False) -> _Bools:
        """Tell for every row's options whether the quantile is within so many minutes."""
        return self.enough(rows, self.within(rows, minutes, strictly=strictly))

    def of(self, rows: _Indices, options: _Indices | int) -> Floats:
        """Give the quantile itself, of one option a row."""
        kept = self.orders.kept[np.broadcast_to(options, len(rows))]
        near = self.rounded[rows, kept[:, 0]]
        for column in kept.T[1:]:
            np.minimum(near, self.rounded[rows, column], out=near)
        return self.at(rows, near)

    def at(self, rows: _Indices, near: Floats) -> Floats:
        """Give the quantile of minutes by row and area."""
        if self.greatest:  # minutes of areas without families are 0
            greatest: Floats = near.max(axis=1, initial=0.0)
            return greatest
        order = np.argsort(near, axis=1)
        upto = np.take_along_axis(self.weights[rows], order, axis=1).cumsum(axis=1)
        at = (upto < self.target[rows, None]).sum(axis=1)
        at = np.minimum(at, near.shape[1] - 1)
        each = np.arange(len(rows))
        found: Floats = near[each, order[each, at]]
        return found

    def settled(self, stood: _Stood) -> _Stood:
        """Let options stand alike where there is nobody."""
        nobody = self.total == 0
        if nobody.any():
            stood.least[nobody], stood.best[nobody] = 0.0, True
            if stood.own is not None and stood.worse is not None:
                stood.own[nobody], stood.worse[nobody] = 0.0, False
        return stood


# ---- which sites are nearest


def _codes(near: _Bools) -> NDArray[np.int32]:
    """Write which sites are near, shape (settings, sites, areas), as the bits of one number."""
    codes = np.zeros((near.shape[0], near.shape[2]), dtype=np.int32)
    for site in range(near.shape[1]):
        codes |= np.left_shift(near[:, site], site, dtype=np.int32)
    return codes


def _network(sites: int, wanted: int) -> tuple[tuple[int, int], ...]:
    """List which pairs to put in order, one after the other, so that the least come first.

    Notes
    -----
    Batcher's merge exchange sort (Knuth, The Art of Computer Programming 3, 5.2.2 M), without
    the pairs that none of the first `wanted` depends on.
    """
    pairs = []
    many = 1 << (sites - 1).bit_length()
    half = many >> 1
    while half:
        step, rest, apart = many >> 1, 0, half
        while True:
            pairs += [(i, i + apart) for i in range(sites - apart) if i & half == rest]
            if step == half:
                break
            apart, step, rest = step - half, step >> 1, half
        half >>= 1
    needed, kept = set(range(wanted)), []
    for one, other in reversed(pairs):
        if one in needed or other in needed:
            needed |= {one, other}
            kept.append((one, other))
    return tuple(reversed(kept))


_SITE_BITS = 31
_FAR = 1e300


def _nearest(minutes: Floats, network: Sequence[tuple[int, int]], wanted: int) -> _Indices:
    """Find the nearest sites, the nearest first: shape (settings, wanted, areas).

    Each number bears its site in its last bits, so that whole rows are put in order at once;
    sites as far to twelve digits are in the order of their numbers.
    """
    marked = np.minimum(minutes.transpose(1, 0, 2), _FAR, order="C")
    bits = marked.view(np.int64)
    bits &= ~_SITE_BITS
    bits |= np.arange(minutes.shape[1])[:, None, None]
    rows, spare = [*marked], np.empty_like(marked[0])
    for one, other in network:
        np.minimum(rows[one], rows[other], out=spare)
        np.maximum(rows[one], rows[other], out=rows[other])
        rows[one], spare = spare, rows[one]
    order: _Indices = np.stack(rows[:wanted], axis=1).view(np.int64) & _SITE_BITS
    return order
