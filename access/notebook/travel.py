"""Questions about travel: today, after a proposal, after any other change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from access.errors import ParameterError
from access.network import Network, TravelMatrix
from access.notebook.asked import asked, pick, service_of
from access.notebook.impacts import ImpactAnswer
from access.notebook.tables import TableAnswer
from access.notebook.today import TodayAnswer
from access.results import ProposalResult, StudyResults
from access.study import Study


@dataclass(frozen=True, eq=False, repr=False)
class TravelQuestions:
    """What is measured of travel; part of `access.Answers`.

    Parameters
    ----------
    results : StudyResults
    """

    results: StudyResults

    @property
    def study(self) -> Study:
        """The study that was asked."""
        return self.results.study

    @property
    def proposals(self) -> tuple[str, ...]:
        """Names of the study's proposals."""
        return tuple(self.results.proposals)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What every reader of a number must be told."""
        return self.results.assumptions

    def network(self, mode: str = "walk") -> Network:
        """Give the streets that the minutes are measured on.

        Parameters
        ----------
        mode : str
            ``"walk"`` or ``"drive"``.

        Returns
        -------
        Network

        Raises
        ------
        ParameterError
            If there is no such network.

        Examples
        --------
        >>> answers.network("walk").mode
        'walk'
        """
        return pick(self.results.networks, mode, "network")

    def travel(self, mode: str = "walk") -> TravelMatrix:
        """Give the minutes from every area to every site.

        Parameters
        ----------
        mode : str
            ``"walk"``, ``"drive"`` or ``"typical"``.

        Returns
        -------
        TravelMatrix

        Raises
        ------
        ParameterError
            If the mode was not measured.

        Examples
        --------
        >>> answers.travel("drive").shape
        (854, 119)
        """
        return pick(self.results.matrices, mode, "mode")

    def today(self, service: str | None = None, *, mode: str = "walk") -> TodayAnswer:
        """Say how far families travel to their nearest centre today.

        Parameters
        ----------
        service : str, optional
            The study's first when not given.
        mode : str

        Returns
        -------
        TodayAnswer

        Raises
        ------
        ParameterError
            If there is no such service or mode.

        Examples
        --------
        >>> answers.today("youth_centre").plot().title
        '51 % of about 24,200 young people aged 11 to 18 are within a 20-minute walk of a Youth
        Centre today'
        """
        self.travel(mode)
        result = asked(self.results, service=service_of(self.results, service))
        return TodayAnswer(self.results, result, mode)

    def impact(self, proposal: str | None = None, *, mode: str = "walk") -> ImpactAnswer:
        """Say what a proposal does to families' travel.

        Parameters
        ----------
        proposal : str, optional
            A name of `proposals`; the first when not given.
        mode : str
            ``"walk"``, ``"drive"`` or ``"typical"``.

        Returns
        -------
        ImpactAnswer

        Raises
        ------
        ParameterError
            If there is no such proposal or mode.

        Examples
        --------
        >>> impact = answers.impact("youth_centres_11_to_6", mode="drive")
        >>> impact.summary["sites_before"], impact.summary["sites_after"]
        (11, 6)
        """
        return ImpactAnswer.of(self.results, self._proposal(proposal), mode)

    def what_if(
        self,
        *,
        close: Sequence[str] = (),
        open: Sequence[str] = (),
        service: str | None = None,
        mode: str = "walk",
    ) -> ImpactAnswer:
        """Say what it would do if other centres closed, or another site opened.

        Parameters
        ----------
        close : sequence of str
            Ids of today's centres.
        open : sequence of str
            Ids of candidates, of neighbours' or of another service's centres.
        service : str, optional
            Whose families; that of the centres to close when not given, else the first.
        mode : str

        Returns
        -------
        ImpactAnswer
            Against today.

        Raises
        ------
        ParameterError
            If an id, the service or the mode is unknown.
        ScenarioError
            If everything closes.

        Examples
        --------
        >>> answers.what_if(close=["YC01"], open=["CC01"]).opened
        ('CC01',)
        """
        meant = service_of(self.results, service, [] if isinstance(close, str) else close)
        result = asked(self.results, service=meant, close=close, open=open)
        return ImpactAnswer.of(self.results, result, mode)

    def equality(self, proposal: str | None = None, *, mode: str = "walk") -> TableAnswer:
        """Set where equality groups live beside what changes there.

        Parameters
        ----------
        proposal : str, optional
        mode : str

        Returns
        -------
        TableAnswer
            With the warning that must stand beside it.

        Raises
        ------
        ParameterError
            If there is no such proposal or mode, or the study counts no group.

        Examples
        --------
        >>> answers.equality().to_frame()["Group"].iloc[0]
        'Disabled people'
        """
        return self.impact(proposal, mode=mode).table("equality")

    def _proposal(self, name: str | None) -> ProposalResult:
        if not self.results.proposals:
            raise ParameterError("the study holds no proposal; use what_if(close=[...])")
        return pick(self.results.proposals, name or self.proposals[0], "proposal")
