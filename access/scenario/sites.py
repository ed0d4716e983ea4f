"""Sites as a baseline and a scenario have them, and what may be changed of one."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from access.errors import Fault, ScenarioError
from access.study.sheet import OPEN_STATUSES, STATUSES, value_faults


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
    annual_cost_gbp : float or None
        What running it costs a year; ``None`` where not known.

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
    annual_cost_gbp: float | None = None


class _SiteSet:
    """What a baseline and a scenario have in common."""

    sites: tuple[Site, ...]
    open_statuses: tuple[str, ...]

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Ids of the sites that families can be counted to travel to, sorted."""
        return tuple(sorted(s.id for s in self.sites if s.status in self.open_statuses))

    @property
    def days(self) -> dict[str, float]:
        """Days a week by id, of the open sites where they are known."""
        opened = set(self.open_ids)
        return {s.id: s.days for s in self.sites if s.days is not None and s.id in opened}

    @property
    def capacities(self) -> dict[str, float]:
        """Capacity by id, where known."""
        return {s.id: s.capacity for s in self.sites if s.capacity is not None}

    @property
    def names(self) -> dict[str, str]:
        """Names by id, where known."""
        return {s.id: s.name for s in self.sites if s.name}

    def to_frame(self) -> pd.DataFrame:
        """Give the sites as a table, ready for `access.travel_matrix`."""
        columns = ["id", "name", "status", "days", "capacity", "lon", "lat"]
        return pd.DataFrame([[getattr(s, c) for c in columns] for s in self.sites], columns=columns)


@dataclass(frozen=True)
class Baseline(_SiteSet):
    """The sites as they are; never changed, only built upon.

    Parameters
    ----------
    name : str
    sites : tuple of Site
    open_statuses : tuple of str
        Statuses that count as open in every comparison; a deregistered centre with some
        services left does not, unless added here.

    Examples
    --------
    >>> Baseline.of("2018", ["CC04", "CC11"]).open_ids
    ('CC04', 'CC11')
    """

    name: str
    sites: tuple[Site, ...]
    open_statuses: tuple[str, ...] = OPEN_STATUSES

    def __post_init__(self) -> None:
        ids = [s.id for s in self.sites]
        faults = [
            Fault("baseline", i, "id", i, "each site once")
            for i in sorted(set(ids))
            if ids.count(i) > 1
        ]
        faults += [
            Fault("baseline", s.id, "status", s.status, f"one of {list(STATUSES)}")
            for s in self.sites
            if s.status not in STATUSES
        ]
        if faults or not ids:
            raise ScenarioError(
                f"baseline {self.name!r} cannot be used; expected at least one site, each once",
                faults,
            )

    @classmethod
    def of(cls, name: str, sites: Sequence[str] | pd.DataFrame) -> Baseline:
        """Make a baseline of ids, or of a table of sites.

        Parameters
        ----------
        name : str
        sites : sequence of str, or DataFrame
            A table has ``id`` and, where known, ``name status days capacity lon lat``.

        Returns
        -------
        Baseline

        Raises
        ------
        ScenarioError
            If there is no site, an id is twice, or a status is unknown.
        """
        if not isinstance(sites, pd.DataFrame):
            return cls(name, tuple(Site(str(i)) for i in sites))
        known = [c for c in Site.__dataclass_fields__ if c in sites.columns]
        columns = [sites[c].astype(object).tolist() for c in known]
        return cls(
            name,
            tuple(_site(dict(zip(known, row, strict=True))) for row in zip(*columns, strict=True)),
        )


def _site(row: Mapping[str, Any]) -> Site:
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
    given = {k: v for k, v in plain.items() if v is not None and v is not pd.NA and v == v}
    given["id"] = str(given["id"])
    return Site(**given)


def _at_status(site: Site, status: str) -> Site:
    """Give a site another status; the days of a lesser offer are not those of a full one."""
    anew = status == "full" and site.status != "full"
    return replace(site, status=status, days=None if anew else site.days)


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
    new_status, days, capacity, name, lon, lat, annual_cost_gbp
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
    annual_cost_gbp: float | None = None

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
                "annual_cost_gbp": self.annual_cost_gbp,
            },
            f"{self.action} {self.site}",
            "modification",
        )
        if faults:
            raise ScenarioError("a modification cannot be used", faults)
        for field in ("days", "capacity", "lon", "lat", "annual_cost_gbp"):
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
        status: str | None = None,
        days: float | None = None,
        capacity: float | None = None,
        lon: float | None = None,
        lat: float | None = None,
        annual_cost_gbp: float | None = None,
        comment: str = "",
    ) -> Modification:
        """Open a site, known or new, with a full offer unless told otherwise.

        Parameters
        ----------
        site : str
        name : str, optional
        status : str, optional
            ``full part_time outreach``.
        days, capacity : float, optional
        lon, lat : float, optional
            WGS84 degrees.
        annual_cost_gbp : float, optional
        comment : str

        Returns
        -------
        Modification

        Raises
        ------
        ScenarioError
            If a value cannot be used.
        """
        return cls(
            "open", site, comment, new_status=status, name=name, days=days, capacity=capacity,
            lon=lon, lat=lat, annual_cost_gbp=annual_cost_gbp,
        )  # fmt: skip

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
            Id of the place, as the travel matrix has it; not of a site that is open.
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
            As they are unless told; of what becomes full, every weekday.
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
            status = self.new_status or (base.status if base.status in OPEN_STATUSES else "full")
            sites[self.site] = self._with(_at_status(base, status))
            return None
        if old is None:
            return None
        if self.action == "close":
            sites[self.site] = self._with(replace(old, status="closed"))
        elif self.action == "resize":
            sites[self.site] = replace(old, capacity=self.capacity)
        elif self.action == "status":
            changed = _at_status(old, self.new_status or old.status)
            sites[self.site] = replace(changed, days=self.days or changed.days)
        elif wrong := self._cannot_move(old, sites.get(str(self.to))):
            return Fault("scenario", where, *wrong)
        else:
            there = sites.get(str(self.to), Site(str(self.to), old.name, lon=None, lat=None))
            moved = replace(there, status=old.status, days=old.days, capacity=old.capacity)
            sites[self.site] = replace(old, status="closed")
            sites[str(self.to)] = self._with(moved)
        return None

    def _cannot_move(self, old: Site, there: Site | None) -> tuple[str, str, str] | None:
        """Say what is wrong of a move: column, what was found, what was expected."""
        if self.to == self.site:
            expected = "another place's id (a moved site needs its own column in the matrix)"
            return "to", str(self.to), expected
        if old.status == "closed":
            return "site", self.site, "a site that is not closed: there is no offer to move"
        if there is not None and there.status in OPEN_STATUSES:
            expected = (
                "a place that is not open, for what it offers would be lost (where one site goes "
                "into another, close the one)"
            )
            return "to", str(self.to), expected
        return None

    def _with(self, site: Site) -> Site:
        """Set what this step says of a site."""
        fields = ("name", "days", "capacity", "lon", "lat", "annual_cost_gbp")
        given = {f: getattr(self, f) for f in fields}
        return replace(site, **{f: v for f, v in given.items() if v is not None})
