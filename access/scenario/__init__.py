"""Proposals, what they change, and how they rank among all alternatives."""

from access.measure.typical import typical_matrix
from access.scenario.compare import NothingChangesWarning, compare
from access.scenario.impact import Impact

__all__ = ["Impact", "NothingChangesWarning", "compare", "typical_matrix"]
