"""What the report tells of each proposal, gathered once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from access.errors import ParameterError
from access.report.names import short_names
from access.report.options import Option, options_of
from access.results import ProposalResult, StudyResults
from access.scenario import (
    Impact,
    Ranking,
)


@dataclass(frozen=True, eq=False)
class ProposalFindings:
    """Everything the report says of one proposal.

    Parameters
    ----------
    result : ProposalResult
    title, one, noun : str
        Of the service: ``"Children's Centres"``, ``"Children's Centre"``, ``"children under
        five"``.
    mode : str
        Headline mode.
    ranking : Ranking or None
        ``None`` where the proposal closes no site or opens one, so that there is no list of all
        alternatives to it.
    options : tuple of Option
        No change, the proposal, then the best others.
    names : dict of str to str
        Short site names by id.
    """

    result: ProposalResult
    title: str
    one: str
    noun: str
    mode: str
    ranking: Ranking | None
    options: tuple[Option, ...]
    names: Mapping[str, str]

    @property
    def impact(self) -> Impact:
        """The proposal's impact in the headline mode."""
        return self.result.impacts[self.mode]

    def named(self, ids: Sequence[str]) -> list[str]:
        """Give the short names of sites.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        list of str
        """
        return [self.names.get(i, i) for i in ids]

    def tied(self, criterion: str) -> int:
        """Count the other options that rank the same as the proposal.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        int
        """
        p = self.standing
        return 0 if p is None else int(p[f"tied_{criterion}"])

    @property
    def standing(self) -> dict[str, Any] | None:
        """Where the proposal stands, as `Ranking.proposal`; ``None`` where nothing ranks it."""
        if self.ranking is None or len(self.ranking.table) < 2:
            return None
        return self.ranking.proposal


def findings_of(results: StudyResults, *, mode: str = "walk") -> tuple[ProposalFindings, ...]:
    """Gather what the report says of every proposal of a study.

    Parameters
    ----------
    results : StudyResults
    mode : str
        Headline mode of the sentences and of the options side by side.

    Returns
    -------
    tuple of ProposalFindings
        In the order of the study.

    Raises
    ------
    ParameterError
        If the study holds no proposal, or the mode was not measured.
    """
    if not results.proposals:
        raise ParameterError(
            f"study {results.study.name!r} holds no proposal to report on; add one to study.toml "
            "under [proposals]"
        )
    if mode not in results.matrices:
        raise ParameterError(
            f"mode {mode!r} was not measured; expected one of {sorted(results.matrices)}"
        )
    names = short_names(results)
    found = []
    for result in results.proposals.values():
        service = results.study.config.services[result.service]
        ranking = result.rankings.get(mode)
        found.append(
            ProposalFindings(
                result=result,
                title=service.title,
                one=service.one,
                noun=service.noun,
                mode=mode,
                ranking=ranking,
                options=options_of(results, result, ranking, mode),
                names=names,
            )
        )
    return tuple(found)
