"""Still maps for the report: where trips would grow, for each service's first proposal."""

from __future__ import annotations

from access.errors import ParameterError
from access.maps.from_results import explorer_data
from access.maps.static import static_map
from access.report.chart import Chart
from access.results import StudyResults


def proposal_maps(results: StudyResults, *, mode: str = "walk") -> dict[str, Chart]:
    """Draw a map of added minutes for each service.

    Parameters
    ----------
    results : StudyResults
    mode : str
        Headline mode of the report.

    Returns
    -------
    dict of str to Chart
        By proposal; where a service has several, only its first has a map. Without those
        whose data a map needs and lacks.
    """
    data = explorer_data(results)
    maps: dict[str, Chart] = {}
    drawn: set[str] = set()
    for key, proposal in results.proposals.items():
        if proposal.service in drawn:
            continue
        drawn.add(proposal.service)
        try:
            maps[key] = static_map(data, proposal.service, "change", mode=mode)
        except ParameterError:
            continue
    return maps
