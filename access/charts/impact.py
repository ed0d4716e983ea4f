"""The bars of a chart of changes, with small counts hidden as in the report's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.charts.chart import (
    ADDED_COLOURS,
    CATEGORICAL,
    INK,
    PAPER,
    QUIET,
    SAVED_COLOURS,
    UNREACHABLE_HATCH,
    Chart,
    label_bars,
)
from access.disclosure import NOTE_HIDDEN, grouped, hidden_beside_total, is_small, public_count
from access.errors import ParameterError
from access.labels import group_words, grouping_words, travel_verb, trip
from access.scenario import Impact
from access.text import Claim, Said, about, capital, joined, listed, minutes_words, named
from access.text import figure as figure_of

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
_LOST = "no site in reach any more"
_COARSE = (*_LOSSES[:2], (10.0, np.inf, "10 or more"))


@dataclass(frozen=True)
class _Bar:
    """One bar.

    Parameters
    ----------
    count : float
        The true count.
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


def _change_bars(impact: Impact, *, internal: bool = False) -> tuple[_Bar, ...]:
    """Count people by how much their trip changes."""
    fine = _bars(impact, _LOSSES)
    if internal or not any(is_small(bar.count) for bar in fine):
        return fine
    coarse = _bars(impact, _COARSE)
    hidden = hidden_beside_total(np.array([[bar.count] for bar in coarse]))[:, 0]
    return tuple(replace(b, hidden=bool(hide)) for b, hide in zip(coarse, hidden, strict=True))


def _bars(impact: Impact, losses: Sequence[tuple[float, float, str]]) -> tuple[_Bar, ...]:
    """Give a bar for every class, in the order of the report's table."""
    count = impact.areas["count"].to_numpy(float)
    change = impact.areas["change_minutes"].to_numpy(float)
    tolerance = impact.tolerance_minutes

    def among(where: np.ndarray) -> float:
        return float(count[where].sum())

    longer = np.isfinite(change) & (change > tolerance)
    bars = [
        _Bar("shorter", among(np.isfinite(change) & (change < -tolerance)), SAVED_COLOURS[1]),
        _Bar("no change", among(np.abs(change) <= tolerance), QUIET),
    ]
    for (low, high, words), colour in zip(losses, ADDED_COLOURS[1:], strict=False):
        inside = longer & (change >= low) & (change < high)
        bars.append(_Bar(words, among(inside), colour, from_minutes=low))
    bars += [
        _Bar(_LOST, among(np.isposinf(change)), PAPER, UNREACHABLE_HATCH),
        _Bar("a site in reach for the first time", among(np.isneginf(change)), SAVED_COLOURS[1]),
        _Bar("none in reach before or after", among(np.isnan(change)), PAPER, "...."),
    ]
    return tuple(b for b in bars if b.count or b.loss or b.words == "no change")


def _may_tell_longer(bars: Sequence[_Bar]) -> bool:
    """Say whether the sum of those whose trip lengthens tells nothing that is hidden."""
    return len({bar.loss for bar in bars if bar.hidden}) < 2


def change_chart(impact: Impact, *, caption: str = "", internal: bool = False) -> Chart:
    """How many families' trips grow, by how much.

    Parameters
    ----------
    impact : Impact
    caption : str
        Measure, population, place, date and source; a plain one is made where it is empty.
    internal : bool
        Show small counts too; for the council's own use only.

    Returns
    -------
    Chart

    Examples
    --------
    >>> import pandas as pd
    >>> from access.network import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [9, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [300, 200]})
    >>> change_chart(compare(m, before=["X", "Y"], after=["Y"], demand=demand)).title
    '300 of 500 families would walk further, 300 of them by 10 minutes or more'
    """
    bars = _change_bars(impact, internal=internal)
    total = float(impact.areas["count"].sum())
    alt = (
        f"Bar chart of {impact.who} by change in minutes to the nearest site: "
        + "; ".join(f"{b.words} {HIDDEN_WORDS if b.hidden else about(b.count)}" for b in bars)
        + "."
    )

    def draw(figure: Figure, axes: Axes) -> None:
        places = np.arange(len(bars))
        widths = [b.width for b in bars]
        axes.barh(
            places,
            widths,
            color=[b.colour for b in bars],
            edgecolor=INK,
            linewidth=0.6,
            hatch=[b.hatch for b in bars],
        )
        axes.set_yticks(places, [b.words for b in bars])
        axes.invert_yaxis()
        words = [HIDDEN_WORDS if b.hidden else f"{b.count:,.0f}" for b in bars]
        label_bars(axes, widths, words)
        axes.set_xlabel(f"{impact.who} ({public_count(total, internal=internal)} in all)")

    below = caption or _caption(impact)
    if any(b.hidden for b in bars):
        below = f"{below} {NOTE_HIDDEN}"
    return Chart(
        _change_title(impact, bars, internal), alt, below, draw, (6.8, 0.42 * len(bars) + 1.0)
    )


def _change_title(impact: Impact, bars: Sequence[_Bar], internal: bool) -> Said:
    """Say how many travel further and how many reach none any more, where that may be told."""
    lost = next((b for b in bars if b.words == _LOST), None)
    further = _further_title(impact, bars, internal)
    if lost is None:
        return further
    if lost.hidden:
        return joined([further, "some could no longer reach any"], "; ")
    text = f"{public_count(lost.count, internal=internal)} could no longer reach any"
    return joined([further, Said(text, [Claim("lost", "is", (lost.count,))])], "; ")


