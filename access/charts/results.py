"""Charts of what was found: changes of travel, and where a proposal stands and how surely."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.analysis.results import StudyResults
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
from access.labels import (
    criterion_kind,
    criterion_short,
    criterion_value,
    criterion_words,
    group_words,
    grouping_words,
    travel_verb,
    trip,
)
from access.scenario import Impact, Ranking, Robustness
from access.text import (
    NOT_KNOWN,
    Claim,
    Said,
    about,
    capital,
    counted,
    joined,
    listed,
    minutes_words,
    named,
    number,
    ordinal,
    percent,
)
from access.text import figure as figure_of

if TYPE_CHECKING:
    from access.siting.hubs import HubSearch


# The bars of a chart of changes, with small counts hidden as in the report's tables.

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
        words = [HIDDEN_WORDS if b.hidden else figure_of(b.count) for b in bars]
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
    if not far and _reads_as_ten(impact):
        return Said(title, claims)
    claims.append(Claim("lengthened_10", "is" if far else "none", (far,)))
    return Said(f"{title}, {about(far) if far else 'none'} of them by 10 minutes or more", claims)


def _reads_as_ten(impact: Impact) -> bool:
    """Say whether a rise just below ten minutes stands as ten wherever minutes are whole."""
    of_people = impact.areas["change_minutes"][impact.areas["count"] > 0]
    return bool(((of_people >= 9.5) & (of_people < 10)).any())


def _caption(impact: Impact) -> str:
    done = {"closing": impact.closed, "opening": impact.opened}
    parts = [f"{does} {listed(named(ids, impact.names))}" for does, ids in done.items() if ids]
    parts += [f"changing {impact.altered}"] if impact.altered else []
    what = listed(parts, none="the change")
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
    words = [HIDDEN_WORDS if hide else _rise(c) for c, hide in zip(change, hidden, strict=True)]
    everyone = float(impact.summary["mean_minutes_change"] or 0.0)
    told = [
        f"{label} {text}" + ("" if hide else f" ({about(n)} {impact.who})")
        for label, text, n, hide in zip(labels, words, table["families"], hidden, strict=True)
    ]
    alt = (
        f"Bar chart of mean change in minutes to the nearest site by {grouping_words(column)}: "
        f"{'; '.join(told)}. Everyone {_rise(everyone)}."
    )
    below = caption or _caption(impact)
    if any(hidden):
        below = f"{below} {NOTE_HIDDEN}"
    bars = zip(change, labels, hidden, strict=True)
    shown = [(c, _group_place(column, label)) for c, label, hide in bars if not hide]
    title = _group_title(shown, len(change), everyone, impact.tolerance_minutes)

    def draw(figure: Figure, axes: Axes) -> None:
        _draw_groups(axes, change, labels, words, everyone)

    return Chart(title, alt, below, draw, (6.8, 0.34 * len(change) + 1.1))


def _rise(minutes: float) -> str:
    return figure_of(minutes, 1, signed=True)


def _group_place(column: str, label: str) -> str:
    """Say where a group lives, as it stands in a sentence."""
    if label == NOT_KNOWN:
        return f"areas whose {grouping_words(column)} is not known"
    return f"the {label}" if column.startswith(("imd_", "idaci_")) else label


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
        f"everyone {_rise(everyone)}",
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


# ------------------------------------------------------------------------------
# Charts of a ranking: where the proposal stands, what beats it, and how sure that is.

_TICK = 20  # characters in a line beside the axis
_Spans = dict[str, tuple[int, int]]
_CROSS: dict[str, Any] = {"color": CATEGORICAL[3], "markeredgecolor": INK}
"""How the proposal's mark, and the council's choice, is painted."""
_BESIDE: dict[str, Any] = {"textcoords": "offset points", "annotation_clip": False}
"""Words some points beside a place; all places are inside the picture, so none is looked up."""


def rank_chart(
    ranking: Ranking, robustness: Robustness | None = None, *, caption: str = ""
) -> Chart:
    """Where the proposal stands on every criterion, from best to worst of all options.

    Parameters
    ----------
    ranking : Ranking
        With a proposal.
    robustness : Robustness, optional
        Adds the interval of the rank in nine of ten settings.
    caption : str

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If the ranking has no proposal.
    """
    if ranking.proposal is None:
        raise ParameterError("the ranking has no proposal to show; expected proposal=ids")
    spans = _spans(robustness, list(ranking.criteria))
    plain = f"Every option of {ranking.what}; {trip(ranking.mode)}."
    if spans:
        plain += " Bars: the rank in nine of ten settings of what was let vary."
    return Chart(
        _rank_title(ranking),
        _rank_alt(ranking, spans),
        caption or plain,
        lambda figure, axes: _draw_ranks(axes, ranking, spans),
        (6.8, 0.5 * len(ranking.criteria) + 0.9),
    )


def _ranks(ranking: Ranking) -> list[int]:
    """Give the proposal's rank on every criterion."""
    proposal = ranking.proposal or {}
    return [int(proposal[f"rank_{c}"]) for c in ranking.criteria]


