"""Questions about alternatives: where a proposal stands, and how firm that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from access.errors import ParameterError
from access.notebook.asked import pick, service_of, today_of
from access.notebook.firmness import FirmnessAnswer, WeightsAnswer
from access.notebook.hubs import HubsAnswer
from access.notebook.rankings import RankingAnswer
from access.notebook.travel import TravelQuestions
from access.report.firmness import study_robustness
from access.results import ProposalResult
from access.run.hubs import HubQuestion, hub_answer
from access.run.proposals import weighting
from access.scenario import rank_closures, switching_values


class RankingQuestions(TravelQuestions):
    """What is ranked; part of `access.Answers`.

    Parameters
    ----------
    results : StudyResults
    """

    def ranking(self, proposal: str | None = None, *, mode: str = "walk") -> RankingAnswer:
        """Say where a proposal stands among every way to close as many.

        Parameters
        ----------
        proposal : str, optional
        mode : str

        Returns
        -------
        RankingAnswer

        Raises
        ------
        ParameterError
            If there is no such proposal or mode, or it opens a site or closes none.

        Examples
        --------
        >>> answers.ranking().proposal["options"]
        220
        """
        result = self._ranked(proposal)
        ranking = pick(result.rankings, mode, "mode")
        return RankingAnswer.of(self.results, ranking, (result.service,))

    def both_services(self, *, mode: str = "walk") -> RankingAnswer:
        """Say where two services' proposals stand together, among all pairs of alternatives.

        Parameters
        ----------
        mode : str

        Returns
        -------
        RankingAnswer

        Raises
        ------
        ParameterError
            If the study has not just two services with one such proposal each, or no such mode.

        Examples
        --------
        >>> len(answers.both_services().table)
        101640
        """
        if not self.results.joint:
            raise ParameterError(
                "the study has no two services with one proposal each to rank together; "
                "ask ranking() of each"
            )
        pair = tuple(p.service for p in self.results.proposals.values() if p.rankings)
        return RankingAnswer.of(self.results, pick(self.results.joint, mode, "mode"), pair)

    def alternatives(
        self, *, keep: int, service: str | None = None, mode: str = "walk"
    ) -> RankingAnswer:
        """List and rank every way to keep so many of today's centres.

        Parameters
        ----------
        keep : int
        service : str, optional
            The study's first when not given.
        mode : str

        Returns
        -------
        RankingAnswer

        Raises
        ------
        ParameterError
            If the service or mode is unknown, or `keep` is not from 1 to all but none closed.

        Examples
        --------
        >>> answers.alternatives(keep=10).what
        '66 ways to keep 10 of 12'
        """
        meant = service_of(self.results, service)
        ranking = rank_closures(
            self.travel(mode),
            keep=keep,
            demand=self.study.demand(meant),
            sites=today_of(self.results, meant),
            threshold_minutes=self.study.config.measures.threshold_minutes,
            names=self.results.names(),
            **self.study.rules(meant),
            **weighting(self.study),
        )
        return RankingAnswer.of(self.results, ranking, (meant,))

    def firmness(
        self, proposal: str | None = None, *, mode: str = "walk", draws: int = 200
    ) -> FirmnessAnswer:
        """Say how firm a proposal's rank is, when speeds, positions and weights may be wrong.

        Parameters
        ----------
        proposal : str, optional
        mode : str
        draws : int
            Settings to try; the seed is fixed.

        Returns
        -------
        FirmnessAnswer

        Raises
        ------
        ParameterError
            If there is no such proposal or mode, or nothing ranks it.

        Examples
        --------
        >>> len(answers.firmness(draws=20).draws)
        20
        """
        self.travel(mode)
        result = self._ranked(proposal)
        found = study_robustness(self.results, result, mode=mode, draws=draws)
        return FirmnessAnswer.of(self.results, found)

    def weights(self, proposal: str | None = None, *, mode: str = "walk") -> WeightsAnswer:
        """Say from which weight of deprivation on another option is best.

        Parameters
        ----------
        proposal : str, optional
        mode : str

        Returns
        -------
        WeightsAnswer

        Raises
        ------
        ParameterError
            If there is no such proposal or mode, nothing ranks it, or the areas have no
            ``imd_rank``.

        Examples
        --------
        >>> answers.weights().to_frame()["lam_from"].tolist()[:1]
        [0.0]
        """
        result = self._ranked(proposal)
        found = switching_values(
            self.travel(mode),
            keep=len(result.after),
            demand=self.study.demand(result.service),
            proposal=result.after,
            sites=result.before,
            national_areas=self.study.config.weights.national_areas,
            names=self.results.names(),
            **self.study.rules(result.service),
        )
        return WeightsAnswer.of(self.results, found)

    def hubs(
        self,
        hubs: int | None = None,
        *,
        mode: str = "walk",
        among: Sequence[str] | None = None,
        weighted: bool = False,
        each_locality: bool = False,
    ) -> HubsAnswer:
        """Say where Family Hubs should go, proven, and how far off the council's choice is.

        Parameters
        ----------
        hubs : int, optional
            How many; as many as the council's choice when not given, or 3.
        mode : str
        among : sequence of str, optional
            Ids of the sites to choose from; every candidate and every centre that no proposal
            closes when not given. Where they lack one of the council's choice, it is not compared.
        weighted : bool
            Let families count by deprivation, with the study's weights.
        each_locality : bool
            At least one hub in every locality.

        Returns
        -------
        HubsAnswer
            For the families of all services together, each service by its share.

        Raises
        ------
        ParameterError
            If the mode or a site is unknown, so many hubs cannot keep the rules, or there are no
            ranks to weight families by.

        Examples
        --------
        >>> hubs = answers.hubs(2, among=["CC02", "CC07", "CC09", "GP04"], mode="typical")
        >>> hubs.best.status, len(hubs.best.chosen)
        ('proven_optimal', 2)
        """
        question = HubQuestion(
            mode=mode,
            size=hubs,
            among=None if among is None else tuple(map(str, among)),
            min_per_locality=int(each_locality),
        )
        answer = hub_answer(self.results, question)
        found = answer.weighted if weighted else answer.plain
        if found is None:
            raise ParameterError("the study has no deprivation ranks to weight families by")
        if weighted:
            found = replace(found, assumptions=(*found.assumptions, answer.weighting_note))
        return HubsAnswer(found, self.results, mode, tuple(answer.candidates["id"]))

    def _ranked(self, name: str | None) -> ProposalResult:
        result = self._proposal(name)
        if not result.rankings:
            raise ParameterError(
                f"proposal {result.key!r} opens a site or closes none, so there is no list of "
                "alternatives of its size to rank it among; use alternatives(keep=...)"
            )
        return result
