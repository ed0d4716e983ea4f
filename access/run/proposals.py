"""Every proposal of a study: before and after, and its place among all alternatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from access.analysis import Analysis
from access.network import TravelMatrix
from access.results import ProposalResult
from access.scenario import Ranking
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
    analysis = Analysis(study, matrices, sites)
    found = {}
    for key, proposal in study.config.proposals.items():
        progress(f"before and after, and every alternative: {proposal.title}")
        service = proposal.service
        before = analysis.today(service)
        after = sorted((set(before) - set(proposal.close)) | set(proposal.open))
        impacts = {mode: analysis.compare(service, after=after, mode=mode) for mode in matrices}
        rankings = {}
        if proposal.close and not proposal.open:
            rankings = {mode: analysis.rank(service, after=after, mode=mode) for mode in matrices}
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
    first, second = ((p.service, p.before, p.after) for p in pair)
    analysis = Analysis(study, matrices, sites)
    found = {mode: analysis.rank_jointly(first, second, mode=mode) for mode in matrices}
    return {mode: ranking for mode, ranking in found.items() if ranking is not None}