def _rank_title(ranking: Ranking) -> str:
    """Say where the proposal stands best and worst."""
    criteria, ranks = list(ranking.criteria), _ranks(ranking)
    places = [ranking.place(c, others=False) for c in criteria]
    allowed = ranking.proposal is None or ranking.proposal["allowed"]
    if len(ranking.table) == 1 and allowed:
        return "The proposal is the only option"
    of = f"{'Of' if allowed else 'Set beside'} {counted(len(ranking.table), 'option')}"
    if len(set(ranks)) == 1:
        same = places[0] if len(set(places)) == 1 else f"{ordinal(ranks[0])}, at times jointly,"
        return f"{of} the proposal is {same} on every count"
    ends = (int(np.argmin(ranks)), int(np.argmax(ranks)))
    best, worst = (f"{places[k]} by {ranking.words(criteria[k])}" for k in ends)
    return f"{of} the proposal is {best} and {worst}"


def _rank_alt(ranking: Ranking, spans: _Spans) -> str:
    """Give every rank in words, with its interval where it is known."""
    told = [
        f"{ranking.words(c)} {ranking.place(c)}"
        + (f", between {spans[c][0]:,} and {spans[c][1]:,}" if c in spans else "")
        for c in ranking.criteria
    ]
    return (
        f"Dot chart of the proposal's rank among {counted(len(ranking.table), 'option')}, "
        "1 being best: "
        f"{'; '.join(told)}."
    )


def _draw_ranks(axes: Axes, ranking: Ranking, spans: _Spans) -> None:
    """Draw a line from best to worst for each criterion, its interval, and the proposal on it."""
    n, criteria = len(ranking.table), list(ranking.criteria)
    for place, (c, rank) in enumerate(zip(criteria, _ranks(ranking), strict=True)):
        level = [place, place]
        axes.plot([1, n], level, color=QUIET, linewidth=1.2, zorder=1)
        if c in spans:
            look: dict[str, Any] = {"color": CATEGORICAL[5], "linewidth": 8, "alpha": 0.75}
            axes.plot(spans[c], level, solid_capstyle="butt", zorder=2, **look)
        axes.plot([rank], [place], "X", markersize=11, markeredgewidth=0.8, zorder=3, **_CROSS)
        label = ranking.place(c, others=False)
        axes.annotate(label, (rank, place), xytext=(0, 9), ha="center", fontsize=10, **_BESIDE)
    names = [textwrap.fill(criterion_short(c), _TICK) for c in criteria]
    axes.set_yticks(range(len(criteria)), names)
    axes.set_ylim(len(criteria) - 0.5, -0.75)
    last = max(n, *_ranks(ranking))  # a proposal that is none of the options may be beyond them
    axes.set_xlim(1 - 0.04 * n, n * 1.04 + (last - n))
    ends = {1: "1 (best)", n: f"{n:,} (worst)"} if n > 1 else {1: "1"}
    axes.set_xticks(list(ends), list(ends.values()))
    axes.spines["bottom"].set_visible(False)


def _spans(robustness: Robustness | None, criteria: list[str]) -> _Spans:
    """Give the ends of the rank in nine of ten settings, by criterion; none among a drawn few."""
    if robustness is None or robustness.proposal is None or robustness.drawn_of:
        return {}
    table = robustness.ranks().set_index("criterion")
    low, high = table["p5"].to_dict(), table["p95"].to_dict()
    return {c: (int(low[c]), int(high[c])) for c in criteria if c in low}


