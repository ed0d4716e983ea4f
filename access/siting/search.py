"""The one form that every exact search works on, what a search carries, and HiGHS as it runs."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from access.errors import SitingError

# The one form every exact search works on: choose sites so that a weighted sum is least.
#
#     minimise   sum_i weights[i] * min_{j open} minutes[i, j]  +  sum_{j open} opening[j]
#     subject to fewest <= number open <= most, locked sites, linear rows on the open sites,
#                limits on other weighted sums of the same minima.
#
# Everything here is plain arrays by position; ids live in `resolved.py`.

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

#: Bounds and objectives closer than this share of the objective count as equal.
_RELATIVE_TOLERANCE = 1e-7
#: Minutes, and weights in all, beyond this are not added up: HiGHS takes 1e20 for infinite.
MOST_ADDED = 1e12
#: Units tried when looking for the grain of an objective (whole numbers, hundredths, ...).
_UNITS = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001)
_GRAIN_BLOCK = 100_000
_MOST_GRAIN_CELLS = 30_000_000


_LEAST_SUM, _GREATEST_SUM, _USUAL_SUM = 2.0**-4, 2.0**33, 2.0**10

_MOST_STEPS = 1_000.0


def _unit_of(greatest: float) -> float:
    """Give a power of two by which sums of up to so much are searched, so that tolerances fit them.

    Tolerances, the engine's among them, are meant for sums of ordinary size.
    """
    if greatest <= 0 or _LEAST_SUM <= greatest <= _GREATEST_SUM:
        return 1.0
    wanted = _USUAL_SUM if greatest < _LEAST_SUM else _GREATEST_SUM
    return float(2.0 ** np.floor(min(np.log2(wanted) - np.log2(greatest), _MOST_STEPS)))


def _tolerance(value: float) -> float:
    """Give the distance under which a bound counts as having met an objective."""
    return _RELATIVE_TOLERANCE * max(1.0, abs(value))


@dataclass(frozen=True, eq=False)
class _SideRows:
    """Linear rows ``low <= matrix @ open <= high`` on the open sites."""

    matrix: Floats
    low: Floats
    high: Floats

    @classmethod
    def none(cls, sites: int) -> _SideRows:
        """Make an empty set of rows for so many sites."""
        return cls(np.zeros((0, sites)), np.zeros(0), np.zeros(0))

    def __len__(self) -> int:
        return len(self.low)

    def hold(self, chosen: Ints) -> bool:
        """Tell whether a set of open sites keeps every row."""
        total = self.matrix[:, chosen].sum(axis=1)
        slack = 1e-9 * np.maximum(1.0, np.abs(total))
        return bool((total >= self.low - slack).all() and (total <= self.high + slack).all())

    def keep(self, sets: Ints) -> Bools:
        """Tell which of many sets of open sites, shape (sets, sites), keep every row."""
        kept = np.ones(len(sets), bool)
        for row, low, high in zip(self.matrix, self.low, self.high, strict=True):
            total = row[sets].sum(axis=1)
            slack = 1e-9 * np.maximum(1.0, np.abs(total))
            kept &= (total >= low - slack) & (total <= high + slack)
        return kept

    def and_row(self, row: Floats, low: float, high: float) -> _SideRows:
        """Give these rows and one more."""
        return _SideRows(
            np.vstack([self.matrix, row]), np.append(self.low, low), np.append(self.high, high)
        )


@dataclass(frozen=True, eq=False)
class _Limit:
    """Another weighted sum of the same minima that must not pass a value.

    Parameters
    ----------
    opening : ndarray, shape (sites,)
        What each open site adds to the sum.
    """

    weights: Floats
    at_most: float
    opening: Floats


@dataclass(frozen=True, eq=False)
class _Model:
    """Arrays of one minimisation; see the module's first lines.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        Finite; what an area pays when a site is its nearest open one.
    weights : ndarray, shape (areas,)
        0 or more.
    fewest, most : int
        Least and greatest number of open sites.
    must, may : ndarray of bool, shape (sites,)
        Locked open; not locked closed.
    scale : float
        A power of two that weights and opening were multiplied by.
    """

    minutes: Floats
    weights: Floats
    opening: Floats
    fewest: int
    most: int
    must: Bools
    may: Bools
    rows: _SideRows
    limits: tuple[_Limit, ...] = field(default=())
    scale: float = 1.0

    @classmethod
    def plain(cls, minutes: Floats, weights: Floats, p: int) -> _Model:
        """Make the model of a p-median without any other rule."""
        sites = minutes.shape[1]
        return cls(
            minutes=minutes,
            weights=weights,
            opening=np.zeros(sites),
            fewest=p,
            most=p,
            must=np.zeros(sites, bool),
            may=np.ones(sites, bool),
            rows=_SideRows.none(sites),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of areas, number of sites."""
        return self.minutes.shape[0], self.minutes.shape[1]

    def nearest(self, chosen: Ints) -> Floats:
        """Give each area's minutes to its nearest chosen site."""
        best: Floats = self.minutes[:, chosen].min(axis=1)
        return best

    def value(self, chosen: Ints) -> float:
        """Give the objective of a set of open sites."""
        return float(self.weights @ self.nearest(chosen) + self.opening[chosen].sum())

    def holds(self, chosen: Ints) -> bool:
        """Tell whether a set of open sites keeps every rule of the model."""
        inside = np.zeros(self.shape[1], bool)
        inside[chosen] = True
        return (
            self.fewest <= len(chosen) <= self.most
            and bool((inside | ~self.must).all() and (self.may | ~inside).all())
            and self.rows.hold(chosen)
            and (not self.limits or self._limits_hold(chosen))
        )

    def _limits_hold(self, chosen: Ints) -> bool:
        nearest = self.nearest(chosen)
        return all(
            limit.weights @ nearest + limit.opening[chosen].sum()
            <= limit.at_most + _tolerance(limit.at_most)
            for limit in self.limits
        )

    def unit(self) -> float:
        """Find a number of which every possible objective is a multiple; 0 when none is seen.

        Whole minutes and whole families make every total a whole number, so a bound of 7,823.2
        proves 7,824.
        """
        if self.minutes.size > _MOST_GRAIN_CELLS:
            return 0.0
        weights, costs = self.weights / self.scale, self.opening / self.scale
        cost, weight, opening = _grain(self.minutes), _grain(weights), _grain(costs)
        unit = cost * weight
        if unit == 0.0 or opening == 0.0:
            return 0.0
        return unit * self.scale if not costs.any() or _multiples(costs, unit) else 0.0


