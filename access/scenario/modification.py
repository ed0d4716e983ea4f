"""One step of a scenario: close, open, move, resize a site, or change its status."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, replace

from access.errors import Fault, ScenarioError
from access.scenario.site import Site
from access.scenario.vocabulary import value_faults


class NothingChangesWarning(UserWarning):
    """A scenario, or a modification of it, leaves everything as it was."""


@dataclass(frozen=True)
class Modification:
    """One change of one site, with the reason for it.

    Make one with `close`, `open`, `move`, `resize` or `status`.

    Parameters
    ----------
    action : str
        ``close open move resize status``.
    site : str
        Id of the site.
    comment : str
        Why, and on whose word.
    to : str or None
        For a move: id of the place moved to, as the travel matrix has it.
    new_status, days, capacity, name, lon, lat
        What the action sets; ``None`` where it says nothing of it.

    Raises
    ------
    ScenarioError
        If the action is unknown or a value cannot be used; all faults at once.

    Examples
    --------
    >>> Modification.status("CC12", "outreach", days=2, comment="papers, 11.2").days
    2.0
    """

    action: str
    site: str
    comment: str = ""
    to: str | None = None
    new_status: str | None = None
    days: float | None = None
    capacity: float | None = None
    name: str | None = None
    lon: float | None = None
    lat: float | None = None

    def __post_init__(self) -> None:
        faults = value_faults(
            {
                "action": self.action,
                "site": self.site,
                "to": self.to,
                "status": self.new_status,
                "days": self.days,
                "capacity": self.capacity,
                "lon": self.lon,
                "lat": self.lat,
            },
            f"{self.action} {self.site}",
            "modification",
        )
        if faults:
            raise ScenarioError("a modification cannot be used", faults)
        for field in ("days", "capacity", "lon", "lat"):
            value = getattr(self, field)
            if value is not None:
                object.__setattr__(self, field, float(value))

    @classmethod
    def close(cls, site: str, *, comment: str = "") -> Modification:
        """Close a site.

        Parameters
        ----------
        site, comment : str

        Returns
        -------
        Modification
        """
        return cls("close", site, comment)

    @classmethod
    def open(
        cls,
        site: str,
        *,
        name: str | None = None,
        days: float | None = None,
        capacity: float | None = None,
        lon: float | None = None,
        lat: float | None = None,
        comment: str = "",
    ) -> Modification:
        """Open a site, known or new, with a full offer.

        Parameters
        ----------
        site : str
        name : str, optional
        days, capacity : float, optional
        lon, lat : float, optional
            WGS84 degrees.
        comment : str

        Returns
        -------
        Modification

        Raises
        ------
        ScenarioError
            If a value cannot be used.
        """
        return cls("open", site, comment, name=name, days=days, capacity=capacity, lon=lon, lat=lat)

    @classmethod
    def move(
        cls,
        site: str,
        *,
        to: str,
        lon: float | None = None,
        lat: float | None = None,
        name: str | None = None,
        comment: str = "",
    ) -> Modification:
        """Move a site's offer to another place; its status, days and capacity go with it.

        Parameters
        ----------
        site : str
        to : str
            Id of the place, as the travel matrix has it.
        lon, lat : float, optional
            Where it is, WGS84 degrees.
        name : str, optional
        comment : str

        Returns
        -------
        Modification

        Raises
        ------
        ScenarioError
            If a value cannot be used.
        """
        return cls("move", site, comment, to=to, lon=lon, lat=lat, name=name)

    @classmethod
    def resize(cls, site: str, *, capacity: float, comment: str = "") -> Modification:
        """Change how many families a site can serve.

        Parameters
        ----------
        site : str
        capacity : float
        comment : str

        Returns
        -------
        Modification

        Raises
        ------
        ScenarioError
            If capacity is not a number of 0 or more.
        """
        return cls("resize", site, comment, capacity=capacity)

    @classmethod
    def status(
        cls, site: str, status: str, *, days: float | None = None, comment: str = ""
    ) -> Modification:
        """Change what a site offers, and on how many days a week.

        Parameters
        ----------
        site : str
        status : str
            ``full part_time outreach deregistered closed``.
        days : float, optional
        comment : str

        Returns
        -------
        Modification

        Raises
        ------
        ScenarioError
            If the status is unknown or the days are not from 0 to 7.
        """
        return cls("status", site, comment, new_status=status, days=days)

    def apply(self, sites: MutableMapping[str, Site], where: str) -> Fault | None:
        """Apply this step to sites by id, in place.

        Parameters
        ----------
        sites : dict of str to Site
        where : str
            For the fault.

        Returns
        -------
        Fault or None
            Why it cannot be applied.
        """
        old = sites.get(self.site)
        if old is None and self.action != "open":
            expected = f"a site of the baseline or opened before: {sorted(sites)[:30]}"
            return Fault("scenario", where, "site", self.site, expected)
        if self.action == "open":
            base = old or Site(self.site, status="closed")
            status = base.status if base.status in ("full", "part_time", "outreach") else "full"
            sites[self.site] = self._with(replace(base, status=status))
            return None
        if old is None:
            return None
        if self.action == "close":
            sites[self.site] = replace(old, status="closed")
        elif self.action == "resize":
            sites[self.site] = replace(old, capacity=self.capacity)
        elif self.action == "status":
            status = self.new_status or old.status
            sites[self.site] = replace(old, status=status, days=self.days or old.days)
        elif self.to == self.site:
            expected = "another place's id (a moved site needs its own column in the matrix)"
            return Fault("scenario", where, "to", str(self.to), expected)
        else:
            there = sites.get(str(self.to), Site(str(self.to), old.name, lon=None, lat=None))
            moved = replace(there, status=old.status, days=old.days, capacity=old.capacity)
            sites[self.site] = replace(old, status="closed")
            sites[str(self.to)] = self._with(moved)
        return None

    def _with(self, site: Site) -> Site:
        """Set what this step says of a site."""
        given = {f: getattr(self, f) for f in ("name", "days", "capacity", "lon", "lat")}
        return replace(site, **{f: v for f, v in given.items() if v is not None})
