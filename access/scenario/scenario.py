"""A scenario: a baseline and ordered changes, as TOML read with every fault at once; its money."""

from __future__ import annotations

import tomllib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from access.errors import Fault, ScenarioError
from access.escape import toml_text
from access.scenario.sites import Baseline, Modification, NothingChangesWarning, Site, _SiteSet
from access.study.sheet import ACTIONS, ALWAYS, value_faults
from access.text import Claim, Said, listed, named, pounds

_TOP = ("name", "comment", "baseline", "modification")
#: TOML key to field of `Modification`, in the order written.
_FIELDS = {
    "action": "action",
    "site": "site",
    "to": "to",
    "status": "new_status",
    "days": "days",
    "capacity": "capacity",
    "name": "name",
    "lon": "lon",
    "lat": "lat",
    "annual_cost_gbp": "annual_cost_gbp",
    "comment": "comment",
}


def _unknown(key: str, known: Sequence[str], file: str, where: str) -> Fault:
    close = get_close_matches(key, known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return Fault(file, where, key, key, f"one of {list(known)}{hint}")


def _read_toml(
    text: str, baseline_name: str, file: str
) -> tuple[str, str, tuple[Modification, ...]]:
    """Read a scenario's name, comment and steps."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
        raise ScenarioError(f"{file} is not TOML: {str(error)[:300]}") from None
    faults = [_unknown(key, _TOP, file, "") for key in data if key not in _TOP]
    name = data.get("name")
    if not isinstance(name, str) or not name:
        faults.append(Fault(file, "", "name", str(name or ""), "the scenario's name"))
    if data.get("baseline", baseline_name) != baseline_name:
        faults.append(Fault(file, "", "baseline", str(data["baseline"]), repr(baseline_name)))
    tables = data.get("modification", [])
    if not isinstance(tables, list) or not tables:
        faults.append(Fault(file, "", "modification", "", "at least one [[modification]] table"))
        tables = []
    for number, table in enumerate(tables, 1):
        faults += _table_faults(table, f"modification {number}", file)
    if faults:
        raise ScenarioError(f"{file} is not a scenario", faults)
    steps = tuple(read_steps(tables, file))
    return str(name), str(data.get("comment", "")), steps


def read_steps(tables: Sequence[Any], file: str) -> list[Modification]:
    """Read changes given as tables of a scenario file; all faults at once."""
    faults = [
        f for n, t in enumerate(tables, 1) for f in _table_faults(t, f"modification {n}", file)
    ]
    if faults:
        raise ScenarioError(f"{file}: a change cannot be used", faults)
    return [Modification(**{_FIELDS[k]: v for k, v in table.items()}) for table in tables]


def _table_faults(table: Any, where: str, file: str) -> list[Fault]:
    if not isinstance(table, dict):
        return [Fault(file, where, "", str(table), "a table: [[modification]]")]
    action = table.get("action")
    if action in ACTIONS:
        must, may = ACTIONS[action]
        known = (*ALWAYS, *must, *may)
    else:
        known = tuple(_FIELDS)
    faults = [_unknown(key, known, file, where) for key in table if key not in known]
    return faults + value_faults(table, where, file)


def _write_toml(name: str, comment: str, baseline: str, steps: Sequence[Modification]) -> str:
    """Write a scenario as TOML."""
    lines = [f"name = {toml_text(name)}"]
    if comment:
        lines.append(f"comment = {toml_text(comment)}")
    lines.append(f"baseline = {toml_text(baseline)}")
    for step in steps:
        lines += ["", "[[modification]]"]
        for key, field in _FIELDS.items():
            value = getattr(step, field)
            if value is not None and value != "":
                lines.append(
                    f"{key} = {toml_text(value) if isinstance(value, str) else repr(value)}"
                )
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Scenario(_SiteSet):
    """A named change of a baseline, in steps that each say why.

    Parameters
    ----------
    name : str
    baseline : Baseline
    modifications : sequence of Modification
        In order; each is applied to what the former left.
    comment : str
        Where the scenario comes from.

    Raises
    ------
    ScenarioError
        If there is no modification, or any cannot be applied; all faults at once.

    Warns
    -----
    NothingChangesWarning
        For a modification that leaves everything as it was.

    Examples
    --------
    >>> base = Baseline.of("2018", ["CC04", "CC11", "CC12"])
    >>> plan = Scenario("Plan", base, [Modification.close("CC04", comment="small numbers"),
    ...                                Modification.status("CC12", "outreach", days=2)])
    >>> plan.open_ids, plan.days
    (('CC11', 'CC12'), {'CC12': 2.0})
    """

    name: str
    baseline: Baseline
    modifications: tuple[Modification, ...]
    comment: str = ""

    def __post_init__(self) -> None:
        modifications = tuple(self.modifications)
        object.__setattr__(self, "modifications", modifications)
        if not modifications:
            raise ScenarioError(
                f"scenario {self.name!r} is empty; expected at least one modification "
                "(for no change, use the baseline itself)"
            )
        sites, log = {s.id: s for s in self.baseline.sites}, []
        faults: list[Fault] = []
        for number, step in enumerate(modifications, 1):
            before = dict(sites)
            fault = step.apply(sites, f"modification {number}")
            if fault is not None:
                faults.append(fault)
                continue
            log.append(_log_row(number, step, before, sites))
        if faults:
            raise ScenarioError(f"scenario {self.name!r} cannot be applied", faults)
        object.__setattr__(self, "_sites", tuple(sites.values()))
        object.__setattr__(self, "_log", tuple(log))
        if not self.open_ids:
            raise ScenarioError(
                f"scenario {self.name!r} closes everything; expected at least one site left open"
            )
        for row in log:
            if not row["changed"]:
                warnings.warn(
                    f"scenario {self.name!r}, modification {row['step']}: {row['action']} "
                    f"{row['site']} changes nothing",
                    NothingChangesWarning,
                    stacklevel=3,
                )

    @property
    def sites(self) -> tuple[Site, ...]:  # type: ignore[override]
        """The sites after all modifications."""
        sites: tuple[Site, ...] = self._sites  # type: ignore[attr-defined]
        return sites

    @property
    def open_statuses(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those of the baseline."""
        return self.baseline.open_statuses

    @classmethod
    def closing(
        cls, name: str, baseline: Baseline, sites: Iterable[str], *, comment: str = ""
    ) -> Scenario:
        """Close some sites of a baseline.

        Parameters
        ----------
        name : str
        baseline : Baseline
        sites : iterable of str
        comment : str

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            As for the class.

        Examples
        --------
        >>> Scenario.closing("Plan", Baseline.of("now", ["A", "B"]), ["A"]).open_ids
        ('B',)
        """
        return cls(name, baseline, tuple(Modification.close(str(s)) for s in sites), comment)

    def then(self, *more: Modification, name: str | None = None) -> Scenario:
        """Give a scenario with further modifications; this one stays as it is.

        Parameters
        ----------
        *more : Modification
        name : str, optional

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            As for the class.
        """
        return replace(self, name=name or self.name, modifications=(*self.modifications, *more))

    def changes(self) -> pd.DataFrame:
        """List what every modification changed.

        Returns
        -------
        DataFrame
            ``step action site what before after changed comment``.
        """
        columns = ["step", "action", "site", "what", "before", "after", "changed", "comment"]
        return pd.DataFrame(self._log, columns=columns)  # type: ignore[attr-defined]

    def new_sites(self) -> pd.DataFrame:
        """Sites that the baseline does not hold: a travel matrix needs columns for them.

        Returns
        -------
        DataFrame
            As `to_frame`.
        """
        known = {s.id for s in self.baseline.sites}
        frame = self.to_frame()
        return frame[~frame["id"].isin(known)].reset_index(drop=True)

    def to_toml(self) -> str:
        """Write the scenario as TOML that `from_toml` reads back.

        Returns
        -------
        str
        """
        return _write_toml(self.name, self.comment, self.baseline.name, self.modifications)

    @classmethod
    def from_toml(cls, text: str, baseline: Baseline, *, file: str = "scenario.toml") -> Scenario:
        """Read a scenario.

        Parameters
        ----------
        text : str
            Contents of a TOML file: ``name``, ``comment``, and ``[[modification]]`` tables
            with ``action site`` and what the action needs, and a ``comment``.
        baseline : Baseline
        file : str
            Name of the file, for messages.

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            Telling every fault of the file at once.

        Examples
        --------
        >>> text = '''name = "Plan"
        ... [[modification]]
        ... action = "close"
        ... site = "A"
        ... comment = "small numbers"'''
        >>> Scenario.from_toml(text, Baseline.of("now", ["A", "B"])).open_ids
        ('B',)
        """
        name, comment, steps = _read_toml(text, baseline.name, file)
        return cls(name, baseline, steps, comment)


def _log_row(
    number: int, step: Modification, before: Mapping[str, Site], after: Mapping[str, Site]
) -> dict[str, Any]:
    touched = [i for i in dict.fromkeys([*before, *after]) if before.get(i) != after.get(i)]
    differences = [_difference(before.get(i), after.get(i)) for i in touched]
    return {
        "step": number,
        "action": step.action,
        "site": step.site,
        "what": "; ".join(d[0] for d in differences),
        "before": "; ".join(d[1] for d in differences),
        "after": "; ".join(d[2] for d in differences),
        "changed": bool(touched),
        "comment": step.comment,
    }


def _difference(old: Site | None, new: Site | None) -> tuple[str, str, str]:
    if old is None or new is None:
        there = new or old
        return (there.id if there else "", "not there" if old is None else "there", "added")
    fields = [f for f in Site.__dataclass_fields__ if getattr(old, f) != getattr(new, f)]

    def words(site: Site) -> str:
        values = [getattr(site, f) for f in fields]
        return ", ".join("not known" if v is None else _text(v) for v in values)

    return ", ".join(fields), words(old), words(new)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


_NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Money:
    """Pounds a year, each figure for itself.

    Parameters
    ----------
    saved_gbp, spent_gbp : float or None
        What the closed sites cost and the opened ones will; ``None`` where one of them is not
        known, and unless it was worked out; 0 where no site closes or opens.
    saved_unknown, spent_unknown : tuple of str
        Ids of the sites whose cost is not known.
    stated_saving_gbp : float or None
        What the proposal itself says that it saves.
    source : str
        Who says so.
    """

    saved_gbp: float | None = None
    spent_gbp: float | None = None
    saved_unknown: tuple[str, ...] = ()
    spent_unknown: tuple[str, ...] = ()
    stated_saving_gbp: float | None = None
    source: str = ""

    @classmethod
    def of(
        cls, before: _SiteSet, after: _SiteSet, *, stated_gbp: float | None = None, source: str = ""
    ) -> Money:
        """Add up what closed sites cost, and what opened ones will."""
        old, new = set(before.open_ids), set(after.open_ids)
        # what a change itself says of a closed site's cost stands in the sites after it
        saved, lost = _sum(site for site in after.sites if site.id in old - new)
        spent, more = _sum(site for site in after.sites if site.id in new - old)
        return cls(saved, spent, lost, more, stated_gbp, source)

    @property
    def net_saving_gbp(self) -> float | None:
        """Saved less spent; ``None`` where either is not known."""
        if self.saved_gbp is None or self.spent_gbp is None:
            return None
        return self.saved_gbp - self.spent_gbp

    def figures(self) -> dict[str, Any]:
        """Give every figure by name."""
        return {
            "saved_at_closed_sites_gbp": self.saved_gbp,
            "spent_at_opened_sites_gbp": self.spent_gbp,
            "cost_not_known": [*self.saved_unknown, *self.spent_unknown],
            "net_saving_gbp": self.net_saving_gbp,
            "stated_saving_per_year_gbp": self.stated_saving_gbp,
            "stated_by": self.source,
        }

    def sentence(self, names: Mapping[str, str]) -> Said:
        """Say what is saved and spent, and what the proposal itself says."""
        given = {"saved": self.saved_gbp, "spent": self.spent_gbp or None,
                 "stated": self.stated_saving_gbp}  # fmt: skip
        claims = [Claim(what, "is", (gbp,)) for what, gbp in given.items() if gbp is not None]
        unknown = {"saved": self.saved_unknown, "spent": self.spent_unknown}
        claims += [Claim(f"{what}:{i}", "unknown") for what, ids in unknown.items() for i in ids]
        parts = [f"saved at closed sites {_pounds(self.saved_gbp, self.saved_unknown, names)}"]
        if self.spent_gbp != 0.0:
            spent = _pounds(self.spent_gbp, self.spent_unknown, names)
            parts.append(f"spent at opened sites {spent}")
        text = f"A year, by the register: {'; '.join(parts)}."
        if self.stated_saving_gbp is not None:
            by = f" ({self.source})" if self.source else ""
            saved = pounds(self.stated_saving_gbp)
            text += f" The proposal's own figure: saves {saved} a year{by}."
        return Said(text, claims)


def _pounds(value: float | None, unknown: tuple[str, ...], names: Mapping[str, str]) -> str:
    if value is None and not unknown:
        return _NOT_KNOWN
    if value is None:
        return f"{_NOT_KNOWN} (no yearly cost of {listed(named(unknown, names))})"
    return pounds(value)


def _sum(sites: Iterable[Site]) -> tuple[float | None, tuple[str, ...]]:
    listed = list(sites)
    unknown = tuple(sorted(s.id for s in listed if s.annual_cost_gbp is None))
    if unknown:
        return None, unknown
    return float(sum(s.annual_cost_gbp or 0.0 for s in listed)), ()