def pareto_chart(ranking: Ranking, x: str = "mean", y: str = "p90", *, caption: str = "") -> Chart:
    """All options on two criteria, with those that none beats on both, and the proposal.

    Parameters
    ----------
    ranking : Ranking
    x, y : str
        Criteria of the ranking; less is better (savings: more).
    caption : str

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If a criterion is not one of this ranking, or no option reaches everybody.
    """
    for c in (x, y):
        ranking.best(c)
    values = ranking.table[[x, y]].to_numpy(float)
    usable = np.isfinite(values).all(axis=1)
    if not usable.any():
        raise ParameterError("every option leaves some people unreached, so there is no picture")
    front = _two_way_front(ranking.table[usable], x, y)
    p = ranking.proposal
    own = None
    if p is not None and p[x] is not None and p[y] is not None:
        own = (float(p[x]), float(p[y]))
    better = _beaten_by(values[usable], own, x, y) if own else 0
    left_out = _left_out_words(int((~usable).sum()), proposal=p is not None and own is None)
    of = f"{int(usable.sum()):,} of " if left_out else ""
    alt = (
        f"Scatter of {of}{counted(len(values), 'option')}, {ranking.words(x)} across and "
        f"{ranking.words(y)} up; {_better_side(x, y)} is better. {left_out}"
        f"{_front_words(front, x, y)}"
    )
    if own:
        at = " and ".join(criterion_value(c, v) for c, v in zip((x, y), own, strict=True))
        beat = f"{better:,} beat{'s' if better == 1 else ''} it" if better else "none beats it"
        alt += f" The proposal lies at {at}; {beat} on both."
    side = capital(_better_side(x, y))
    plain = f"Every option of {ranking.what}; {trip(ranking.mode)}. {side} is better."
    return Chart(
        _front_title(ranking, front, x, y, better=better if own else None),
        alt,
        f"{caption or plain} {left_out}".strip(),
        lambda figure, axes: _draw_front(axes, values[usable], front, own, x, y),
        (6.8, 4.4),
    )


def _left_out_words(count: int, *, proposal: bool) -> str:
    """Say how many options are not in the picture, and whether the proposal is one of them."""
    if not count:
        return ""
    if proposal and count == 1:
        return "The proposal leaves people unreached and is not shown. "
    leave, are = ("leaves", "is") if count == 1 else ("leave", "are")
    also = ", the proposal among them" if proposal else ""
    options = capital(number(count, "option"))
    return f"{options} that {leave} people unreached {are} not shown{also}. "


def _front_title(
    ranking: Ranking, front: pd.DataFrame, x: str, y: str, *, better: int | None
) -> str:
    """Say how many options beat the proposal or, where there is none, how many are not beaten."""
    n = len(ranking.table)
    if better is not None:
        who = f"{better:,} beat{'s' if better == 1 else ''}" if better else "none beats"
        both = f"{ranking.words(x)} and {ranking.words(y)}"
        return f"Of {counted(n, 'option')}, {who} the proposal on both {both}"
    pairs = {tuple(pair) for pair in front[[x, y]].to_numpy(float).tolist()}
    values = ranking.table[[x, y]].to_numpy(float).tolist()
    unbeaten = sum(tuple(pair) in pairs for pair in values)  # equals of each count, too
    verb = "is" if unbeaten == 1 else "are"
    return f"{unbeaten:,} of {counted(n, 'option')} {verb} beaten by none on both counts"


def _draw_front(
    axes: Axes,
    values: np.ndarray,
    front: pd.DataFrame,
    own: tuple[float, float] | None,
    x: str,
    y: str,
) -> None:
    """Draw a dot an option, a line through those that none beats, and the proposal."""
    scale = [100.0 if criterion_kind(c) == "share" else 1.0 for c in (x, y)]
    size = 16 if len(values) < 3000 else 3
    dots: dict[str, Any] = {"s": size, "color": QUIET, "edgecolor": "none", "rasterized": True}
    axes.scatter(*(values * scale).T, zorder=1, **dots)
    line = front[[x, y]].to_numpy(float) * scale
    axes.plot(*line.T, color=CATEGORICAL[0], linewidth=1.2, marker="o", markersize=5, zorder=2)
    axes.margins(0.06, 0.1)
    said: dict[str, Any] = {"fontsize": 10, "fontweight": "bold", "textcoords": "offset points"}
    said["bbox"] = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    end = tuple(line[-1])
    axes.annotate("not beaten", end, xytext=(4, -19), color=CATEGORICAL[0], zorder=3, **said)
    if own:
        at = (own[0] * scale[0], own[1] * scale[1])
        axes.plot(*at, "X", markersize=12, zorder=4, **_CROSS)
        axes.annotate("the proposal", at, xytext=(9, -4), zorder=4, **said)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_color(QUIET)
    axes.grid(color="#e6e6e6", linewidth=0.7)
    axes.set_xlabel(_axis_words(x))
    axes.set_ylabel(_axis_words(y))


