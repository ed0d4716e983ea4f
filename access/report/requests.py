"""The options that consultees asked for: read from the explorer's log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.errors import Fault, StudyError
from access.escape import plain

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Request:
    """An option that somebody asked for, and why.

    Parameters
    ----------
    name, reason : str
        As typed.
    close, open : tuple of str
        Ids of sites.
    noted : str
        When, as the log says.
    """

    name: str
    reason: str = ""
    close: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    noted: str = ""


def read_requests(path: Path | str) -> tuple[Request, ...]:
    """Read the log that the explorer saves as JSON.

    Parameters
    ----------
    path : path

    Returns
    -------
    tuple of Request

    Raises
    ------
    StudyError
        If the file cannot be read or is not such a log; all faults at once.
    """
    path = Path(path)
    try:
        found = json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise StudyError(f"the log of options {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StudyError(
            f"{path} is not JSON ({error}); expected the file that the explorer's button "
            "'save as JSON' makes"
        ) from error
    options = found.get("options") if isinstance(found, dict) else None
    if not isinstance(options, list):
        raise StudyError(
            f"{path} holds no list of options; expected the file that the explorer saves as JSON"
        )
    faults = [fault for k, entry in enumerate(options) for fault in _faults(path, k, entry)]
    if faults:
        raise StudyError(f"the log of options {path} has faults", faults)
    return tuple(
        Request(
            name=plain(entry.get("name") or f"Option {k + 1}")[:_LONGEST],
            reason=plain(entry.get("reason") or "")[:_LONGEST],
            close=tuple(str(i) for i in entry.get("close", ())),
            open=tuple(str(i) for i in entry.get("open", ())),
            noted=plain(entry.get("noted") or "")[:40],
        )
        for k, entry in enumerate(options)
    )


def _faults(path: Path, k: int, entry: Any) -> list[Fault]:
    where = f"option {k + 1}"
    if not isinstance(entry, dict):
        return [Fault(path.name, where, "", type(entry).__name__, "an option with name and close")]
    return [
        Fault(path.name, where, key, str(entry[key])[:60], "a list of site ids")
        for key in ("close", "open")
        if not isinstance(entry.get(key, []), list)
    ]