def _multiples(values: Floats, unit: float) -> bool:
    """Tell whether all values are multiples of a unit; block by block, most stop at the first."""
    flat = values.reshape(-1)
    for start in range(0, len(flat), _GRAIN_BLOCK):
        scaled = flat[start : start + _GRAIN_BLOCK] / unit
        off = np.abs(scaled - np.rint(scaled))
        if (off > 1e-9 * scaled).any() or scaled.max() > 1e12:
            return False
    return True


def _grain(values: Floats) -> float:
    return next((unit for unit in _UNITS if _multiples(values, unit)), 0.0)


#: Minutes are equal to a cap when they pass it by no more than this share.
_CAP_SLACK = 1e-9
_GREATEST = np.finfo(float).max


def _within(minutes: Floats, caps: ArrayLike) -> Bools:
    """Tell which minutes are at or under caps (broadcast); ``inf`` never is."""
    with np.errstate(over="ignore"):
        inside: Bools = minutes <= np.minimum(np.asarray(caps) * (1 + _CAP_SLACK), _GREATEST)
    return inside


@dataclass(frozen=True, eq=False)
class _Levels:
    """The minutes that occur in a table, those that count as equal taken as one level.

    A search that walks or halves over whole-numbered levels, and asks for answers by `table <=
    top[level]`, cannot be given an answer above the level that it asked for.

    Parameters
    ----------
    low, top : ndarray, shape (levels,)
        The least and the greatest minutes of each level, ascending.
    """

    low: Floats
    top: Floats

    @classmethod
    def of(cls, minutes: Floats) -> _Levels:
        """Find the levels of the finite minutes of a table."""
        steps = np.unique(minutes[np.isfinite(minutes)])
        # A level begins where minutes are beyond the one before; what is left is looked at one by
        # one, against the beginning of its level: near-equals never chain into a wide level.
        first = np.append(True, ~_within(steps[1:], steps[:-1]))[: len(steps)]
        begin = 0
        for k in np.flatnonzero(~first).tolist():
            begin = k - 1 if first[k - 1] else begin
            first[k] = not _within(steps[k], steps[begin])
        starts = np.flatnonzero(first)
        return cls(
            steps[starts], steps[np.append(starts[1:], len(steps)) - 1] if len(steps) else steps
        )

    def __len__(self) -> int:
        return len(self.low)

    def level(self, minutes: float) -> int:
        """Give the highest level that begins at or under some minutes; -1 where none does."""
        return int(np.searchsorted(self.low, minutes, side="right")) - 1

    def ceiling(self, minutes: float) -> float:
        """Give the greatest minutes that count as equal to some minutes, or as less."""
        at = self.level(minutes)
        return float(self.top[at]) if at >= 0 else -np.inf