def _better_side(x: str, y: str) -> str:
    """Say in which corner of the picture the better options lie; of savings more is better."""
    up, across = (
        "upper" if y == "savings" else "lower",
        "right" if x == "savings" else "left",
    )
    return f"{up} {across}"


def _front_words(front: pd.DataFrame, x: str, y: str) -> Said:
    """Say where the options lie that none beats: one place, or from one end to the other."""
    ends = [[float(front[c].iloc[k]) for c in (x, y)] for k in (0, -1)]
    first, last = (
        " and ".join(criterion_value(c, v) for c, v in zip((x, y), end, strict=True))
        for end in ends
    )
    claims = [Claim("front", "one" if len(front) == 1 else "ends", (*ends[0], *ends[1]))]
    if len(front) == 1:
        return Said(f"The best is the same on both: {first}.", claims)
    if first == last:  # they differ by less than is shown
        return Said(f"Those that none beats on both all lie at about {first}.", claims)
    return Said(f"Those that none beats on both run from {first} to {last}.", claims)


def _axis_words(criterion: str) -> str:
    units = {"minutes": "minutes", "share": "%", "money": "£ a year"}
    return f"{criterion_short(criterion)} ({units[criterion_kind(criterion)]})"


def _turned(values: np.ndarray, x: str, y: str) -> np.ndarray:
    return values * [-1.0 if c == "savings" else 1.0 for c in (x, y)]


