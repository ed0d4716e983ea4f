"""The bars of a chart of changes, with small counts hidden as in the report's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from access.maps.style import ADDED_COLOURS, PAPER, QUIET, SAVED_COLOURS, UNREACHABLE_HATCH
from access.report.suppression import THRESHOLD, hidden_beside_total
from access.scenario import Impact

#: What a bar shows in place of a hidden count.
HIDDEN_WORDS = "hidden [c]"

_LOSSES = (
    (0.0, 5.0, "up to 5 minutes more"),
    (5.0, 10.0, "5 to 10 more"),
    (10.0, 15.0, "10 to 15 more"),
    (15.0, 20.0, "15 to 20 more"),
    (20.0, 30.0, "20 to 30 more"),
    (30.0, np.inf, "30 or more"),
)
"""Bins of extra minutes: from, to, words. From is within, to is left out, as in the classes of
`access.measure.distribution.change_class`: no count of a table is cut by a bin."""
_COARSE = (*_LOSSES[:2], (10.0, np.inf, "10 or more"))


@dataclass(frozen=True)
class Bar:
    """One bar.

    Parameters
    ----------
    words : str
    count : float
        The true count.
    colour, hatch : str
    from_minutes : float, optional
        Least lengthening of those it counts, where their trip lengthens.
    hidden : bool
        The count must not be published.
    """

    words: str
    count: float
    colour: str
    hatch: str = ""
    from_minutes: float | None = None
    hidden: bool = False

    @property
    def loss(self) -> bool:
        """Whether it counts people whose trip lengthens."""
        return self.from_minutes is not None

    @property
    def width(self) -> float:
        """How long the bar is drawn."""
        return 0.0 if self.hidden else self.count


def change_bars(impact: Impact, *, internal: bool = False) -> tuple[Bar, ...]:
    """Count people by how much their trip changes.

    Parameters
    ----------
    impact : Impact
    internal : bool
        Show small counts; for the council's own use only.

    Returns
    -------
    tuple of Bar
        Where a fine bin would hold fewer than 5 people, the classes of the report's table of
        changes instead, which hides the same of them: so no bar tells more than the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from access.network import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [9, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [300, 2]})
    >>> change = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> [bar.words for bar in change_bars(change) if bar.hidden]
    ['no change', '10 or more']
    """
    fine = _bars(impact, _LOSSES)
    if internal or not any(0 < bar.count < THRESHOLD for bar in fine):
        return fine
    coarse = _bars(impact, _COARSE)
    hidden = hidden_beside_total(np.array([[bar.count] for bar in coarse]))[:, 0]
    return tuple(replace(b, hidden=bool(hide)) for b, hide in zip(coarse, hidden, strict=True))


def _bars(impact: Impact, losses: Sequence[tuple[float, float, str]]) -> tuple[Bar, ...]:
    """Give a bar for every class, in the order of the report's table."""
    count = impact.areas["count"].to_numpy(float)
    change = impact.areas["change_minutes"].to_numpy(float)
    tolerance = impact.tolerance_minutes

    def among(where: np.ndarray) -> float:
        return float(count[where].sum())

    longer = np.isfinite(change) & (change > tolerance)
    bars = [
        Bar("shorter", among(np.isfinite(change) & (change < -tolerance)), SAVED_COLOURS[1]),
        Bar("no change", among(np.abs(change) <= tolerance), QUIET),
    ]
    for (low, high, words), colour in zip(losses, ADDED_COLOURS[1:], strict=False):
        inside = longer & (change >= low) & (change < high)
        bars.append(Bar(words, among(inside), colour, from_minutes=low))
    bars += [
        Bar("no site in reach any more", among(np.isposinf(change)), PAPER, UNREACHABLE_HATCH),
        Bar("a site in reach for the first time", among(np.isneginf(change)), SAVED_COLOURS[1]),
        Bar("none in reach before or after", among(np.isnan(change)), PAPER, "...."),
    ]
    return tuple(b for b in bars if b.count or b.loss or b.words == "no change")


def may_tell_longer(bars: Sequence[Bar]) -> bool:
    """Say whether the sum of those whose trip lengthens tells nothing that is hidden.

    Parameters
    ----------
    bars : sequence of Bar

    Returns
    -------
    bool
        Where bars of both sides are hidden, the sum of one side would part them.

    Examples
    --------
    >>> longer = Bar("5 to 10 more", 3, "", from_minutes=5.0, hidden=True)
    >>> same, first = Bar("no change", 90, ""), Bar("a site in reach", 9, "", hidden=True)
    >>> may_tell_longer([longer, same]), may_tell_longer([longer, same, first])
    (True, False)
    """
    return len({bar.loss for bar in bars if bar.hidden}) < 2
