"""The hub question, gathered from a study and handed to the optimiser."""

from __future__ import annotations

from collections.abc import Sequence

from access.measure import deprivation_weights
from access.network.matrix import positions
from access.notebook.asked import pick
from access.notebook.hubs import HubsAnswer
from access.report.names import short_names
from access.results import StudyResults
from access.run.proposals import weighting
from access.siting import Demand, per_locality
from access.siting.hubs import hub_study


def ask_hubs(
    results: StudyResults,
    *,
    hubs: int | None,
    mode: str,
    among: Sequence[str] | None,
    weighted: bool,
    each_locality: bool,
) -> HubsAnswer:
    """Gather the hub question from a study, and hand it to the optimiser.

    Parameters
    ----------
    results : StudyResults
    hubs : int or None
    mode : str
    among : sequence of str or None
    weighted, each_locality : bool
        As in `access.Answers.hubs`.

    Returns
    -------
    HubsAnswer

    Raises
    ------
    ParameterError
        As in `access.Answers.hubs`.
    """
    study, settings = results.study, results.study.config.hubs
    matrix = pick(results.matrices, mode, "mode")
    sites = _places(results) if among is None else [str(i) for i in among]
    positions(matrix.site_ids, sites, "site")
    council = tuple(i for i in settings.council_choice if i in sites)
    if hubs is not None and len(council) != hubs:
        council = ()
    demands: list[Demand] = []
    assumed = [f"The council's choice: {settings.council_source}"] if council else []
    for key, service in study.config.services.items():
        families = study.demand(key).set_index("id")
        weights = families["count"]
        if weighted:
            made = deprivation_weights(families, **weighting(study))
            weights = weights * made.per_family
            assumed.append(made.note)
        share = settings.shares.get(key, 1.0)
        demands.append(Demand(matrix.sites(sites), weights, share, service.noun))
    localities = results.sites.set_index("id")["locality"].loc[sites]
    rules = per_locality(localities[localities.astype(str) != ""]) if each_locality else ()
    found = hub_study(
        demands,
        most=max(settings.most, hubs or 0),
        size=hubs,
        council=council,
        rules=rules,
        names=short_names(results),
        kinds=dict(zip(results.sites["id"], results.sites["kind"], strict=True)),
        assumptions=tuple(dict.fromkeys(assumed)),
    )
    return HubsAnswer(found, results, mode, tuple(sites))


def _places(results: StudyResults) -> list[str]:
    """Where a hub could go: centres that no proposal closes, and the study's candidates."""
    closing = {i for p in results.proposals.values() for i in p.closed}
    own = results.sites[results.sites["kind"] != "neighbour"]
    return [str(i) for i in own["id"] if i not in closing]