def _two_way_front(table: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    turned = _turned(np.column_stack([table[c].to_numpy(float) for c in (x, y)]), x, y)
    order = np.lexsort((turned[:, 1], turned[:, 0]))
    least = np.minimum.accumulate(turned[order, 1])
    new = np.r_[True, turned[order, 1][1:] < least[:-1]]
    return table.iloc[order[new]]


def _beaten_by(values: np.ndarray, own: tuple[float, float], x: str, y: str) -> int:
    turned, mine = _turned(values, x, y), _turned(np.array(own), x, y)
    return int((turned < mine - 1e-9).all(axis=1).sum())  # beaten on both, strictly


_LABEL_CHARACTERS = 34
_MOST_NOTES = 6  # on what was let vary, that a caption has room for
_BAR, _LINE = 0.18, 0.17
"""Inches that a bar, and each line of its label, add to the picture's height."""


def robustness_chart(
    robustness: Robustness, criterion: str = "mean", *, most: int = 8, caption: str = ""
) -> Chart:
    """How often each option is best when what is uncertain varies.

    Parameters
    ----------
    robustness : Robustness
        Its `names` label the bars; ids stand where no name is known.
    criterion : str
    most : int
        Options shown; the others are put together.
    caption : str

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If the criterion is not one of these, or not every option was ranked.
    """
    if robustness.drawn_of:
        raise ParameterError(
            f"options were drawn from {robustness.drawn_of:,}, so which is most often best is not "
            "known"
        )
    table = robustness.best_options(criterion)
    closed = [_closing(named(ids, robustness.names)) for ids in table["closed"].head(most)]
    shares = [100 * s for s in table["share"].head(most)]
    if (rest := len(table) - most) > 0:
        # options may be best together: their shares do not add up
        closed.append("one other" if rest == 1 else f"each of {rest:,} others, at most")
        shares.append(100 * float(table["share"].iloc[most]))
    mine = [set(kept) == set(robustness.proposal or ()) for kept in table["kept"]]
    colours = [CATEGORICAL[3] if own else CATEGORICAL[0] for own in mine[:most]]
    colours += [QUIET] * (len(closed) - len(colours))
    by = criterion_words(criterion, robustness.mode)
    told = [percent(s / 100, ends=False) for s in shares]
    alt = (
        f"Bar chart of how often each option is best by {by}: "
        + "; ".join(f"{words} {share}" for words, share in zip(closed, told, strict=True))
        + "."
    )
    labels = [textwrap.wrap(capital(words), _LABEL_CHARACTERS) for words in closed]
    # bars stand as far apart as their labels have lines, so that no two labels touch
    tall = np.array([_BAR + _LINE * len(lines) for lines in labels])

    def draw(figure: Figure, axes: Axes) -> None:
        places = np.cumsum(tall) - tall / 2
        axes.barh(places, shares, color=colours, height=0.3)
        axes.set_yticks(places, ["\n".join(lines) for lines in labels])
        axes.set_ylim(tall.sum(), 0)
        label_bars(axes, shares, told, places)
        axes.set_xlabel(f"share of settings in which it is best by {by}")

    some = "" if len(robustness.notes) <= _MOST_NOTES else ", among other things"
    plain = f"Varied{some}: {'; '.join(robustness.notes[:_MOST_NOTES])}."
    if joint := joint_best_words(table):
        plain = f"{joint} {plain}"
    title = _often_title(robustness, table, closed[0], mine)
    return Chart(title, alt, caption or plain, draw, (6.8, sum(tall.tolist()) + 0.6))


def _often_title(
    robustness: Robustness, table: pd.DataFrame, first: str, mine: Sequence[bool]
) -> str:
    """Say how often the first option is best, and how often the proposal."""
    shares = table["share"]
    level = int((shares == shares.iloc[0]).sum()) - 1
    also = f" (and {level:,} other{'s' if level > 1 else ''} as often)" if level else ""
    own = ", as is proposed," if mine[0] else ""
    title = (
        f"{capital(first)}{own}{also} is best in {percent(float(shares.iloc[0]))} of "
        f"{len(robustness.draws):,} settings"
    )
    if robustness.proposal is None or own:
        return title
    return f"{title}, the proposal in {percent(float(shares[list(mine)].sum()))}"


def joint_best_words(table: pd.DataFrame) -> Said:
    """Say that shares add up to more than all, where options are best together."""
    total = float(table["share"].sum())
    if total <= 1 + 1e-9:
        return Said("")
    text = "Options can be best together, so the shares add up to more than 100%."
    return Said(text, [Claim("shares_of_best", "over", (total,))])


def _closing(names: Sequence[str]) -> str:
    return f"closing {listed(names)}" if names else "closing nothing"


def hub_chart(results: StudyResults, found: HubSearch, mode: str, among: int) -> Chart:
    """Draw the least mean minutes by number of hubs, and where the council's choice lies."""
    curve = found.curve_frame()
    minutes = curve["mean_minutes"].astype(float)
    if minutes.empty:
        raise ParameterError("no number of hubs has an answer to draw")
    n, mean, trips = len(found.best.chosen), float(found.best.objective), trip(mode)
    sure = "" if found.best.status == "proven_optimal" else " found"
    hubs = f"hub{sure} has" if n == 1 else f"{n} hubs{sure} have"
    title = f"The best {hubs} a mean {trips} of {figure_of(mean, 1)} minutes"
    council = found.council
    least = "least" if set(curve["status"]) == {"proven_optimal"} else "least found"
    alt = f"Line of the {least} mean minutes by number of hubs: " + (
        "; ".join(f"{number(int(str(p)), 'hub')} {figure_of(m, 1)}" for p, m in minutes.items())
        + "."
    )
    if council is not None:
        own = figure_of(council.mean_minutes, 1)
        title += f", the council's {len(council.chosen)} one of {own}"
        alt += f" A cross marks the council's {len(council.chosen)}: {own}."

    def draw(figure: Figure, axes: Axes) -> None:
        axes.plot(minutes.index, minutes, color=CATEGORICAL[0], marker="o", markersize=5)
        for p, m in minutes.items():
            axes.annotate(
                figure_of(m), (float(str(p)), m), xytext=(4, 5), textcoords="offset points",
                fontsize=9,
            )  # fmt: skip
        if council is not None:
            at = (len(council.chosen), council.mean_minutes)
            axes.plot(*at, "X", markersize=11, **_CROSS)
            axes.annotate(
                "the council's choice", at, xytext=(10, -3), textcoords="offset points",
                fontsize=10, fontweight="bold",
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0},
            )  # fmt: skip
        sizes = {*minutes.index.tolist(), *([] if council is None else [len(council.chosen)])}
        axes.set_xticks(sorted(sizes))
        axes.set_ylim(0, None)
        axes.set_xlabel("number of hubs, each at the best places for as many")
        axes.set_ylabel("mean minutes")

    unserved = " Those who cannot reach any of the hubs are in no mean."
    lost = curve["unserved_weight"].any() or (council is not None and council.missed)
    unserved = unserved if lost else ""
    of_all = "" if len(found.shares) < 2 else ", people of all services by their shares"
    below = (
        f"Mean {trips} to the nearest hub{of_all}, "
        f"{results.study.config.study.place}. {counted(among, 'site')} to choose from. "
        f"{results.whose_streets}.{unserved}"
    )
    if council is not None:
        below += results.council_dated()
    return Chart(title, alt, below, draw, (6.8, 3.8))
