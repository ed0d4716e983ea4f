"""Impact by equality group: each group's change beside everyone else's, with the warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from access.arguments import a, checked, refuse
from access.display import frame_cells, html_answer, records
from access.errors import Fault, ParameterError
from access.measure.demand import fail, numbers
from access.measure.distribution import weighted_mean
from access.scenario.impact import Impact
from access.study.config import Group
from access.text import Claim, Said, figure, is_missing, minutes_words

ECOLOGICAL_WARNING = (
    "These figures set the change of an area beside how many of a group live in it. They do not "
    "show who travels: an association between areas must not be read as one between "
    "people (ecological fallacy). They count residents, not users of the service."
)


@dataclass(frozen=True, eq=False)
class Equality:
    """Impact by equality group.

    Parameters
    ----------
    table : DataFrame
        One row a group: ``group people share_of_base mean_minutes_before mean_minutes_after
        mean_minutes_change others_mean_minutes_change ratio_to_others share_lengthened
        others_share_lengthened`` (who still reach a site) ``share_newly_unreachable
        others_share_newly_unreachable newly_unreachable``.
    warning : str
        To stand beside the table wherever it goes.
    notes : tuple of str
        Groups left out, and why.
    left_out : tuple of str
        Labels of the groups left out.
    """

    table: pd.DataFrame
    warning: str = ECOLOGICAL_WARNING
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def sentence(self) -> Said:
        """Say where the trip grows most, set against everyone else's there.

        Returns
        -------
        Said
            With what it claims as data.
        """
        known = [
            row
            for row in records(self.table)
            if not is_missing(row["mean_minutes_change"])
            and not is_missing(row["others_mean_minutes_change"])
        ]
        if not known:
            return Said("No group's areas can be compared with everyone else's.")
        row = max(known, key=lambda row: float(row["mean_minutes_change"]))  # the first of equals
        group, own = str(row["group"]), float(row["mean_minutes_change"])
        others, ratio = float(row["others_mean_minutes_change"]), float(row["ratio_to_others"])
        claims = [Claim(f"group_rise:{group}", "largest", (own,)),
                  Claim(f"others_rise:{group}", "is", (others,))]  # fmt: skip
        if own <= 0:
            text = "The trip grows on average where none of these groups live"
            return Said(f"{text}.", [*claims, Claim("group_rise", "none", (own,))])
        text = (
            f"The trip grows most where {group} live: by {minutes_words(own)} on average, against "
            f"{minutes_words(others)} for everyone else"
        )
        if others > 0 and np.isfinite(ratio):
            claims.append(Claim(f"group_ratio:{group}", "is", (ratio,)))
            text += f" ({figure(ratio, 2)} times)"
        return Said(f"{text}.", claims)

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self.table.to_string(index=False)}\n{self.warning}"

    def _repr_html_(self) -> str:
        head, rows = frame_cells(self.table)
        return html_answer(self.sentence(), head, rows, warning=self.warning)


def _given_groups(value: Any, name: str) -> Any:
    """Read groups: as the study declares them, or a column and its whole by label."""
    expected = "groups as a study has them, or {'Disabled people': ('disabled', 'residents')}"
    if isinstance(value, Mapping):
        if not all(isinstance(v, tuple | list) and len(v) == 2 for v in value.values()):
            raise refuse(name, value, expected)
        return value
    if not isinstance(value, list | tuple) or not all(hasattr(g, "columns") for g in value):
        raise refuse(name, value, expected)
    return value


@checked(
    impact=a(Impact, expected="an Impact, such as access.compare gives"),
    groups=_given_groups,
)
def equality(impact: Impact, groups: Sequence[Group] | Mapping[str, tuple[str, str]]) -> Equality:
    """Set each equality group's change beside everyone else's.

    Parameters
    ----------
    impact : Impact
        Made with a demand table that holds the groups' counts.
    groups : sequence of Group, or mapping of str to (column, base column)
        Those of a study are ``study.groups``; or label to columns of demand, of which a column
        that starts with ``not `` counts the others.

    Returns
    -------
    Equality

    Raises
    ------
    ParameterError
        If there is no group, or a column is missing, holds no counts, or counts more than its
        base.

    Examples
    --------
    >>> from access.network.matrix import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [5, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [9, 9], "people": [90, 90],
    ...                        "disabled": [60, 30]})
    >>> change = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> table = equality(change, {"disabled people": ("disabled", "people")}).table
    >>> table["mean_minutes_change"].round(2).item(), table["ratio_to_others"].round(2).item()
    (7.33, 1.57)
    """
    chosen, left_out = _chosen(impact.demand, groups)
    notes = [f"{label} left out: not counted by area" for label in left_out]
    rows, faults = [], []
    for group in chosen:
        inside, base, wrong = group_counts(impact.demand, group)
        faults += wrong
        if not wrong:
            rows.append(_row(impact, group.label, inside, base - inside))
    fail("equality groups cannot be counted", faults)
    table = pd.DataFrame(rows, columns=_COLUMNS)
    return Equality(table=table, notes=tuple(notes), left_out=tuple(left_out))


_COLUMNS = [
    "group",
    "people",
    "share_of_base",
    "mean_minutes_before",
    "mean_minutes_after",
    "mean_minutes_change",
    "others_mean_minutes_change",
    "ratio_to_others",
    "share_lengthened",
    "others_share_lengthened",
    "share_newly_unreachable",
    "others_share_newly_unreachable",
    "newly_unreachable",
]


def _chosen(
    demand: pd.DataFrame, groups: Sequence[Group] | Mapping[str, tuple[str, str]]
) -> tuple[list[Group], list[str]]:
    """Give the groups to count, and the labels of those that nothing counts."""
    listed = _groups(groups) if isinstance(groups, Mapping) else list(groups)
    chosen = [group for group in listed if group.columns]
    missing = sorted({name for group in chosen for name in group.columns} - set(demand.columns))
    if missing:
        raise ParameterError(
            f"demand has no columns {missing} to count equality groups by; found "
            f"{list(map(str, demand.columns))}"
        )
    if not chosen:
        raise ParameterError(
            "no equality group to count; expected groups with a column and its denominator, as "
            "[[groups]] of study.toml declares them"
        )
    return chosen, [group.label for group in listed if not group.columns]


def _groups(groups: Mapping[str, tuple[str, str]]) -> list[Group]:
    return [
        Group.model_construct(
            label=label, column=column.removeprefix("not "), denominator=base,
            others=column.startswith("not "),
        )
        for label, (column, base) in groups.items()
    ]  # fmt: skip


def group_counts(demand: pd.DataFrame, group: Group) -> tuple[np.ndarray, np.ndarray, list[Fault]]:
    """Give how many of a group live in each area and of how many, with every fault in them."""
    expected = "a count of 0 or more"
    part, whole = group.columns
    inside, faults = numbers(demand, part, low=0, high=np.inf, expected=expected, what="demand")
    base, more = numbers(demand, whole, low=0, high=np.inf, expected=expected, what="demand")
    faults += more
    if group.other_date and not faults:
        base = np.maximum(base, inside)
    faults += [
        Fault(
            "demand",
            str(demand.index[i]),
            part,
            f"{inside[i]:g}",
            f"at most the {base[i]:g} of {whole}",
        )
        for i in np.flatnonzero(inside > base + 1e-9).tolist()
    ]
    return (base - inside if group.others else inside), base, faults


def _row(impact: Impact, label: str, inside: np.ndarray, outside: np.ndarray) -> list[object]:
    change = impact.areas["change_minutes"].to_numpy(float)
    own, others = weighted_mean(change, inside), weighted_mean(change, outside)
    lost = np.isposinf(change)
    longer = (change > impact.tolerance_minutes) & ~lost
    base = inside.sum() + outside.sum()
    return [
        label,
        inside.sum(),
        inside.sum() / base if base > 0 else np.nan,
        weighted_mean(impact.areas["minutes_before"], inside),
        weighted_mean(impact.areas["minutes_after"], inside),
        own,
        others,
        own / others if abs(others) > 1e-12 else np.nan,
        _share(inside, longer),
        _share(outside, longer),
        _share(inside, lost),
        _share(outside, lost),
        inside[lost].sum(),
    ]


def _share(count: np.ndarray, chosen: np.ndarray) -> float:
    total = count.sum()
    return float(count[chosen].sum() / total) if total > 0 else float("nan")
