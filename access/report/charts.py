"""Every chart in one place; each title says the finding."""

from access.report.chart import Chart
from access.report.chart_impact import change_chart, group_chart
from access.report.chart_ranking import pareto_chart, rank_chart
from access.report.chart_robustness import robustness_chart

__all__ = [
    "Chart",
    "change_chart",
    "group_chart",
    "pareto_chart",
    "rank_chart",
    "robustness_chart",
]
