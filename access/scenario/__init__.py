"""Proposals, what they change, and how they rank among all alternatives."""

from access.measure.typical import typical_matrix
from access.scenario.compare import NothingChangesWarning, compare
from access.scenario.impact import Impact
from access.scenario.rank import rank_closures
from access.scenario.ranking import Ranking
from access.scenario.service import ServiceChoice

__all__ = [
    "Impact",
    "NothingChangesWarning",
    "Ranking",
    "ServiceChoice",
    "compare",
    "rank_closures",
    "typical_matrix",
]
