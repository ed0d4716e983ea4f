"""Hide small counts, and enough beside them that no total gives them away.

Primary suppression hides every count above 0 and below the threshold. Secondary suppression
then hides further counts until nobody who reads the table, knows its sums and knows that a
hidden count is at least 1 (zeros are published) can narrow any hidden count down to fewer
than ``threshold - 1`` values: as many as ``[c]`` itself leaves open.

Method: the interval audit of the statistical disclosure control literature (Hundepool and
others, *Statistical Disclosure Control*, 2012, chapter 4): the least and the greatest value
each hidden cell can have under the table's sums, by linear programming; cells are added
greedily, the cheapest first, until the audit passes. The bounds are those of real numbers. Of
rows, columns and groupings that share a total they are those of whole numbers too; where a total
counted a cell twice, by itself and through another total, fewer whole numbers might be left than
the bounds hold. No table here does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError
from access.scenario import Impact
from access.text import about, percent

_Floats = NDArray[np.float64]
_Mask = NDArray[np.bool_]

THRESHOLD = 5
"""Counts above 0 and below this are hidden in anything public."""
_SLACK = 1e-6


def is_small(counts: Any) -> Any:
    """Say of a count, or of each in an array, whether the public may not be told it.

    Examples
    --------
    >>> [bool(is_small(n)) for n in (0, 0.4, 4, 5)]
    [False, True, True, False]
    """
    return (counts > 0) & (counts < THRESHOLD)


def public_count(count: float, *, internal: bool = False) -> str:
    """Write a count as people say it, and as the public may see it.

    Examples
    --------
    >>> public_count(4884), public_count(3), public_count(3, internal=True), public_count(0)
    ('about 4,900', 'fewer than 5', '3', '0')
    """
    return f"fewer than {THRESHOLD}" if is_small(count) and not internal else about(count)


def public_share(part: float, whole: float, *, internal: bool = False) -> str:
    """Say which share of a whole a part is; of a part that may not be told, only that it is small.

    Examples
    --------
    >>> public_share(30, 60), public_share(3, 60), public_share(3, 60, internal=True)
    ('50%', 'fewer than 5', '5%')
    """
    return public_count(part) if is_small(part) and not internal else percent(part / whole)


@dataclass(frozen=True, slots=True)
class Sum:
    """One addition that a reader can make: a total cell and the cells that add up to it.

    Parameters
    ----------
    total : int
        Position of the total in the flat array of counts.
    parts : tuple of int
        Positions of the cells that add up to it.
    """

    total: int
    parts: tuple[int, ...]

    @property
    def cells(self) -> tuple[int, ...]:
        """Every cell of the addition, the total first."""
        return (self.total, *self.parts)


def suppress(
    counts: ArrayLike,
    sums: Sequence[Sum] = (),
    *,
    threshold: int = THRESHOLD,
    already: ArrayLike | None = None,
) -> _Mask:
    """Choose the counts to hide.

    Notes
    -----
    Zeros are never hidden: the reader is told which groups are empty. It always ends, because
    with every count above 0 hidden nothing bounds any of them from above.

    Examples
    --------
    One small count and its total: a second count has to go, the smallest that protects.

    >>> suppress([3, 40, 12, 55], [Sum(3, (0, 1, 2))]).tolist()
    [True, False, True, False]
    >>> suppress([3, 40, 12]).tolist()
    [True, False, False]
    """
    audit = _Audit.of(counts, sums)
    audit.hidden[(audit.counts > 0) & (audit.counts < threshold)] = True
    if already is not None:
        audit.hidden[np.asarray(already, dtype=bool) & (audit.counts > 0)] = True
    room = threshold - 2 - _SLACK
    safe: set[int] = set()
    while (exposed := audit.exposed(room, safe)) is not None:
        audit.hidden[audit.partner(exposed)] = True
    return audit.hidden


def hidden_beside_total(counts: ArrayLike) -> _Mask:
    """Choose the counts to hide in columns that each have a total below.

    Examples
    --------
    >>> hidden_beside_total([[3.0], [40.0], [12.0]]).ravel().tolist()
    [True, False, True]
    """
    body = np.asarray(counts, dtype=float)
    rows, wide = body.shape
    whole = np.vstack([body, body.sum(axis=0)])
    sums = [Sum(rows * wide + j, tuple(r * wide + j for r in range(rows))) for j in range(wide)]
    return suppress(whole.ravel(), sums if rows else ()).reshape(whole.shape)[:-1]


def _intervals(
    counts: ArrayLike, hidden: ArrayLike, sums: Sequence[Sum] = ()
) -> tuple[_Floats, _Floats]:
    """Work out what a reader can say about each hidden count.

    Examples
    --------
    >>> low, high = _intervals([3, 40, 12, 55], [True, False, True, False], [Sum(3, (0, 1, 2))])
    >>> low.tolist(), high.tolist()
    ([1.0, 40.0, 1.0, 55.0], [14.0, 40.0, 14.0, 55.0])
    """
    audit = _Audit.of(counts, sums)
    audit.hidden[np.asarray(hidden, dtype=bool)] = True
    low, high = audit.propagated()
    for cell in map(int, np.flatnonzero(audit.hidden)):
        if audit.crossed(cell):
            low[cell], high[cell] = audit.programmed(cell, low, high)
    return low, high


@dataclass(frozen=True, eq=False)
class _Audit:
    """The counts, which of them are hidden so far, and the sums a reader can make."""

    counts: _Floats
    hidden: _Mask
    sums: list[Sum]
    sums_of: list[list[Sum]]
    lower: float

    @classmethod
    def of(cls, counts: ArrayLike, sums: Sequence[Sum]) -> _Audit:
        """Check the counts, and keep the sums whose every cell is known."""
        values = np.asarray(counts, dtype=float)
        if values.ndim != 1 or (values < 0).any():
            raise ParameterError(
                f"counts must be a flat list of numbers of 0 or more; found {values.tolist()}"
            )
        usable = [s for s in sums if not np.isnan(values[list(s.cells)]).any()]
        sums_of: list[list[Sum]] = [[] for _ in values]
        for s in usable:
            parts = float(values[list(s.parts)].sum())
            if abs(parts - values[s.total]) > 0.5:
                raise ParameterError(
                    f"a total of {values[s.total]:g} was declared over parts that add up to "
                    f"{parts:g}; expected them to agree: leave the sum out where parts are missing"
                )
            for cell in s.cells:
                sums_of[cell].append(s)
        known = values[~np.isnan(values)]
        # Zeros are published, so a reader knows that a hidden whole count is at least 1.
        lower = 1.0 if np.array_equal(known, np.round(known)) else 0.0
        return cls(values, np.zeros(values.shape, bool), usable, sums_of, lower)

    def exposed(self, room: float, safe: set[int]) -> int | None:
        """Find a hidden cell that the sums pin down too closely.

        Hiding more only widens what a hidden cell can be, so a cell once safe stays safe.
        """
        low, high = self.propagated()
        cells = np.flatnonzero(self.hidden)
        tight = cells[(high - low)[cells] < room]
        if tight.size:  # mend the cell that one sum alone pins: it may be what exposes the others
            return min(map(int, tight), key=lambda c: (self._room(c), c))
        for cell in (int(c) for c in cells if int(c) not in safe):
            if self.crossed(cell):
                least, most = self.programmed(cell, low, high)
                if most - least < room:
                    return cell
            safe.add(cell)
        return None

    def propagated(self) -> tuple[_Floats, _Floats]:
        """Bound every cell by one sum at a time (the whole story where no two sums meet)."""
        low = np.where(self.hidden, self.lower, self.counts)
        high = np.where(self.hidden, np.inf, self.counts)
        active = [s for s in self.sums if self.hidden[list(s.cells)].any()]
        for _ in range(20):
            before = low.copy(), high.copy()
            for s in active:
                self._propagate(s, low, high)
            if np.array_equal(before[0], low) and np.array_equal(before[1], high):
                break
        return low, high

    def _propagate(self, s: Sum, low: _Floats, high: _Floats) -> None:
        parts = np.array(s.parts)
        if self.hidden[s.total]:
            low[s.total] = max(low[s.total], low[parts].sum())
            high[s.total] = min(high[s.total], high[parts].sum())
        for part in parts[self.hidden[parts]]:
            others = parts[parts != part]
            high[part] = min(high[part], high[s.total] - low[others].sum())
            low[part] = max(low[part], low[s.total] - high[others].sum())

    def crossed(self, cell: int) -> bool:
        """Say whether a cell's sums meet others, so that one sum at a time is not enough."""
        return any(
            self.hidden[other] and len(self.sums_of[other]) > 1
            for s in self.sums_of[cell]
            for other in s.cells
        )

    def programmed(self, cell: int, low: _Floats, high: _Floats) -> tuple[float, float]:
        """Bound one cell by all sums at once."""
        columns = np.flatnonzero(self.hidden)
        where = {int(c): k for k, c in enumerate(columns)}
        from scipy.optimize import linprog  # most tables hide nothing

        rows = [s for s in self.sums if self.hidden[list(s.cells)].any()]
        matrix, right = np.zeros((len(rows), columns.size)), np.zeros(len(rows))
        for r, s in enumerate(rows):
            for c, sign in [(s.total, 1.0), *((p, -1.0) for p in s.parts)]:
                if self.hidden[c]:
                    matrix[r, where[c]] += sign
                else:
                    right[r] -= sign * self.counts[c]
        goal = np.zeros(columns.size)
        goal[where[int(cell)]] = 1.0
        bounds = [(max(low[c] - _SLACK, 0.0), high[c] + _SLACK) for c in columns]
        ends = [low[cell], high[cell]]
        for end, sign in enumerate((1.0, -1.0)):
            found = linprog(sign * goal, A_eq=matrix, b_eq=right, bounds=bounds, method="highs")
            if found.status == 0:
                ends[end] = sign * found.fun
        return float(ends[0]), float(ends[1])

    def partner(self, exposed: int) -> int:
        """Choose the published count whose hiding protects an exposed cell at the least cost."""
        best: tuple[bool, int, float, int] | None = None
        around = self._around(exposed)
        tightest = min(self._room_in(s, exposed) for s in around)
        for s in (s for s in around if self._room_in(s, exposed) == tightest):
            for cell in s.cells:
                if self.hidden[cell] or self.counts[cell] <= 0:
                    continue
                bare = sum(not self.hidden[list(t.cells)].any() for t in self.sums_of[cell])
                key = (cell == s.total, bare, float(self.counts[cell]), cell)
                best = key if best is None or key < best else best
        if best is None:  # pragma: no cover - nothing above 0 would be left to publish
            raise ParameterError("no further count can be hidden; the sums cannot be right")
        return best[3]

    def _room(self, cell: int) -> float:
        return min((self._room_in(s, cell) for s in self.sums_of[cell]), default=np.inf)

    def _room_in(self, s: Sum, cell: int) -> float:
        """Give how far a hidden cell can move by one sum alone: 0 where the sum solves for it."""
        hidden = [c for c in s.cells if self.hidden[c]]
        spent = not any(not self.hidden[c] and self.counts[c] > 0 for c in s.cells)
        if spent or cell not in hidden:
            return np.inf
        if len(hidden) == 1:
            return 0.0
        if self.hidden[s.total]:
            return np.inf
        return float(sum(self.counts[c] - self.lower for c in hidden))

    def _around(self, exposed: int) -> list[Sum]:
        """Give the sums that hold the cell or, where those are spent, the sums that meet them."""
        cells, known = {exposed}, -1
        while True:
            found = [s for s in self.sums if cells.intersection(s.cells)]
            if len(found) == known or any(
                not self.hidden[c] and self.counts[c] > 0 for s in found for c in s.cells
            ):
                return found
            known = len(found)
            cells.update(c for s in found for c in s.cells if self.hidden[c])


