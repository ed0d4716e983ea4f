"""Every chart in one place; each title says the finding."""

from access.charts.chart import Chart
from access.charts.results import (
    change_chart,
    group_chart,
    pareto_chart,
    rank_chart,
    robustness_chart,
)

__all__ = [
    "Chart",
    "change_chart",
    "group_chart",
    "pareto_chart",
    "rank_chart",
    "robustness_chart",
]
