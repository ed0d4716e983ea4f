"""Proposals, what they change, and how they rank among all alternatives."""

from access.measure.typical import typical_matrix
from access.scenario.compare import compare
from access.scenario.impact import Impact
from access.scenario.model import OPEN_STATUSES, Baseline, Scenario
from access.scenario.modification import STATUSES, Modification, NothingChangesWarning
from access.scenario.rank import rank_closures
from access.scenario.ranking import Ranking
from access.scenario.service import ServiceChoice
from access.scenario.site import Site

__all__ = [
    "OPEN_STATUSES",
    "STATUSES",
    "Baseline",
    "Impact",
    "Modification",
    "NothingChangesWarning",
    "Ranking",
    "Scenario",
    "ServiceChoice",
    "Site",
    "compare",
    "rank_closures",
    "typical_matrix",
]
