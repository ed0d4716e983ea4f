"""Every proposal of a study: before and after, and its place among all alternatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from access.network import TravelMatrix
from access.results import ProposalResult
from access.scenario import Ranking, ServiceChoice, compare, rank_closures
from access.scenario.enumerate import MAX_OPTIONS
from access.study import Study


def measure_proposals(
    study: Study,
    matrices: Mapping[str, TravelMatrix],
    sites: pd.DataFrame,
    progress: Callable[[str], None],
) -> dict[str, ProposalResult]:
    """Compare every proposal with today, and rank it among all ways to close as many.

    Parameters
    ----------
    study : Study
    matrices : dict of str to TravelMatrix
        By mode.
    sites : DataFrame
        With ``id`` and ``name``.
    progress : callable

    Returns
    -------
    dict of str to ProposalResult
    """
    names = dict(zip(sites["id"], sites["name"], strict=True))
    found = {}
    for key, proposal in study.config.proposals.items():
        progress(f"before and after, and every alternative: {proposal.title}")
        before = sorted(study.centres_of(proposal.service)["id"])
        after = sorted((set(before) - set(proposal.close)) | set(proposal.open))
        demand = study.demand(proposal.service)
        impacts = {
            mode: compare(
                matrix,
                before=before,
                after=after,
                demand=demand,
                **study.limits(),
                names=names,
                who=study.config.services[proposal.service].noun,
                **weighting(study),
            )
            for mode, matrix in matrices.items()
        }
        rankings = {}
        if proposal.close and not proposal.open:
            rankings = {
                mode: rank_closures(
                    matrix,
                    keep=len(after),
                    demand=demand,
                    sites=before,
                    proposal=after,
                    threshold_minutes=study.config.measures.threshold_minutes,
                    names=names,
                    **study.rules(proposal.service),
                    **weighting(study),
                )
                for mode, matrix in matrices.items()
            }
        found[key] = ProposalResult(
            key=key,
            title=proposal.title,
            service=proposal.service,
            before=tuple(before),
            after=tuple(after),
            impacts=impacts,
            rankings=rankings,
            comment=proposal.comment,
            source=proposal.source,
        )
    return found


def rank_jointly(
    study: Study,
    matrices: Mapping[str, TravelMatrix],
    sites: pd.DataFrame,
    proposals: Mapping[str, ProposalResult],
) -> dict[str, Ranking]:
    """Rank two services' proposals together among all pairs of alternatives.

    Parameters
    ----------
    study : Study
    matrices : dict of str to TravelMatrix
    sites : DataFrame
    proposals : dict of str to ProposalResult

    Returns
    -------
    dict of str to Ranking
        By mode; empty unless exactly two services have one such proposal each and the pairs can
        be listed.
    """
    pair = [p for p in proposals.values() if p.rankings]
    if len(pair) != 2 or pair[0].service == pair[1].service:
        return {}
    first, second = pair
    names = dict(zip(sites["id"], sites["name"], strict=True))
    found = {}
    for mode, matrix in matrices.items():
        if len(first.rankings[mode].table) * len(second.rankings[mode].table) > MAX_OPTIONS:
            return {}
        found[mode] = rank_closures(
            matrix,
            keep=len(first.after),
            demand=study.demand(first.service),
            sites=first.before,
            proposal=first.after,
            threshold_minutes=study.config.measures.threshold_minutes,
            joint=ServiceChoice(
                matrix,
                len(second.after),
                study.demand(second.service),
                second.after,
                second.before,
                **study.rules(second.service),
            ),
            names=names,
            **study.rules(first.service),
            **weighting(study),
        )
    return found


def weighting(study: Study) -> dict[str, Any]:
    """Give the study's deprivation weights as options of `compare` and `rank_closures`.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
        ``weights lam national_areas``; weights are none where the areas have no ranks.
    """
    chosen = study.config.weights
    scheme = chosen.scheme
    if scheme == "linear" and "imd_rank" not in study.areas:
        scheme = "none"
    return {"weights": scheme, "lam": chosen.lam, "national_areas": chosen.national_areas}
