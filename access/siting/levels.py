"""When minutes count as equal: one rule for rules that cap them and searches among them.

Minutes are sums of rounded parts, so the same way may come to 10 and to 10.000000000000002.
Minutes that pass others by no more than a share of `_CAP_SLACK` count as equal to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from access.siting.model import Bools, Floats

#: Minutes are equal to a cap when they pass it by no more than this share.
_CAP_SLACK = 1e-9
_GREATEST = np.finfo(float).max


def within(minutes: Floats, caps: ArrayLike) -> Bools:
    """Tell which minutes are at or under caps (broadcast); ``inf`` never is."""
    with np.errstate(over="ignore"):
        inside: Bools = minutes <= np.minimum(np.asarray(caps) * (1 + _CAP_SLACK), _GREATEST)
    return inside


@dataclass(frozen=True, eq=False)
class Levels:
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
    def of(cls, minutes: Floats) -> Levels:
        """Find the levels of the finite minutes of a table."""
        steps = np.unique(minutes[np.isfinite(minutes)])
        # A level begins where minutes are beyond the one before; what is left is looked at one by
        # one, against the beginning of its level: near-equals never chain into a wide level.
        first = np.append(True, ~within(steps[1:], steps[:-1]))[: len(steps)]
        begin = 0
        for k in np.flatnonzero(~first).tolist():
            begin = k - 1 if first[k - 1] else begin
            first[k] = not within(steps[k], steps[begin])
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