@dataclass(frozen=True, slots=True)
class _HiddenMoves:
    """Which counts of moving families a public table may not show.

    Parameters
    ----------
    pairs : frozenset of (str, str)
        From a site and to a site (empty where none is reached).
    leaving, arriving : frozenset of str
        Sums by the site that is left, and by the site that is gone to.
    """

    pairs: frozenset[tuple[str, str]]
    leaving: frozenset[str]
    arriving: frozenset[str]


def hidden_moves(impact: Impact) -> _HiddenMoves:
    """Decide which counts of moving families are hidden in every public table.

    Examples
    --------
    >>> import pandas as pd
    >>> from access import TravelMatrix, compare
    >>> m = TravelMatrix.from_minutes([[1, 5, 9], [1, 9, 5]], area_ids=["a", "b"],
    ...                               site_ids=["X", "Y", "Z"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [3, 40]})
    >>> sorted(hidden_moves(compare(m, before=["X", "Y", "Z"], after=["Y", "Z"],
    ...                             demand=demand)).pairs)
    [('X', 'Y'), ('X', 'Z')]
    """
    if impact not in _DECIDED:  # sentences, tables, charts and maps all ask
        _DECIDED[impact] = _decide(impact)
    return _DECIDED[impact]


_DECIDED: WeakKeyDictionary[Impact, _HiddenMoves] = WeakKeyDictionary()


