"""What a run finds: the one value that maps, reports and commands read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from access.ledger import RunLedger
from access.network import Network, TravelMatrix
from access.scenario import Impact, Ranking
from access.siting.hubs import HubStudy
from access.study import Study

#: Modes in the order of every table.
MODES = ("walk", "drive", "typical")
MODE_TITLES = {
    "walk": "walking",
    "drive": "driving",
    "typical": "typical family trip",
}


@dataclass(frozen=True, eq=False)
class ProposalResult:
    """One proposal, measured in every mode.

    Parameters
    ----------
    key, title, service : str
    before, after : tuple of str
        Ids of the open centres, sorted.
    impacts : dict of str to Impact
        By mode, in the order of `MODES`.
    rankings : dict of str to Ranking
        By mode: every way to close as many, and where the proposal stands. Empty where the
        proposal opens a site or closes none: there is then no such list.
    comment, source : str
        As the study gives them.
    """

    key: str
    title: str
    service: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    impacts: Mapping[str, Impact]
    rankings: Mapping[str, Ranking] = field(default_factory=dict)
    comment: str = ""
    source: str = ""

    @property
    def closed(self) -> tuple[str, ...]:
        """Ids open before and not after."""
        return tuple(i for i in self.before if i not in set(self.after))


@dataclass(frozen=True, eq=False)
class HubAnswer:
    """Where Family Hubs would best stand: families as they are, and weighted by deprivation.

    Parameters
    ----------
    plain : HubStudy
        Every child and young person counts the same.
    weighted : HubStudy or None
        Counted by deprivation; None where the study has no ranks.
    weighting_note : str
        The weights in words.
    mode : str
    candidates : DataFrame
        The sites that were looked at: ``id name kind locality lon lat assumed``.
    """

    plain: HubStudy
    weighted: HubStudy | None
    weighting_note: str
    mode: str
    candidates: pd.DataFrame


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Everything a run found.

    Parameters
    ----------
    study : Study
    networks : dict of str to Network
        ``walk`` and ``drive``.
    matrices : dict of str to TravelMatrix
        By mode; rows are all areas, columns are `sites`.
    sites : DataFrame
        Every site of the matrices: ``id name kind service lon lat locality assumed``, where kind
        is ``centre``, ``candidate`` or ``neighbour``.
    proposals : dict of str to ProposalResult
    joint : dict of str to Ranking
        By mode: every pair of ways of two services, where the study has two such proposals.
    streets : str
        One sentence: whose streets these are, and how wrong they may be.
    speeds : str
        One sentence: how fast everybody is taken to be, and where they go.
    modelled : bool
        True when the streets are modelled, not surveyed.
    ledger : RunLedger
        Without outputs, which are known once they are written.
    snaps : dict of str to GeoDataFrame
        By mode: the leg from every area and site to the street it joins.
    hubs : HubAnswer, optional
        None where it was not asked.
    """

    study: Study
    networks: Mapping[str, Network]
    matrices: Mapping[str, TravelMatrix]
    sites: pd.DataFrame
    proposals: Mapping[str, ProposalResult]
    streets: str
    speeds: str
    modelled: bool
    ledger: RunLedger
    snaps: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    joint: Mapping[str, Ranking] = field(default_factory=dict)
    hubs: HubAnswer | None = None

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Every sentence that must stand beside the numbers, the streets first."""
        return (self.streets, self.speeds, *self.study.assumptions)

    def names(self) -> dict[str, str]:
        """Site names by id."""
        return dict(zip(self.sites["id"], self.sites["name"], strict=True))
