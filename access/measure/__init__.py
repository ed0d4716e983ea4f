"""Measures of access and equity: pure functions on arrays and frames."""

from access.measure.demand import align_demand
from access.measure.distribution import (
    CHANGE_CLASSES,
    TOLERANCE_MINUTES,
    change,
    change_class,
    describe,
    share_within,
    weighted_mean,
    weighted_quantile,
)
from access.measure.nearest import Nearest, nearest
from access.measure.typical import typical_matrix
from access.measure.weights import LSOAS_ENGLAND_2011, Weights, deprivation_weights

__all__ = [
    "CHANGE_CLASSES",
    "LSOAS_ENGLAND_2011",
    "TOLERANCE_MINUTES",
    "Nearest",
    "Weights",
    "align_demand",
    "change",
    "change_class",
    "deprivation_weights",
    "describe",
    "nearest",
    "share_within",
    "typical_matrix",
    "weighted_mean",
    "weighted_quantile",
]