# ------------------------------------------------------------------------------
# What a search carries with it (the best so far, clock, watchers), and HiGHS as it runs it.

# What a search carries with it: the best answer so far, the clock, and whoever is watching.


@dataclass(frozen=True)
class Progress:
    """How far a search has come; handed to a progress callback.

    Parameters
    ----------
    stage : str
        What is being done.
    bound, incumbent : float
        The proven bound and the best answer so far (``inf`` or ``-inf`` where none).
    nodes : int
    seconds : float

    Examples
    --------
    >>> Progress("tree", 95.0, 100.0, 7, 0.1).gap
    0.05
    """

    stage: str
    bound: float
    incumbent: float
    nodes: int
    seconds: float

    @property
    def gap(self) -> float:
        """Share of the incumbent by which the bound is still away."""
        return _relative_gap(self.incumbent, self.bound)


def _relative_gap(objective: float, bound: float) -> float:
    """Give the distance between an answer and its bound as a share of the answer."""
    if not (np.isfinite(objective) and np.isfinite(bound)):
        return float("inf")
    distance = abs(objective - bound)
    return 0.0 if distance == 0 else distance / max(abs(objective), abs(bound))


class _Stop(Exception):  # noqa: N818 - not an error: it unwinds a search that was told to end
    """Raised inside a search when time is up or the caller wants to stop."""


def _clock() -> float:
    """Give seconds that never go back: the one clock of every search (tests set their own)."""
    return time.monotonic()


class _Watch:
    """The clock and the progress callback of one search.

    Parameters
    ----------
    progress : callable, optional
        Called with `Progress`; returning ``False`` stops the search.
    work : float, optional
        How much work may be done, in cells of the problem's tables.
    """

    def __init__(
        self,
        time_limit_s: float | None = None,
        progress: Callable[[Progress], object] | None = None,
        work: float | None = None,
    ) -> None:
        self.work = np.inf if work is None else work
        self.began = _clock()
        self.deadline = None if time_limit_s is None else self.began + time_limit_s
        self.progress = progress
        self.stopped = ""
        self.nodes = 0
        self.unit, self.shift = 1.0, 0.0  # a search's values are what is told times unit and shift

    def seconds(self) -> float:
        """Give the seconds since the search began."""
        return _clock() - self.began

    def left(self) -> float | None:
        """Give the seconds that remain, None without a limit."""
        return None if self.deadline is None else max(0.0, self.deadline - _clock())

    def spend(self, cells: float) -> None:
        """Note work done; stops the search where there was too much of it."""
        self.work -= cells
        if self.work < 0 and not self.stopped:
            self.stopped = "work limit"
        if self.stopped:
            raise _Stop

    def tick(self, stage: str, bound: float, incumbent: float) -> None:
        """Report, and stop the search when it should end (or has been told to before)."""
        if self.stopped:
            raise _Stop
        if self.progress is not None:
            below, found = ((v - self.shift) / self.unit for v in (bound, incumbent))
            report = Progress(stage, below, found, self.nodes, self.seconds())
            if self.progress(report) is False:
                self.stopped = "stopped by the caller"
                raise _Stop
        if self.deadline is not None and _clock() >= self.deadline:
            self.stopped = "time limit"
            raise _Stop


