"""A centre as a baseline or a scenario has it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Site:
    """A centre as the baseline or a scenario has it.

    Parameters
    ----------
    id : str
    name : str
    status : str
        ``full part_time outreach deregistered closed``.
    days : float or None
        Days a week that it is open; ``None`` where not known.
    capacity : float or None
        Families it can serve; ``None`` where not known.
    lon, lat : float or None
        WGS84 degrees.

    Examples
    --------
    >>> Site("CC04", "Park View").status
    'full'
    """

    id: str
    name: str = ""
    status: str = "full"
    days: float | None = None
    capacity: float | None = None
    lon: float | None = None
    lat: float | None = None