def _further_title(impact: Impact, bars: Sequence[_Bar], internal: bool) -> Said:
    """Say how many travel further, where that gives no hidden count away."""
    longer = [b for b in bars if b.loss]
    much = [b for b in longer if (b.from_minutes or 0.0) >= 10]
    total, further = sum(b.count for b in bars), sum(b.count for b in longer)
    claims = [Claim("families", "is", (total,))]
    whole = f"of {public_count(total, internal=internal)} {impact.who}"
    verb = f"would {travel_verb(impact.mode)} further"
    if not further:
        return Said(f"None {whole} {verb}", [*claims, Claim("lengthened", "none", (0.0,))])
    some = "some"
    if _may_tell_longer(bars):
        claims.append(Claim("lengthened", "is", (further,)))
        some = public_count(further, internal=internal)
    title = f"{capital(some)} {whole} {verb}"
    if any(b.hidden for b in much):
        return Said(title, claims)
    far = sum(b.count for b in much)
    claims.append(Claim("lengthened_10", "is" if far else "none", (far,)))
    return Said(f"{title}, {about(far) if far else 'none'} of them by 10 minutes or more", claims)


def _caption(impact: Impact) -> str:
    closed = named(impact.closed, impact.names)
    what = f"closing {listed(closed)}" if closed else "the change"
    return f"Change in minutes to the nearest site ({trip(impact.mode)}) after {what}."


def group_chart(
    impact: Impact, column: str = "imd_decile", *, caption: str = "", internal: bool = False
) -> Chart:
    """Mean change by decile, or by any other group, beside that of everyone.

    Parameters
    ----------
    impact : Impact
    column : str
        As in `Impact.by`.
    caption : str
    internal : bool
        As in `change_chart`. A group that the report's table of the same groups hides has no bar.

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If demand has no such column, or nobody is reached both before and after.
    """
    table = grouped(impact, column)
    table = table[table["mean_minutes_change"].notna() & (table["families"] > 0)]
    if table.empty:
        raise ParameterError(f"no group of {column!r} is reached both before and after")
    labels = [group_words(column, group) for group in table["group"]]
    hidden = (table["hidden"] & (not internal)).tolist()
    rises = zip(table["mean_minutes_change"], hidden, strict=True)
    change = [0.0 if hide else float(rise) for rise, hide in rises]
    words = [HIDDEN_WORDS if hide else f"{c:+.1f}" for c, hide in zip(change, hidden, strict=True)]
    everyone = float(impact.summary["mean_minutes_change"] or 0.0)
    told = [
        f"{label} {text}" + ("" if hide else f" ({about(n)} {impact.who})")
        for label, text, n, hide in zip(labels, words, table["families"], hidden, strict=True)
    ]
    alt = (
        f"Bar chart of mean change in minutes to the nearest site by {grouping_words(column)}: "
        f"{'; '.join(told)}. Everyone {everyone:+.1f}."
    )
    below = caption or _caption(impact)
    if any(hidden):
        below = f"{below} {NOTE_HIDDEN}"
    the = "the " if column.startswith(("imd_", "idaci_")) else ""
    bars = zip(change, labels, hidden, strict=True)
    shown = [(c, f"{the}{label}") for c, label, hide in bars if not hide]
    title = _group_title(shown, len(change), everyone, impact.tolerance_minutes)

    def draw(figure: Figure, axes: Axes) -> None:
        _draw_groups(axes, change, labels, words, everyone)

    return Chart(title, alt, below, draw, (6.8, 0.34 * len(change) + 1.1))


def _draw_groups(
    axes: Axes,
    change: Sequence[float],
    labels: Sequence[str],
    words: Sequence[str],
    everyone: float,
) -> None:
    """Draw a bar a group, and a line where everyone's rise lies."""
    places = np.arange(len(change))
    axes.barh(places, change, color=CATEGORICAL[0], height=0.72)
    axes.set_yticks(places, labels)
    axes.set_ylim(len(change) - 0.4, -1.2)
    label_bars(axes, change, words)
    low, high = axes.get_xlim()  # everyone's rise may be past every bar that is shown
    axes.set_xlim(min(low, 1.3 * everyone), max(high, 1.3 * everyone))
    axes.axvline(everyone, color=CATEGORICAL[3], linewidth=1.6, linestyle=(0, (4, 2)))
    axes.annotate(
        f"everyone {everyone:+.1f}",
        (everyone, -0.85),
        xytext=(5, 0),
        textcoords="offset points",
        fontsize=10,
        va="center",
    )
    axes.set_xlabel("mean change, minutes")


def _group_title(
    shown: Sequence[tuple[float, str]], groups: int, everyone: float, tolerance: float
) -> Said:
    """Say which of the groups shown has the largest rise, or that there is none."""
    whole = Claim("rise_of_everyone", "is", (everyone,))
    changes = f"changes by {minutes_words(everyone, signed=True)}"
    if not shown:
        return Said(f"For everyone the trip {changes}; every group is too small", [whole])
    most, where = max(shown, key=lambda pair: pair[0])
    claims = [Claim(f"group_rise:{where.removeprefix('the ')}", "largest", (most,)), whole]
    if most <= tolerance:
        grows = "group's trip grows" if len(shown) == groups else "trip of the groups shown grows"
        return Said(f"No {grows}; for everyone it {changes}", claims)
    against = f"against {figure_of(everyone, 1)} for everyone"
    first = "The trip" if len(shown) == groups else "Of the groups shown the trip"
    return Said(f"{first} grows most in {where}: by {minutes_words(most)}, {against}", claims)
