"""Proposals, what they change, and how they rank among all alternatives."""

from access.measure.trips import typical_matrix
from access.scenario.compare import compare
from access.scenario.impact import Impact
from access.scenario.offer import OfferChange, offer_change
from access.scenario.options import ServiceChoice
from access.scenario.ranking import Ranking, rank_closures
from access.scenario.robustness import Robustness, robustness
from access.scenario.scenario import Scenario
from access.scenario.sites import (
    Baseline,
    Modification,
    NothingChangesWarning,
    Site,
)
from access.scenario.switching import Switching, switching_values, weights_side_by_side
from access.scenario.uncertainty import Uncertainty, plausible_sites
from access.scenario.users import (
    ECOLOGICAL_WARNING,
    Attendance,
    Equality,
    TakeUpChange,
    attendance_beside_nearest,
    equality,
    take_up_change,
)
from access.study.sheet import OPEN_STATUSES, STATUSES

__all__ = [
    "ECOLOGICAL_WARNING",
    "OPEN_STATUSES",
    "STATUSES",
    "Attendance",
    "Baseline",
    "Equality",
    "Impact",
    "Modification",
    "NothingChangesWarning",
    "OfferChange",
    "Ranking",
    "Robustness",
    "Scenario",
    "ServiceChoice",
    "Site",
    "Switching",
    "TakeUpChange",
    "Uncertainty",
    "attendance_beside_nearest",
    "compare",
    "equality",
    "offer_change",
    "plausible_sites",
    "rank_closures",
    "robustness",
    "switching_values",
    "take_up_change",
    "typical_matrix",
    "weights_side_by_side",
]