def _decide(impact: Impact) -> _HiddenMoves:
    """Audit the table of who moves from where to where."""
    columns = (impact.moves[c].tolist() for c in ("from_site", "to_site", "families"))
    counts: dict[tuple[str, str], float] = {
        (str(a), str(b)): float(n) for a, b, n in zip(*columns, strict=True) if n > 0
    }
    leave = sorted({a for a, _ in counts})
    arrive = sorted({b for _, b in counts})
    # Cells: every pair, then the sum of each site left, of each site gone to, and of all.
    values = [counts.get((a, b), 0.0) for a in leave for b in arrive]
    wide, tall = len(arrive), len(leave)
    grid = np.array(values).reshape(tall, wide)
    flat = np.concatenate([grid.ravel(), grid.sum(axis=1), grid.sum(axis=0), [grid.sum()]])
    base = tall * wide
    sums = [Sum(base + r, tuple(range(r * wide, (r + 1) * wide))) for r in range(tall)]
    sums += [Sum(base + tall + c, tuple(range(c, base, wide))) for c in range(wide)]
    whole = base + tall + wide
    if base:
        sums += [Sum(whole, tuple(range(base, base + tall)))]
        sums += [Sum(whole, tuple(range(base + tall, whole)))]
    hidden = suppress(flat, sums)
    return _HiddenMoves(
        pairs=frozenset(
            (a, b)
            for r, a in enumerate(leave)
            for c, b in enumerate(arrive)
            if hidden[r * wide + c]
        ),
        leaving=_named(leave, hidden[base : base + tall]),
        arriving=_named(arrive, hidden[base + tall : whole]),
    )


