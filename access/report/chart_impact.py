"""Charts of an impact: how much further families travel, and whose trips grow."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from access.errors import ParameterError
from access.maps.style import (
    ADDED_COLOURS,
    CATEGORICAL,
    INK,
    PAPER,
    QUIET,
    SAVED_COLOURS,
    UNREACHABLE_HATCH,
)
from access.report.chart import Chart, label_bars
from access.scenario import Impact
from access.scenario.words import count_words, list_words, named, ordinal

#: Bins of extra minutes: from, to, words. From is left out, to is within.
_BINS = (
    (0.0, 5.0, "up to 5 minutes more"),
    (5.0, 10.0, "5 to 10 more"),
    (10.0, 15.0, "10 to 15 more"),
    (15.0, 20.0, "15 to 20 more"),
    (20.0, 30.0, "20 to 30 more"),
    (30.0, np.inf, "over 30 more"),
)
_TRIPS = {"walk": "walk", "drive": "drive", "typical": "travel"}


def change_chart(impact: Impact, *, caption: str = "") -> Chart:
    """How many families' trips grow, by how much.

    Parameters
    ----------
    impact : Impact
    caption : str
        Measure, population, place, date and source; a plain one is made where it is empty.

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
    'About 300 of about 500 families walk further, 0 of them over 10 minutes more'
    """
    count = impact.areas["count"].to_numpy(float)
    change = impact.areas["change_minutes"].to_numpy(float)
    longer = (change > impact.tolerance_minutes) & np.isfinite(change)
    rows: list[tuple[str, float, str, str]] = []
    gain = count[(change < -impact.tolerance_minutes) & np.isfinite(change)].sum()
    if gain:
        rows.append(("shorter", gain, SAVED_COLOURS[1], ""))
    rows.append(("no change", count[np.abs(change) <= impact.tolerance_minutes].sum(), QUIET, ""))
    for (low, high, words), colour in zip(_BINS, ADDED_COLOURS[1:], strict=True):
        rows.append((words, count[longer & (change > low) & (change <= high)].sum(), colour, ""))
    cut = count[np.isposinf(change)].sum()
    if cut:
        rows.append(("no site in reach any more", cut, PAPER, UNREACHABLE_HATCH))
    first = count[np.isneginf(change)].sum()
    if first:
        rows.append(("a site in reach for the first time", first, SAVED_COLOURS[1], ""))
    never = count[np.isnan(change)].sum()
    if never:
        rows.append(("none in reach before or after", never, PAPER, "...."))
    total = count.sum()
    trip = _TRIPS.get(impact.mode, "travel")
    much = count[longer & (change > 10)].sum()
    title = (
        f"{_capital(count_words(count[longer].sum()))} of {count_words(total)} {impact.who} {trip} "
        f"further, {count_words(much)} of them over 10 minutes more"
    )
    alt = (
        f"Bar chart of {impact.who} by change in minutes to the nearest site: "
        + "; ".join(f"{words} {count_words(n)}" for words, n, _, _ in rows)
        + "."
    )

    def draw(figure: Figure, axes: Axes) -> None:
        places = np.arange(len(rows))
        axes.barh(
            places,
            [n for _, n, _, _ in rows],
            color=[c for _, _, c, _ in rows],
            edgecolor=INK,
            linewidth=0.6,
            hatch=[h for _, _, _, h in rows],
        )
        axes.set_yticks(places, [words for words, _, _, _ in rows])
        axes.invert_yaxis()
        label_bars(axes, [n for _, n, _, _ in rows], [f"{n:,.0f}" for _, n, _, _ in rows])
        axes.set_xlabel(f"{impact.who} ({count_words(total)} in all)")

    return Chart(title, alt, caption or _caption(impact), draw, (6.8, 0.42 * len(rows) + 1.0))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _caption(impact: Impact) -> str:
    closed = named(impact.closed, impact.names)
    what = f"closing {list_words(closed)}" if closed else "the change"
    return f"Change in minutes to the nearest site ({impact.mode}) after {what}."


def group_chart(impact: Impact, column: str = "imd_decile", *, caption: str = "") -> Chart:
    """Mean change by decile, or by any other group, beside that of everyone.

    Parameters
    ----------
    impact : Impact
    column : str
        As in `Impact.by`.
    caption : str
        As in `change_chart`.

    Returns
    -------
    Chart

    Raises
    ------
    ParameterError
        If demand has no such column, or nobody is reached both before and after.
    """
    table = impact.by(column)
    table = table[table["mean_minutes_change"].notna() & (table["families"] > 0)]
    if table.empty:
        raise ParameterError(f"no group of {column!r} is reached both before and after")
    labels = [_group_words(column, group) for group in table["group"]]
    change = table["mean_minutes_change"].tolist()
    everyone = float(impact.summary["mean_minutes_change"] or 0.0)
    most = int(np.argmax(change))
    where = f"in {'the ' if column in _DEPRIVATION else ''}{labels[most]}"
    title = (
        f"The trip grows most {where}: by {change[most]:.1f} minutes, against {everyone:.1f} for "
        "everyone"
    )
    if change[most] <= impact.tolerance_minutes:
        title = f"No group's trip grows; for everyone it changes by {everyone:+.1f} minutes"
    families = [count_words(n) for n in table["families"]]
    pairs = zip(labels, change, families, strict=True)
    alt = (
        f"Bar chart of mean change in minutes to the nearest site by {_column_words(column)}: "
        + "; ".join(f"{label} {c:+.1f} ({n} {impact.who})" for label, c, n in pairs)
        + f". Everyone {everyone:+.1f}."
    )

    def draw(figure: Figure, axes: Axes) -> None:
        places = np.arange(len(change))
        axes.barh(places, change, color=CATEGORICAL[0], height=0.72)
        axes.set_yticks(places, labels)
        axes.set_ylim(len(change) - 0.4, -1.2)
        label_bars(axes, change, [f"{c:+.1f}" for c in change])
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

    return Chart(title, alt, caption or _caption(impact), draw, (6.8, 0.34 * len(change) + 1.1))


def _column_words(column: str) -> str:
    words = {
        "imd_decile": "tenth of deprivation (IMD)",
        "idaci_decile": "tenth of child poverty (IDACI)",
        "imd_fifth": "fifth of deprivation (IMD)",
        "idaci_fifth": "fifth of child poverty (IDACI)",
        "p_no_car": "share of households without a car",
    }
    return words.get(column, column.replace("_", " "))


_DEPRIVATION = ("imd_decile", "idaci_decile", "imd_fifth", "idaci_fifth")


def _group_words(column: str, group: object) -> str:
    if column == "p_no_car" and group != "not known":
        return f"areas with {group} without a car"
    if column not in _DEPRIVATION or group == "not known":
        return str(group)
    number = int(str(group))
    of, last = ("tenth", 10) if column.endswith("decile") else ("fifth", 5)
    if number == last:
        return f"least deprived {of}"
    return f"most deprived {of}" if number == 1 else f"{ordinal(number)} most deprived {of}"
