"""Measures of access and equity: pure functions on arrays and frames."""

from access.measure import decay
from access.measure.catchment import (
    cumulative,
    enhanced_two_step,
    gravity,
    nearest_minutes,
    three_step,
    two_step,
)
from access.measure.demand import Weights, align_demand, deprivation_weights
from access.measure.distribution import (
    CHANGE_CLASSES,
    TOLERANCE_MINUTES,
    Nearest,
    change,
    change_class,
    describe,
    nearest,
    share_within,
    weighted_mean,
    weighted_quantile,
)
from access.measure.equity import (
    concentration_index,
    gini,
    inequality,
    palma,
    slope_index,
)
from access.measure.trips import TAKE_UP_WARNING, TakeUp, fit_take_up, typical_matrix
from access.units import LSOAS_ENGLAND_2011

__all__ = [
    "CHANGE_CLASSES",
    "LSOAS_ENGLAND_2011",
    "TOLERANCE_MINUTES",
    "Nearest",
    "TAKE_UP_WARNING",
    "TakeUp",
    "Weights",
    "align_demand",
    "change",
    "change_class",
    "concentration_index",
    "cumulative",
    "decay",
    "deprivation_weights",
    "describe",
    "enhanced_two_step",
    "fit_take_up",
    "gini",
    "gravity",
    "inequality",
    "nearest",
    "nearest_minutes",
    "palma",
    "share_within",
    "slope_index",
    "three_step",
    "two_step",
    "typical_matrix",
    "weighted_mean",
    "weighted_quantile",
]