def _named(sites: list[str], hidden: np.ndarray) -> frozenset[str]:
    flags: Mapping[str, bool] = dict(zip(sites, hidden.tolist(), strict=True))
    return frozenset(site for site, flag in flags.items() if flag)


def grouped(impact: Impact, column: str) -> pd.DataFrame:
    """Give the impact group by group."""
    frame = impact.by(column)
    number = pd.to_numeric(frame["group"], errors="coerce")
    order = np.argsort(number.to_numpy(float), kind="stable")  # what is no number comes last
    if number.notna().any() and (order != np.arange(len(order))).any():
        # tenths held as text would stand as 1, 10, 2
        frame = frame.iloc[order].reset_index(drop=True)
    frame["further"] = further(frame)
    counts = np.column_stack([frame[c].to_numpy(float) for c in ("families", "further")])
    frame["hidden"] = np.any(hidden_beside_total(counts), axis=1).tolist()
    return frame


def further(figures: pd.DataFrame) -> pd.Series:
    """Count who have further to go: a longer trip, or no site in reach any more.

    Examples
    --------
    >>> further(pd.DataFrame({"lengthened": [4.0], "newly_unreachable": [2.0]})).tolist()
    [6.0]
    """
    return figures["lengthened"] + figures["newly_unreachable"]


HIDDEN = "[c]"


NOTE_HIDDEN = (
    f"[c]: hidden. The number is above 0 and below {THRESHOLD}, or would give such a number away "
    "through a total."
)
