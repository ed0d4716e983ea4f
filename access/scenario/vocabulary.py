"""What a modification may say: actions, statuses, and the bounds of numbers."""

from __future__ import annotations

import numpy as np

from access.errors import Fault

STATUSES = ("full", "part_time", "outreach", "deregistered", "closed")
#: What each action may say besides ``action site comment``; those it must say come first.
ACTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "close": ((), ()),
    "open": ((), ("name", "days", "capacity", "lon", "lat")),
    "move": (("to",), ("lon", "lat", "name")),
    "resize": (("capacity",), ()),
    "status": (("status",), ("days",)),
}


def value_faults(values: dict[str, object], where: str, file: str) -> list[Fault]:
    """Check what a modification says, value by value.

    Parameters
    ----------
    values : dict
        ``action site to status days capacity lon lat``; ``None`` where nothing is said.
    where, file : str
        For the faults.

    Returns
    -------
    list of Fault

    Examples
    --------
    >>> print(value_faults({"action": "shut", "site": "A"}, "modification 1", "plan.toml")[0])
    plan.toml, modification 1, action: found 'shut'; expected one of ['close', 'open', 'move',
    'resize', 'status']
    """
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
    if status is not None and status not in STATUSES:
        faults.append(Fault(file, where, "status", str(status), f"one of {list(STATUSES)}"))
    bounds = {
        "days": (float(np.finfo(float).tiny), 7.0, "days a week, above 0 and up to 7"),
        "capacity": (0.0, np.inf, "a number of families, 0 or more"),
        "lon": (-180.0, 180.0, "WGS84 degrees, -180 to 180"),
        "lat": (-90.0, 90.0, "WGS84 degrees, -90 to 90"),
    }
    for column, (low, high, expected) in bounds.items():
        value = values.get(column)
        if value is not None and not _between(value, low, high):
            faults.append(Fault(file, where, column, str(value), expected))
    return faults


def _between(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return bool(np.isfinite(value)) and low <= float(value) <= high
