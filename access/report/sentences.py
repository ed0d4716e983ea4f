"""The report's sentences: each says one number of a result, and no more than it says."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from access.report.findings import ProposalFindings
from access.report.grouped import further
from access.report.linked import hidden_moves
from access.report.options import Option
from access.report.tables import Table
from access.report.voice import Voice
from access.report.words import listed, percent, sentence, times_as_much
from access.scenario import Impact

FURTHER = {"walk": "further to walk", "drive": "further to drive", "typical": "a longer trip"}
TRIPS = {"walk": "walk", "drive": "drive", "typical": "usual family trip"}
CRITERION_WORDS = {
    "mean": "average {trip}",
    "weighted_mean": "average {trip} weighted by deprivation",
    "p90": "the {trip} that nine in ten are within",
    "worst": "the longest {trip}",
    "share_beyond": "share beyond {threshold:g} minutes",
    "gap": "gap between most and least deprived fifths",
    "savings": "savings",
}


def trip(mode: str) -> str:
    """Name a mode's trip.

    Parameters
    ----------
    mode : str

    Returns
    -------
    str

    Examples
    --------
    >>> trip("walk"), trip("bus")
    ('walk', 'bus trip')
    """
    return TRIPS.get(mode, f"{mode} trip")


def criterion_words(criterion: str, mode: str, threshold_minutes: float = 20) -> str:
    """Name a criterion in plain words.

    Parameters
    ----------
    criterion, mode : str
    threshold_minutes : float

    Returns
    -------
    str

    Examples
    --------
    >>> criterion_words("mean", "walk"), criterion_words("share_beyond", "walk", 20)
    ('average walk', 'share beyond 20 minutes')
    """
    words = CRITERION_WORDS.get(criterion, criterion)
    return words.format(trip=trip(mode), threshold=threshold_minutes)


def affected(impact: Impact, one: str, voice: Voice) -> str:
    """Say how many have further to go, of how many, and by how much.

    Parameters
    ----------
    impact : Impact
    one : str
        One site of the service: ``"Children's Centre"``.
    voice : Voice

    Returns
    -------
    str
    """
    s = impact.summary
    total, lost = _figure(s, "families"), _figure(s, "newly_unreachable")
    longer = _figure(s, "lengthened")
    further = FURTHER.get(impact.mode, "a longer trip")
    if longer <= 0:
        text = f"none of the {impact.who} would have {further} to their nearest {one}"
    else:
        share = percent(longer / total)
        counted = voice.people(longer, impact.who)
        if share == "all":
            counted = f"all {counted}"
        else:
            counted += f" ({share} of all)"
        mean = voice.minutes(_figure(s, "mean_minutes_change_lengthened"))
        text = f"{counted} would have {further} to their nearest {one}, {mean} more on average"
    gain = _figure(s, "gain")
    if gain:
        text += f"; {voice.people(gain, impact.who)} would have less far to go"
    if lost:
        text += f"; {voice.people(lost, impact.who)} could no longer reach any"
    return sentence(text)


def every_mode(impacts: Mapping[str, Impact], voice: Voice) -> str:
    """Say how everyone's average trip changes, mode by mode.

    Parameters
    ----------
    impacts : mapping of str to Impact
        One proposal's, by mode.
    voice : Voice

    Returns
    -------
    str
        Empty where no mode has an average before and after.
    """
    parts = []
    for mode, impact in impacts.items():
        before, after = (impact.summary[f"mean_minutes_{w}"] for w in ("before", "after"))
        if before is None or after is None:
            continue
        old, new = voice.minutes(float(before)), voice.minutes(float(after))
        words = (
            f"the {trip(mode)} {f'stays at {new}' if old == new else f'goes from {old} to {new}'}"
        )
        parts.append(words)
    if not parts:
        return ""
    return sentence(f"averaged over everyone, {listed(parts)}")


def furthest(impact: Impact, voice: Voice) -> str:
    """Say how much the worst-off area loses, and where it is.

    Parameters
    ----------
    impact : Impact
    voice : Voice

    Returns
    -------
    str
        Empty where nobody's time grows.
    """
    worst = impact.worst_areas(1)
    if worst.empty:
        return ""
    row = worst.iloc[0]
    ward = row.get("ward")
    where = f"{ward} ward" if isinstance(ward, str) and ward.strip() else place(row)
    if math.isinf(row["change_minutes"]):
        return sentence(f"in {where} no centre could be reached any more")
    more = voice.minutes(float(row["change_minutes"]))
    return sentence(f"the largest rise is {more}, in {where}")


def place(row: pd.Series) -> str:
    """Name an area as a reader of the papers would look for it.

    Parameters
    ----------
    row : Series
        Of `Impact.areas`.

    Returns
    -------
    str

    Examples
    --------
    >>> place(pd.Series({"id": "E1", "ward": "Keppel"})), place(pd.Series({"id": "E1"}))
    ('Keppel ward (area E1)', 'area E1')
    """
    ward = row.get("ward")
    known = isinstance(ward, str) and ward.strip()
    return f"{ward} ward (area {row['id']})" if known else f"area {row['id']}"


def further_note(impact: Impact) -> tuple[str, ...]:
    """Say whom "further to go" counts, where some reach no site any more.

    Parameters
    ----------
    impact : Impact

    Returns
    -------
    tuple of str
        Empty where everyone who reached a site still does.
    """
    if not _figure(impact.summary, "newly_unreachable"):
        return ()
    return (
        "Further to go counts also those who could no longer reach any; minutes are of those who "
        "still reach one.",
    )


def deprivation(fifths: pd.DataFrame, who: str) -> str:
    """Say whether the most deprived are affected more or less than everyone else.

    Parameters
    ----------
    fifths : DataFrame
        ``Impact.by("imd_fifth")``; group 1 is England's most deprived fifth.
    who : str

    Returns
    -------
    str
        Empty where the fifth or its others have nobody in it.

    Examples
    --------
    >>> deprivation(pd.DataFrame({"group": [1, 5], "families": [100.0, 100.0],
    ...                           "lengthened": [40.0, 20.0], "newly_unreachable": [0.0, 0.0]}),
    ...             "children")
    "40% of the children in England's most deprived fifth of areas would have further to go, \
against 20% of the others."
    """
    first = fifths["group"].astype(str) == "1"
    own, others = fifths[first], fifths[~first]
    own_total, other_total = own["families"].sum(), others["families"].sum()
    if not own_total or not other_total:
        return ""
    mine = further(own).sum() / own_total
    theirs = further(others).sum() / other_total
    place_words = f"the {who} in England's most deprived fifth of areas"
    if mine == theirs == 0:
        return sentence(f"none of {place_words} would have further to go, nor any of the others")
    return sentence(
        f"{percent(mine)} of {place_words} would have further to go, against "
        f"{percent(theirs)} of the others"
    )


def group_rises(table: Table) -> list[str]:
    """Say of each equality group how the rise where it lives compares with everyone else's.

    Parameters
    ----------
    table : Table
        With columns ``group`` and ``ratio``, as `access.report.who_tables.equality_table`.

    Returns
    -------
    list of str
        Nothing of groups whose figures a public table hides.
    """
    where = {column.key: k for k, column in enumerate(table.columns)}
    told = []
    for row, shown in zip(table.rows, table.view().rows, strict=True):
        ratio = row[where["ratio"]]
        if shown[where["ratio"]].state == "value" and isinstance(ratio, int | float):
            group = str(row[where["group"]])
            words = times_as_much(float(ratio), "everyone else")
            told.append(sentence(f"{group}: the rise where they live is {words}"))
    return told


def most_added(impact: Impact, names: Mapping[str, str], voice: Voice) -> str:
    """Say which remaining site takes on most.

    Parameters
    ----------
    impact : Impact
    names : mapping of str to str
    voice : Voice

    Returns
    -------
    str
        Empty where no site takes anyone over.
    """
    table = impact.receiving_sites
    if table.empty:
        return ""
    row = table.sort_values(["families_added", "site"], ascending=[False, True]).iloc[0]
    name = names.get(str(row["site"]), str(row["name"]))
    now, then = float(row["families_before"]), float(row["families_after"])
    if not row["families_added"]:
        return ""
    if not voice.internal and str(row["site"]) in hidden_moves(impact).arriving:
        return sentence(f"{name} would take on most")
    text = f"{name} would take on most, {voice.people(float(row['families_added']), impact.who)}"
    if now and not voice.internal and min(now, then) < 5:
        return sentence(text)
    times = then / now if now else np.inf
    if np.isfinite(times) and times >= 1.95:
        text += f": {times:.1f} times as many as it is nearest to today"
    return sentence(text)


def option_line(option: Option, findings: ProposalFindings) -> str:
    """Say what an option closes.

    Parameters
    ----------
    option : Option
    findings : ProposalFindings

    Returns
    -------
    str
    """
    return listed(findings.named(option.closed), none="none")


def _figure(summary: Mapping[str, object], key: str) -> float:
    value = summary.get(key)
    return float(value) if isinstance(value, int | float) else 0.0
