"""Options that visitors of the explorer noted, as questions that `access compare` answers."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from access.errors import Fault, ScenarioError
from access.escape import cell_text_undone, plain
from access.report.requests import Request, read_requests
from access.study import Study

_Asked = TypeVar("_Asked")
ENDINGS = (".json", ".csv")
_COLUMNS = ("name", "reason", "close", "open")


def read_options(path: Path) -> tuple[Request, ...]:
    """Read the options that the explorer saved, as JSON or as CSV.

    Parameters
    ----------
    path : Path
        Ends in ``.json`` or ``.csv``.

    Returns
    -------
    tuple of Request

    Raises
    ------
    StudyError
        If a JSON file cannot be read or is not such a log.
    ScenarioError
        If a CSV file cannot be read or lacks a column.
    """
    if path.suffix.lower() == ".json":
        return read_requests(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
            rows = [] if missing else list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError(f"{path} cannot be read as CSV: {error}") from None
    if missing:
        faults = [Fault(path.name, "", c, "", f"a column named {c!r}") for c in missing]
        raise ScenarioError(f"{path} is not a table that the explorer saved", faults)
    return tuple(
        Request(
            name=_undone(row["name"]) or f"Option {k}",
            reason=_undone(row["reason"]),
            close=tuple((row["close"] or "").split()),
            open=tuple((row["open"] or "").split()),
            noted=plain(row.get("noted") or ""),
        )
        for k, row in enumerate(rows, 1)
    )


def _undone(text: str | None) -> str:
    """Take away the quote that keeps a spreadsheet from running a name as a formula."""
    return cell_text_undone(plain(text or ""))


def ask_options(
    study: Study,
    path: Path,
    service: str | None,
    ask: Callable[[str, str, str, tuple[str, ...], tuple[str, ...], str], _Asked],
) -> list[_Asked]:
    """Make a question of every option and every service that it changes.

    Parameters
    ----------
    study : Study
    path : Path
        As `read_options`.
    service : str, optional
        Only this one; all services that an option changes by default.
    ask : callable
        Makes a question of ``key, title, service, close, open, comment``.

    Returns
    -------
    list

    Raises
    ------
    ScenarioError
        If a site is unknown (all of them at once), or no option changes anything.
    """
    of = dict(zip(study.centres["id"], study.centres["service"], strict=True))
    known = set(of) | set(study.candidates["id"])
    options = read_options(path)
    faults = [
        Fault(path.name, f"option {k}", "close, open", site, "the id of a centre or candidate")
        for k, option in enumerate(options, 1)
        for site in (*option.close, *option.open)
        if site not in known
    ]
    if faults:
        raise ScenarioError(f"{path.name} names sites that the study does not have", faults)
    wanted = [service] if service is not None else list(study.config.services)
    asked = []
    for k, option in enumerate(options, 1):
        for key in wanted:
            close = tuple(i for i in option.close if of.get(i) == key)
            opening = tuple(i for i in option.open if of.get(i, key) == key)
            if close or opening:
                asked.append(ask(f"option_{k}_{key}", option.name, key, close, opening,
                                 option.reason))  # fmt: skip
    if not asked:
        raise ScenarioError(f"{path.name} holds no option that changes which centres are open")
    return asked
