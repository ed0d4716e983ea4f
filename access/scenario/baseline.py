"""The sites as they are: never changed, only built upon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from access.errors import Fault, ScenarioError
from access.scenario.site import Site
from access.scenario.vocabulary import STATUSES

#: Statuses whose sites families can be counted to travel to.
OPEN_STATUSES = ("full", "part_time", "outreach")


class SiteSet:
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
        """Give the sites as a table, ready for `access.travel_matrix`.

        Returns
        -------
        DataFrame
            ``id name status days capacity lon lat``.
        """
        columns = ["id", "name", "status", "days", "capacity", "lon", "lat"]
        return pd.DataFrame([[getattr(s, c) for c in columns] for s in self.sites], columns=columns)


@dataclass(frozen=True)
class Baseline(SiteSet):
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
        rows = sites[known].astype(object).to_dict("records")
        return cls(name, tuple(_site(row) for row in rows))


def _site(row: Mapping[Any, Any]) -> Site:
    given = {str(k): v for k, v in row.items() if v is not None and v == v and v is not pd.NA}
    given["id"] = str(given["id"])
    return Site(**given)
