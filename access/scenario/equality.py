"""Impact by equality group: each group's change beside everyone else's, with the warning."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from access.display import frame_cells, html_answer
from access.errors import Fault, ParameterError
from access.labels import EQUALITY_GROUPS
from access.measure.demand import fail, numbers
from access.measure.distribution import weighted_mean
from access.scenario.impact import Impact

ECOLOGICAL_WARNING = (
    "These figures set the change of an area beside how many of a group live in it. They do not "
    "show which families travel: an association between areas must not be read as one between "
    "people (ecological fallacy). They count residents, not users of the service."
)


@dataclass(frozen=True)
class Group:
    """A group of residents, counted area by area.

    Parameters
    ----------
    label : str
        As tables print it.
    column : str
        Of demand: how many of the group live in the area.
    base : str
        Of demand: how many the group is part of.
    inverse : bool
        The group is those of `base` who are not in `column`.
    characteristic : str
        The protected characteristic of the Equality Act 2010 that it tells of; empty for none.
    other_date : bool
        The base may be of another date, and so smaller than the group in an area that grew: it
        is then taken to be all of the group there.
    """

    label: str
    column: str
    base: str
    inverse: bool = False
    characteristic: str = ""
    other_date: bool = False


def _group(column: str, base: str, characteristic: str = "", **more: bool) -> Group:
    return Group(EQUALITY_GROUPS[column], column, base, characteristic=characteristic, **more)


#: Groups looked for unless told otherwise; of equal labels the first that demand holds is taken.
_KNOWN_GROUPS = (
    _group("disabled", "people", "disability"),
    _group("white_british", "people", "race", inverse=True),
    _group("lone_parents", "households"),
    _group("lone_parent_households", "households"),
    _group("households_no_car", "households"),
    _group("families_youngest_0_4", "households"),
    _group("children_0_4", "people", "age", other_date=True),
    _group("children_5_10", "people", "age", other_date=True),
    _group("young_11_18", "people", "age", other_date=True),
    _group("people_65_plus", "people", "age", other_date=True),
)
_OTHER_BASES = {"people": ("people", "residents"), "households": ("households",)}


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

    def sentence(self) -> str:
        """Say which group's areas lose most against everyone else's.

        Returns
        -------
        str
        """
        known = self.table.dropna(subset=["ratio_to_others"])
        if known.empty:
            return "No group's areas can be compared with everyone else's."
        row = known.sort_values("ratio_to_others", ascending=False, kind="stable").iloc[0]
        return (
            f"Where {row['group']} live, the trip changes by {row['mean_minutes_change']:+.1f} "
            f"minutes on average, {row['ratio_to_others']:.2f} times the change for everyone else "
            f"({row['others_mean_minutes_change']:+.1f})."
        )

    def __repr__(self) -> str:
        return f"{self.sentence()}\n{self.table.to_string(index=False)}\n{self.warning}"

    def _repr_html_(self) -> str:
        head, rows = frame_cells(self.table)
        return html_answer(self.sentence(), head, rows, warning=self.warning)


def equality(impact: Impact, groups: Mapping[str, tuple[str, str]] | None = None) -> Equality:
    """Set each equality group's change beside everyone else's.

    Parameters
    ----------
    impact : Impact
        Made with a demand table that holds the groups' counts.
    groups : mapping of str to (column, base column), optional
        Label to columns of demand; a column that starts with ``not `` counts the others. By
        default the groups of `_KNOWN_GROUPS` that demand holds.

    Returns
    -------
    Equality

    Raises
    ------
    ParameterError
        If a column is missing, holds no counts, or counts more than its base.

    Examples
    --------
    >>> from access.network.matrix import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [5, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [9, 9], "people": [90, 90],
    ...                        "disabled": [60, 30]})
    >>> table = equality(compare(m, before=["X", "Y"], after=["Y"], demand=demand)).table
    >>> table["mean_minutes_change"].round(2).item(), table["ratio_to_others"].round(2).item()
    (7.33, 1.57)
    """
    chosen, left_out = _chosen(impact.demand, groups)
    notes = [
        f"{label} left out: demand needs columns {columns}" for label, columns in left_out.items()
    ]
    rows, faults = [], []
    for group in chosen:
        inside, base, wrong = _counts(impact.demand, group)
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


def groups_counted(columns: Collection[str]) -> tuple[Group, ...]:
    """Give the groups that a table of areas counts, each with the base it has."""
    found: dict[str, Group] = {}
    for group in _KNOWN_GROUPS:
        bases = [b for b in _OTHER_BASES[group.base] if b in columns]
        if group.column in columns and bases:
            found.setdefault(group.label, replace(group, base=bases[0]))
    return tuple(found.values())


def _chosen(
    demand: pd.DataFrame, groups: Mapping[str, tuple[str, str]] | None
) -> tuple[list[Group], dict[str, str]]:
    """Give the groups to count, and the columns that those left out would need, by label."""
    if groups is not None:
        listed = []
        for label, (column, base) in groups.items():
            inverse = column.startswith("not ")
            listed.append(Group(label, column.removeprefix("not "), base, inverse))
        missing = sorted({c for g in listed for c in (g.column, g.base)} - set(demand.columns))
        if missing:
            raise ParameterError(
                f"demand has no columns {missing} to count equality groups by; found "
                f"{list(map(str, demand.columns))}"
            )
        return listed, {}
    chosen = list(groups_counted(list(map(str, demand.columns))))
    there = {group.label for group in chosen}
    needs: dict[str, str] = {}
    for group in _KNOWN_GROUPS:
        if group.label not in there:
            needs.setdefault(group.label, f"{group.column} and {group.base}")
    if not chosen:
        raise ParameterError(
            "demand holds no equality group; expected counts such as people and disabled, or "
            f"white_british, or households and lone_parents; found {list(demand.columns)}"
        )
    return chosen, needs


def _counts(demand: pd.DataFrame, group: Group) -> tuple[np.ndarray, np.ndarray, list[Fault]]:
    expected = "a count of 0 or more"
    inside, faults = numbers(
        demand, group.column, low=0, high=np.inf, expected=expected, what="demand"
    )
    base, more = numbers(demand, group.base, low=0, high=np.inf, expected=expected, what="demand")
    faults += more
    if group.other_date and not faults:
        base = np.maximum(base, inside)
    faults += [
        Fault(
            "demand",
            str(demand.index[i]),
            group.column,
            f"{inside[i]:g}",
            f"at most the {base[i]:g} of {group.base}",
        )
        for i in np.flatnonzero(inside > base + 1e-9).tolist()
    ]
    return (base - inside if group.inverse else inside), base, faults


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
