"""The report's sentences: each says one number of a result, and no more than it says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.disclosure import THRESHOLD, further, hidden_moves
from access.document.table import Table
from access.labels import FURTHER, trip
from access.report.findings import Option, ProposalFindings
from access.scenario import Impact
from access.text import (
    NOT_KNOWN,
    about,
    figure,
    is_missing,
    listed,
    percent,
    sentence,
    times_as_much,
)


@dataclass(frozen=True, slots=True)
class Wording:
    """For whom a text is written.

    Parameters
    ----------
    internal : bool
        Counts below 5 may be told.
    decimals : int
        Digits of minutes: 0 in public, 1 for planners.

    Examples
    --------
    >>> Wording().minutes(21.6), Wording(decimals=1).minutes(21.6)
    ('22 minutes', '21.6 minutes')
    """

    internal: bool = False
    decimals: int = 0

    def people(self, count: float | None, noun: str) -> str:
        """Say how many people.

        Parameters
        ----------
        count : float or None
        noun : str
            In the plural: ``"children under five"``.

        Returns
        -------
        str

        Examples
        --------
        >>> wording = Wording()
        >>> wording.people(4884.0, "children under five")
        'about 4,900 children under five'
        >>> tuple(wording.people(n, "children") for n in (0, 3, 37))
        ('no children', 'fewer than five children', '37 children')
        >>> wording.people(None, "children")
        'a number of children that is not known'
        """
        if is_missing(count) or count is None:
            return f"a number of {noun} that is not known"
        if count == 0:
            return f"no {noun}"
        if count < THRESHOLD and not self.internal:
            return f"fewer than five {noun}"
        if round(count) <= 1:
            return f"1 of the {noun}" if count >= 0.5 else f"fewer than 1 of the {noun}"
        return f"{about(count)} {noun}"

    def minutes(self, minutes: float | None) -> str:
        """Say a length of time.

        Parameters
        ----------
        minutes : float or None
            0 or more.

        Returns
        -------
        str

        Examples
        --------
        >>> wording = Wording()
        >>> [wording.minutes(m) for m in (0, 0.2, 0.9, 1.4, 22.4)]
        ['no time', 'less than a minute', '1 minute', '1 minute', '22 minutes']
        >>> wording.minutes(float("inf")), wording.minutes(None)
        ('out of reach', 'a time that is not known')
        """
        if is_missing(minutes) or minutes is None:
            return "a time that is not known"
        if math.isinf(minutes):
            return "out of reach"
        if minutes == 0:
            return "no time"
        text = figure(minutes, self.decimals)
        if float(text.replace(",", "")) == 0 or (self.decimals == 0 and minutes < 0.5):
            return "less than a minute" if self.decimals == 0 else "less than 0.1 minutes"
        return f"{text} minute{'' if text == '1' else 's'}"

    def change(self, minutes: float | None, *, more: str = "longer", less: str = "shorter") -> str:
        """Say by how much a time changes.

        Parameters
        ----------
        minutes : float or None
            After less before.
        more, less : str

        Returns
        -------
        str

        Examples
        --------
        >>> wording = Wording()
        >>> [wording.change(m) for m in (9.4, -2, 0, 0.1)]
        ['9 minutes longer', '2 minutes shorter', 'no longer', 'less than a minute longer']
        >>> wording.change(float("inf")), wording.change(None)
        ('out of reach', 'not known')
        """
        if is_missing(minutes) or minutes is None:
            return NOT_KNOWN
        if math.isinf(minutes):
            return "out of reach"
        if minutes == 0:
            return f"no {more}"
        return f"{self.minutes(abs(minutes))} {more if minutes > 0 else less}"


def affected(impact: Impact, one: str, wording: Wording) -> str:
    """Say how many have further to go, of how many, and by how much."""
    s = impact.summary
    total, lost = _figure(s, "families"), _figure(s, "newly_unreachable")
    longer = _figure(s, "lengthened")
    further = FURTHER.get(impact.mode, "a longer trip")
    if longer <= 0:
        text = f"none of the {impact.who} would have {further} to their nearest {one}"
    else:
        share = percent(longer / total)
        counted = wording.people(longer, impact.who)
        if share == "all":
            counted = f"all {counted}"
        else:
            counted += f" ({share} of all)"
        mean = wording.minutes(_figure(s, "mean_minutes_change_lengthened"))
        text = f"{counted} would have {further} to their nearest {one}, {mean} more on average"
    gain = _figure(s, "gain")
    if gain:
        text += f"; {wording.people(gain, impact.who)} would have less far to go"
    if lost:
        text += f"; {wording.people(lost, impact.who)} could no longer reach any"
    return sentence(text)


def every_mode(impacts: Mapping[str, Impact], wording: Wording) -> str:
    """Say how everyone's average trip changes, mode by mode."""
    parts = []
    for mode, impact in impacts.items():
        before, after = (impact.summary[f"mean_minutes_{w}"] for w in ("before", "after"))
        if before is None or after is None:
            continue
        old, new = wording.minutes(float(before)), wording.minutes(float(after))
        words = (
            f"the {trip(mode)} {f'stays at {new}' if old == new else f'goes from {old} to {new}'}"
        )
        parts.append(words)
    if not parts:
        return ""
    return sentence(f"averaged over everyone, {listed(parts)}")