class _PartWatch(_Watch):
    """The watch of a search within a search: with less work, and the whole one's end."""

    def __init__(self, whole: _Watch, work: float) -> None:
        super().__init__(work=work)
        self.whole = whole

    def spend(self, cells: float) -> None:
        """Note work done, of the whole as well."""
        self.whole.spend(cells)
        super().spend(cells)

    def tick(self, stage: str, bound: float, incumbent: float) -> None:
        """Stop where the whole search does; what a part finds is not told."""
        self.whole.tick("parts", -np.inf, np.inf)
        super().tick(stage, bound, incumbent)


class _Best:
    """The best answers so far, and how good another must be to matter.

    Parameters
    ----------
    unit : float
        Every objective is a multiple of this; 0 when nothing is known.
    keep : int
        How many answers to keep.
    within : float
        Keep answers up to this share worse than the best.
    shift : float
        Part of every value that is no part of the goal: shares are of the rest.
    """

    def __init__(
        self, unit: float = 0.0, *, keep: int = 1, within: float = 0.0, shift: float = 0.0
    ) -> None:
        self.unit, self.keep, self.within, self.shift = unit, keep, within, shift
        self.pool: list[tuple[float, tuple[int, ...]]] = []

    @property
    def value(self) -> float:
        """Objective of the best answer; ``inf`` when there is none."""
        return self.pool[0][0] if self.pool else float("inf")

    @property
    def chosen(self) -> Ints:
        """Positions of the best answer."""
        return np.array(self.pool[0][1] if self.pool else (), dtype=np.intp)

    def offer(self, chosen: Ints, value: float) -> bool:
        """Hand in an answer; tells whether it is the best so far."""
        before = self.value
        key = tuple(int(j) for j in np.sort(chosen))
        if any(key == other for _, other in self.pool):
            return False
        self.pool = sorted([*self.pool, (value, key)])
        worst = self._ceiling
        self.pool = [item for item in self.pool[: self.keep] if item[0] <= worst]
        return value < before

    @property
    def _ceiling(self) -> float:
        own = abs(self.value - self.shift)
        return self.value + self.within * own + _tolerance(self.value)

    def gap(self, bound: float) -> float:
        """Give the distance to a bound as a share of the goal's own value."""
        return _relative_gap(self.value - self.shift, bound - self.shift)

    @property
    def cutoff(self) -> float:
        """Give the value above which a bound shows that nothing wanted lies beyond."""
        if not self.pool:
            return float("inf")
        if self.keep == 1:
            step = max(self.unit * (1 - 1e-6) - _tolerance(self.value), 0.0)
            return self.value - max(step, _tolerance(self.value))
        ceiling = self._ceiling
        full = len(self.pool) >= self.keep
        return min(ceiling, self.pool[-1][0] - _tolerance(self.value)) if full else ceiling


# ------------------------------------------------------------------------------
# HiGHS as the search uses it: made here alone, silent from its first moment on.

_OPTIMAL = highspy.HighsModelStatus.kOptimal
INFEASIBLE = highspy.HighsModelStatus.kInfeasible
PAST_BOUND = highspy.HighsModelStatus.kObjectiveBound
_ATTEMPTS = 3


