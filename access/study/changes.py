"""What may be said of a change of one site: its actions, its statuses, and its faults."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from access.errors import Fault

STATUSES = ("full", "part_time", "outreach", "deregistered", "closed")
#: Statuses whose sites families can be counted to travel to.
OPEN_STATUSES = ("full", "part_time", "outreach")
#: What each action may say besides ``action site comment``; those it must say come first.
ACTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "close": ((), ("annual_cost_gbp",)),
    "open": ((), ("name", "status", "days", "capacity", "lon", "lat", "annual_cost_gbp")),
    "move": (("to",), ("lon", "lat", "name", "annual_cost_gbp")),
    "resize": (("capacity",), ()),
    "status": (("status",), ("days",)),
}
#: What any change may say.
ALWAYS = ("action", "site", "comment")
_BOUNDS = {
    "days": (float(np.finfo(float).tiny), 7.0, "days a week, above 0 and up to 7"),
    "capacity": (0.0, np.inf, "a number of families, 0 or more"),
    "lon": (-180.0, 180.0, "WGS84 degrees, -180 to 180"),
    "lat": (-90.0, 90.0, "WGS84 degrees, -90 to 90"),
    "annual_cost_gbp": (0.0, np.inf, "pounds a year, 0 or more"),
}


def value_faults(values: Mapping[str, object], where: str, file: str) -> list[Fault]:
    """Check what a change of a site says, value by value."""
    action, site = values.get("action"), values.get("site")
    faults = []
    if action not in ACTIONS:
        faults.append(Fault(file, where, "action", str(action), f"one of {list(ACTIONS)}"))
    if not isinstance(site, str) or not site:
        faults.append(Fault(file, where, "site", str(site or ""), "the id of a site"))
    if action in ACTIONS:
        must = ACTIONS[str(action)][0]
        faults += [
            Fault(file, where, column, "", f"{column}, which {action} needs")
            for column in must
            if values.get(column) is None
        ]
    status = values.get("status")
    may = OPEN_STATUSES if action == "open" else STATUSES
    if status is not None and status not in may:
        faults.append(Fault(file, where, "status", str(status), f"one of {list(may)}"))
    for column, (low, high, expected) in _BOUNDS.items():
        value = values.get(column)
        if value is not None and not _between(value, low, high):
            faults.append(Fault(file, where, column, str(value), expected))
    given = [column for column in ("lon", "lat") if values.get(column) is not None]
    if len(given) == 1 and not any(fault.column in given for fault in faults):
        other = "lat" if given == ["lon"] else "lon"
        faults.append(Fault(file, where, other, "", f"{other} beside {given[0]}"))
    return faults


def _between(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return bool(np.isfinite(value)) and low <= float(value) <= high