def furthest(impact: Impact, wording: Wording) -> str:
    """Say how much the worst-off area loses, and where it is."""
    worst = impact.worst_areas(1)
    if worst.empty:
        return ""
    row = worst.iloc[0]
    ward = row.get("ward")
    where = f"{ward} ward" if isinstance(ward, str) and ward.strip() else place(row)
    if math.isinf(row["change_minutes"]):
        return sentence(f"in {where} no centre could be reached any more")
    more = wording.minutes(float(row["change_minutes"]))
    return sentence(f"the largest rise is {more}, in {where}")


def place(row: pd.Series) -> str:
    """Name an area as a reader of the papers would look for it."""
    ward = row.get("ward")
    known = isinstance(ward, str) and ward.strip()
    return f"{ward} ward (area {row['id']})" if known else f"area {row['id']}"


def further_note(impact: Impact) -> tuple[str, ...]:
    """Say whom "further to go" counts, where some reach no site any more."""
    if not _figure(impact.summary, "newly_unreachable"):
        return ()
    return (
        "Further to go counts also those who could no longer reach any; minutes are of those who "
        "still reach one.",
    )


def deprivation(fifths: pd.DataFrame, who: str) -> str:
    """Say whether the most deprived are affected more or less than everyone else."""
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
    """Say of each equality group how the rise where it lives compares with everyone else's."""
    where = {column.key: k for k, column in enumerate(table.columns)}
    told = []
    for row, shown in zip(table.rows, table.view().rows, strict=True):
        ratio = row[where["ratio"]]
        if shown[where["ratio"]].state == "value" and isinstance(ratio, int | float):
            group = str(row[where["group"]])
            words = times_as_much(float(ratio), "everyone else")
            told.append(sentence(f"{group}: the rise where they live is {words}"))
    return told


def most_added(impact: Impact, names: Mapping[str, str], wording: Wording) -> str:
    """Say which remaining site takes on most."""
    table = impact.receiving_sites
    if table.empty:
        return ""
    row = table.sort_values(["families_added", "site"], ascending=[False, True]).iloc[0]
    name = names.get(str(row["site"]), str(row["name"]))
    now, then = float(row["families_before"]), float(row["families_after"])
    if not row["families_added"]:
        return ""
    if not wording.internal and str(row["site"]) in hidden_moves(impact).arriving:
        return sentence(f"{name} would take on most")
    text = f"{name} would take on most, {wording.people(float(row['families_added']), impact.who)}"
    if now and not wording.internal and min(now, then) < 5:
        return sentence(text)
    times = then / now if now else np.inf
    if np.isfinite(times) and times >= 1.95:
        text += f": {times:.1f} times as many as it is nearest to today"
    return sentence(text)


def option_line(option: Option, findings: ProposalFindings) -> str:
    """Say what an option closes, and what it opens."""
    text = listed(findings.named(option.closed), none="none")
    return f"{text}; opens {listed(findings.named(option.opened))}" if option.opened else text


def _figure(summary: Mapping[str, object], key: str) -> float:
    value = summary.get(key)
    return float(value) if isinstance(value, int | float) else 0.0
