"""Every chart in one place; each title says the finding."""

from access.charts.chart import Chart
from access.charts.impact import change_chart, group_chart
from access.charts.ranking import pareto_chart, rank_chart, robustness_chart

__all__ = [
    "Chart",
    "change_chart",
    "group_chart",
    "pareto_chart",
    "rank_chart",
    "robustness_chart",
]
