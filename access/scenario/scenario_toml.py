"""Scenarios as TOML, read with every fault at once and written the same way each time."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from access.errors import Fault, ScenarioError
from access.escape import toml_text
from access.scenario.modification import Modification
from access.scenario.vocabulary import ACTIONS, value_faults

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
    "comment": "comment",
}


def _unknown(key: str, known: Sequence[str], file: str, where: str) -> Fault:
    close = get_close_matches(key, known, 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return Fault(file, where, key, key, f"one of {list(known)}{hint}")


def read_toml(
    text: str, baseline_name: str, file: str
) -> tuple[str, str, tuple[Modification, ...]]:
    """Read a scenario's name, comment and steps.

    Parameters
    ----------
    text : str
        TOML.
    baseline_name : str
        Must be that of the file, where it names one.
    file : str
        For messages.

    Returns
    -------
    name, comment : str
    steps : tuple of Modification

    Raises
    ------
    ScenarioError
        Telling every fault at once.

    Examples
    --------
    >>> read_toml('name = "Plan"', "now", "plan.toml")
    Traceback (most recent call last):
    access.errors.ScenarioError: plan.toml is not a scenario
      plan.toml, modification: expected at least one [[modification]] table
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{file} is not TOML: {error}") from None
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
    steps = tuple(Modification(**{_FIELDS[k]: v for k, v in table.items()}) for table in tables)
    return str(name), str(data.get("comment", "")), steps


def _table_faults(table: Any, where: str, file: str) -> list[Fault]:
    if not isinstance(table, dict):
        return [Fault(file, where, "", str(table), "a table: [[modification]]")]
    action = table.get("action")
    if action in ACTIONS:
        must, may = ACTIONS[action]
        known = ("action", "site", "comment", *must, *may)
    else:
        known = tuple(_FIELDS)
    faults = [_unknown(key, known, file, where) for key in table if key not in known]
    return faults + value_faults(table, where, file)


def write_toml(name: str, comment: str, baseline: str, steps: Sequence[Modification]) -> str:
    """Write a scenario as TOML.

    Parameters
    ----------
    name, comment, baseline : str
    steps : sequence of Modification

    Returns
    -------
    str

    Examples
    --------
    >>> print(write_toml("Plan", "", "now", [Modification.close("A", comment="small numbers")]))
    name = "Plan"
    baseline = "now"
    <BLANKLINE>
    [[modification]]
    action = "close"
    site = "A"
    comment = "small numbers"
    <BLANKLINE>
    """
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
