"""Areas put into groups that share an estimate, and how far each area looks for a whole site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from access.siting.model import Bools, Floats, Ints

_CELLS_AT_ONCE = 2_500_000


@dataclass(frozen=True, eq=False)
class Block:
    """Areas whose weighted minutes are estimated together: the objective, or one limit.

    Parameters
    ----------
    weights : ndarray, shape (areas,)
    group : ndarray of int, shape (areas,)
        Which estimate each area belongs to.
    groups : int
    first : int
        Column of the block's first estimate in the programme.
    """

    weights: Floats
    group: Ints
    groups: int
    first: int

    def cut_groups(self, wanted: Bools, reach: Floats) -> Ints:
        """Give the groups, of those wanted, for which a reach makes a cut.

        Parameters
        ----------
        wanted : ndarray of bool, shape (groups,)
        reach : ndarray, shape (areas,)

        Returns
        -------
        ndarray of int
        """
        return np.unique(self.group[wanted[self.group] & (self.weights > 0) & (reach > 0)])


def make_blocks(
    minutes: Floats, weights: Iterable[Floats], marks: Ints, *, first: int, most_groups: int
) -> list[Block]:
    """Group the areas for the objective and for every limit.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
    weights : iterable of ndarray, shape (areas,)
        The objective's, then each limit's.
    marks : ndarray of int
        Free sites, the likeliest to be open first: areas nearest to the same one share a group.
    first : int
        Column of the first estimate.
    most_groups : int
        Areas are only put together where there are more of them than this.

    Returns
    -------
    list of Block
    """
    blocks = []
    for weight in weights:
        used = np.flatnonzero(weight > 0)
        label = np.zeros(len(weight), np.intp)
        if len(used) <= most_groups:
            label[used], groups = np.arange(len(used)), len(used)
        else:
            label[used], groups = _nearest_mark(minutes, used, marks[: max(most_groups, 1)])
        blocks.append(Block(weight, label, max(groups, 1), first))
        first += max(groups, 1)
    return blocks


def _nearest_mark(minutes: Floats, used: Ints, marks: Ints) -> tuple[Ints, int]:
    """Number areas by which of some sites is nearest."""
    label = np.empty(len(used), np.intp)
    step = max(1, _CELLS_AT_ONCE // len(marks))
    for start in range(0, len(used), step):
        rows = used[start : start + step]
        label[start : start + step] = minutes[np.ix_(rows, marks)].argmin(axis=1)
    unique, inverse = np.unique(label, return_inverse=True)
    return inverse.ravel(), len(unique)


def reach_of(minutes: Floats, support: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Give each area's reach and its relaxed minutes at a fractional choice of sites.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
    support : ndarray of int
        The sites that are open in part.
    share : ndarray
        How much of each is open.

    Returns
    -------
    reach : ndarray, shape (areas,)
        Minutes at which the nearest parts add up to one whole site.
    relaxed : ndarray, shape (areas,)
        Mean minutes to those parts.
    """
    n = len(minutes)
    reach, relaxed = np.empty(n), np.empty(n)
    step = max(1, _CELLS_AT_ONCE // max(1, len(support)))
    for start in range(0, n, step):
        block = slice(start, start + step)
        cost = minutes[block][:, support]
        order = np.argsort(cost, axis=1, kind="stable")
        cost = np.take_along_axis(cost, order, 1)
        filled = np.cumsum(share[order], axis=1)
        last = np.minimum((filled < 1 - 1e-9).sum(axis=1), len(support) - 1)
        at = cost[np.arange(len(cost)), last]
        before = np.maximum(at[:, None] - cost, 0.0)
        reach[block] = at
        relaxed[block] = at - (before * share[order]).sum(axis=1)
    return reach, relaxed