class _Silent(highspy.Highs):
    """HiGHS that is told to be silent before it can say anything.

    Some versions print a banner to standard output while they are made, as callbacks are set up.
    """

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS calls it so
        self.setOptionValue("output_flag", False)
        self.setOptionValue("log_to_console", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _silent_highs(**options: bool | int | float | str) -> highspy.Highs:
    """Make a silent single-threaded HiGHS with further options; nothing else makes one."""
    engine = _Silent()  # type: ignore[no-untyped-call]
    silent = {"output_flag": False, "log_to_console": False, "threads": 1, "random_seed": 0}
    for option, value in {**silent, **options}.items():
        engine.setOptionValue(option, value)
    return engine


def _quiet_highs() -> highspy.Highs:
    """Make a HiGHS for warm-started dual simplex."""
    return _silent_highs(presolve="off", solver="simplex", simplex_strategy=1)


def _solved(engine: highspy.Highs) -> highspy.HighsModelStatus:
    """Run HiGHS; where it labours, start it afresh from its basis, then from none."""
    for attempt in range(_ATTEMPTS):
        engine.run()
        status = engine.getModelStatus()
        if status in (_OPTIMAL, INFEASIBLE, PAST_BOUND):
            return status
        if status == highspy.HighsModelStatus.kTimeLimit:
            raise _Stop
        basis = engine.getBasis()
        engine.clearSolver()
        engine.setOptionValue("simplex_iteration_limit", 2**31 - 1)
        if attempt == 0:
            engine.setBasis(basis)
    raise SitingError(
        "HiGHS could not solve a linear programme of the search "
        f"({engine.modelStatusToString(status)}); try rounding the costs to 0.01 minutes"
    )


INF = highspy.kHighsInf


def _integer_engine(watch: _Watch) -> highspy.Highs:
    """Make a silent HiGHS for integer programmes, with the watch's time limit."""
    engine = _silent_highs(
        mip_rel_gap=0.0,
        mip_abs_gap=1e-9,
        # A budget missed by a hair is missed: rules are kept to rounding, not to 1e-6.
        mip_feasibility_tolerance=1e-9,
        primal_feasibility_tolerance=1e-9,
    )
    left = watch.left()
    if left is not None:
        engine.setOptionValue("time_limit", max(left, 0.01))
    return engine


def _add_columns(engine: highspy.Highs, cost: Floats, low: Floats, high: Floats) -> None:
    """Add columns without entries."""
    count = len(cost)
    nothing = np.zeros(0)
    engine.addCols(
        count, cost, low, high, 0, np.zeros(count, np.int32), nothing.astype(np.int32), nothing
    )


def _add_rows(engine: highspy.Highs, rows: sp.csr_matrix, low: Floats, high: Floats) -> None:
    """Add sparse rows."""
    if rows.shape[0]:
        engine.addRows(
            rows.shape[0],
            np.maximum(low, -INF),
            np.minimum(high, INF),
            rows.nnz,
            rows.indptr[:-1].astype(np.int32),
            rows.indices.astype(np.int32),
            rows.data.astype(np.float64),
        )


def _make_integer(engine: highspy.Highs, columns: np.ndarray) -> None:
    """Ask whole values of some columns."""
    engine.changeColsIntegrality(
        len(columns), columns.astype(np.int32), np.ones(len(columns), np.uint8)
    )


def _run(engine: highspy.Highs, watch: _Watch, stage: str, *, final: bool = True) -> None:
    """Run HiGHS; the watch looks in, and Ctrl-C or a caller's no ends it early.

    The incumbent stays in the engine. `watch.stopped` says why it ended early.
    """
    halted: list[BaseException] = []

    def look(event: Any) -> None:
        state = event.data_out
        try:
            watch.tick(stage, float(state.mip_dual_bound), float(state.mip_primal_bound))
        except BaseException as stop:
            halted.append(stop)
        if halted or caught:
            event.interrupt()

    with _catch_interrupt() as caught:
        engine.cbMipInterrupt.subscribe(look)
        engine.run()
    if caught:
        watch.stopped = "interrupted"
    elif final and engine.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
        watch.stopped = "time limit"
    for stop in halted:
        if not isinstance(stop, _Stop | KeyboardInterrupt):
            raise stop
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"


@contextmanager
def _catch_interrupt() -> Iterator[list[int]]:
    """Note Ctrl-C instead of raising it inside the solver, where it would lose the answer."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    before = signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        yield caught
    finally:
        signal.signal(signal.SIGINT, before)
