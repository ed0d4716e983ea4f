"""Counts that stand in several tables, hidden in all of them or in none.

Families that move from a closing site to another one stand in three tables: under the site
they leave, under the site they go to, and in the sums of both. They are one two-way table, and
what is hidden is decided once, for all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from access.report.suppression import Sum, suppress
from access.scenario import Impact


@dataclass(frozen=True, slots=True)
class HiddenMoves:
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


def hidden_moves(impact: Impact) -> HiddenMoves:
    """Decide which counts of moving families are hidden in every public table.

    Parameters
    ----------
    impact : Impact

    Returns
    -------
    HiddenMoves

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
    moves = impact.moves[impact.moves["families"] > 0]
    counts: dict[tuple[str, str], float] = {
        (str(a), str(b)): float(n)
        for a, b, n in moves[["from_site", "to_site", "families"]].itertuples(index=False)
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
    return HiddenMoves(
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
