"""The report's pictures: charts of the results, with their words, where they may be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from access.analysis.results import StudyResults
from access.charts import change_chart, rank_chart
from access.charts.chart import Chart
from access.document.document import Figure
from access.errors import ParameterError
from access.maps.explorer_data import explorer_data
from access.maps.static_map import static_map
from access.report.findings import ProposalFindings
from access.scenario.robustness import Robustness

#: Inches of a picture for every share of the page's width: its letters can then still be read.
_INCHES = 10.4


def _beside(chart: Chart, key: str = "", *, width: float = 0.5, height: float = 4.3) -> Figure:
    """Make a chart into a figure that stands beside another."""
    return _figure_of(replace(chart, size=(_INCHES * width, height)), key, width=width)


def _figure_of(chart: Chart, key: str = "", *, width: float = 0.8) -> Figure:
    """Make a chart into a figure of the document, its title and caption printed as text."""
    png, svg = chart.pictures(titled=False)
    return Figure(
        title=chart.title,
        png=png,
        svg=svg,
        alt=chart.alt,
        note=chart.caption,
        key=key,
        width=width,
    )


def _change_figures(found: ProposalFindings, *, internal: bool) -> list[Figure]:
    """Draw how many people's trips grow, and by how much."""
    key = f"change-{found.result.key}"
    draw = partial(change_chart, found.impact, internal=internal)
    return _drawn(draw, key, width=1 - _MAP, height=_MAP_HEIGHT)


#: Share of the page's width that a map has, and its inches of height.
_MAP, _MAP_HEIGHT = 0.58, 5.6


def _map_figure(chart: Chart, key: str) -> Figure:
    """Make a map into a figure that leaves room for a chart."""
    return _beside(chart, key, width=_MAP, height=_MAP_HEIGHT)


def _rank_figures(
    found: ProposalFindings, robust: Robustness | None, *, alone: bool
) -> list[Figure]:
    """Draw where the proposal stands on every measure; say whose picture it is, of several."""
    ranking = found.ranking
    if ranking is None or found.standing is None:
        return []

    def draw() -> Chart:
        return _named(rank_chart(ranking, robust), "" if alone else found.label)

    return _drawn(draw, f"rank-{found.result.key}")


def _named(chart: Chart, label: str) -> Chart:
    """Say in a chart's title whose it is."""
    return replace(chart, title=f"{label}: {chart.title}") if label else chart


def _drawn(
    draw: Callable[[], Chart], key: str, *, width: float = 0.5, height: float = 4.3
) -> list[Figure]:
    """Draw a chart; leave out what the results do not hold enough for."""
    try:
        return [_beside(draw(), key, width=width, height=height)]
    except ParameterError:
        return []


def _proposal_maps(results: StudyResults, *, mode: str) -> dict[str, Chart]:
    """Draw a map of added minutes for each proposal."""
    data = explorer_data(results)
    of = [proposal.service for proposal in results.proposals.values()]
    maps: dict[str, Chart] = {}
    for key, proposal in results.proposals.items():
        try:
            chart = static_map(data, proposal.service, "change", mode=mode, after=proposal.after)
        except ParameterError:
            continue
        maps[key] = _named(chart, proposal.title if of.count(proposal.service) > 1 else "")
    return maps
