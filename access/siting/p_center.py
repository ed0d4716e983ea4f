"""The least worst minutes: a search over the distances that occur, each asked as a cover.

Some set of sites has every area within R exactly when a cover exists (Minieka 1970), so the
answer is found by halving the sorted list of minutes that occur in the table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from access.siting.constraints import _cover_rows, _join_rows, _solve_rows
from access.siting.model import Bools, Floats, Ints, _Levels, _SideRows
from access.siting.progress import _Stop, _Watch


@dataclass(frozen=True, eq=False)
class _Worst:
    """The least worst minutes found, and what was proven."""

    value: float
    bound: float
    chosen: Ints
    complete: bool


def _least_worst(
    minutes: Floats,
    rows: _SideRows,
    *,
    fewest: int,
    most: int,
    must: Bools,
    may: Bools,
    start: Ints,
    levels: _Levels,
    watch: _Watch,
) -> _Worst:
    """Find the sites whose worst-off row is best off."""
    chosen, value = start, float(minutes[:, start].min(axis=1).max())
    # Levels under `low` are proven too small, and an answer at level `high` is known.
    low = levels.level(float(minutes[:, may].min(axis=1).max()))
    high = levels.level(value)
    complete = True
    try:
        while low < high:  # ends: each turn high - low shrinks, as low <= middle < high
            bound = float(levels.low[low])
            watch.tick("radius", bound, value)
            middle = (low + high) // 2
            found = _cover_within(
                minutes, float(levels.top[middle]), rows, fewest=fewest, most=most,
                must=must, may=may, watch=watch,
            )  # fmt: skip
            watch.nodes += 1
            if found is None:
                low = middle + 1
            else:
                chosen, value = found, float(minutes[:, found].min(axis=1).max())
                high = min(levels.level(value), middle)
    except (_Stop, KeyboardInterrupt) as stop:
        if isinstance(stop, KeyboardInterrupt):
            watch.stopped = "interrupted"
        complete = False
    bound = value if low >= high else float(levels.low[low])
    return _Worst(value, bound, chosen, complete)


def _cover_within(
    minutes: Floats,
    radius: float,
    rows: _SideRows,
    *,
    fewest: int,
    most: int,
    must: Bools,
    may: Bools,
    watch: _Watch,
) -> Ints | None:
    """Find sites that keep the rows and have every row of minutes within a radius."""
    near = minutes <= radius
    if len(rows):
        cover = _cover_rows(near, may)
        every = _SideRows(np.ones((1, minutes.shape[1])), np.array([fewest]), np.array([most]))
        together, low, high = _join_rows(rows, cover, every), must, may
    else:
        # Without other rules a site that serves less than another is never needed.
        missing = ~near[:, must].any(axis=1)
        cover, useful = _shrunk_cover(near[missing], may & ~must)
        room = np.array([float(most - int(must.sum()))])
        every = _SideRows(np.ones((1, minutes.shape[1])), np.zeros(1), room)
        together, low, high = _join_rows(cover, every), np.zeros(len(must), bool), useful
    answer = _solve_rows(
        np.ones(minutes.shape[1]),
        together.matrix,
        together.low,
        together.high,
        column_low=low.astype(float),
        column_high=high.astype(float),
        watch=watch,
        target=float(most),
    )
    if not answer.feasible:
        return None
    chosen = np.union1d(answer.chosen, np.flatnonzero(must))
    spare = np.setdiff1d(np.flatnonzero(may), chosen)[: max(fewest - len(chosen), 0)]
    return np.union1d(chosen, spare).astype(np.intp)


def _shrunk_cover(near: Bools, allowed: Bools) -> tuple[_SideRows, Bools]:
    """Leave out rows that others imply and sites that others outdo, until neither is left."""
    useful = allowed & near.any(axis=0)
    rows = _cover_rows(near, useful)
    while len(rows):  # ends: each turn takes a useful site away, or is the last
        columns = np.flatnonzero(useful)
        outdone = _outdone(rows.matrix[:, columns])
        if not outdone.any():
            break
        useful[columns[outdone]] = False
        rows = _cover_rows(rows.matrix > 0.5, useful)
    return rows, useful


def _outdone(matrix: Floats) -> Bools:
    """Find columns whose ones are all in another column (the first of equals stays)."""
    sets = matrix.T.astype(np.float32)
    if len(sets) > 6_000:
        return np.zeros(len(sets), bool)
    size = sets.sum(axis=1)
    inside = sets @ sets.T >= size[:, None] - 0.5
    bigger = size[None, :] > size[:, None] + 0.5
    first = np.tri(len(sets), k=-1, dtype=bool)
    equal = np.abs(size[None, :] - size[:, None]) < 0.5
    outdone: Bools = (inside & (bigger | (equal & first))).any(axis=1)
    return outdone
