"""A study's answers in Jupyter: one call a question, results that read as a sentence and a table.

Nothing is worked out here: every method hands the question to the room that answers it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import folium
import pandas as pd

from access.errors import ParameterError
from access.maps.explorer import write_explorer
from access.maps.from_results import explorer_data
from access.maps.layers import study_map
from access.report.board import board_report
from access.report.chart import Chart
from access.report.charts import change_chart, group_chart, pareto_chart, rank_chart
from access.report.write import write_report
from access.results import ProposalResult, StudyResults
from access.run import run_job
from access.run.proposals import weighting
from access.run.words import spoken_summary
from access.run.write import alternatives_table, area_table, write_outputs
from access.scenario import Impact, Ranking, compare, rank_closures
from access.study import Study, load_study


@dataclass(frozen=True, eq=False)
class Answers:
    """What a study finds, with one method a question.

    Parameters
    ----------
    results : StudyResults

    Examples
    --------
    >>> import access
    >>> answers = access.answer("rotherham")
    >>> answers.impact("childrens_centres_12_to_9").summary["sites_after"]
    9
    >>> answers.what_if(close=["CC01"]).closed
    ('CC01',)
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

    def impact(self, proposal: str | None = None, *, mode: str = "walk") -> Impact:
        """Say what a proposal does to families' travel.

        Parameters
        ----------
        proposal : str, optional
            A name of `proposals`; the first when not given.
        mode : str
            ``"walk"``, ``"drive"`` or ``"typical"``.

        Returns
        -------
        Impact

        Raises
        ------
        ParameterError
            If there is no such proposal or mode.
        """
        return _pick(self._proposal(proposal).impacts, mode, "mode")

    def ranking(self, proposal: str | None = None, *, mode: str = "walk") -> Ranking:
        """Say where a proposal stands among every way to close as many.

        Parameters
        ----------
        proposal : str, optional
        mode : str

        Returns
        -------
        Ranking

        Raises
        ------
        ParameterError
            If there is no such proposal or mode, or it opens a site or closes none.
        """
        return _pick(self._proposal(proposal).rankings, mode, "ranked mode")

    def what_if(
        self,
        *,
        close: Sequence[str] = (),
        open: Sequence[str] = (),
        service: str | None = None,
        mode: str = "walk",
    ) -> Impact:
        """Say what it would do if other centres closed, or a candidate opened.

        Parameters
        ----------
        close : sequence of str
            Ids of today's centres.
        open : sequence of str
            Ids of candidates or of another service's centres.
        service : str, optional
            Whose families; the first service when not given.
        mode : str

        Returns
        -------
        Impact
            Against today.

        Raises
        ------
        ParameterError
            If an id, the service or the mode is unknown.
        ScenarioError
            If everything closes.
        """
        service = service or next(iter(self.study.config.services))
        before, after = self._before_after(service, close, open)
        return compare(
            _pick(self.results.matrices, mode, "mode"),
            before=before,
            after=after,
            demand=self.study.demand(service),
            names=self.results.names(),
            who=self.study.config.services[service].noun,
            **weighting(self.study),
        )

    def alternatives(self, *, keep: int, service: str | None = None, mode: str = "walk") -> Ranking:
        """List and rank every way to keep so many of today's centres.

        Parameters
        ----------
        keep : int
        service : str, optional
        mode : str

        Returns
        -------
        Ranking

        Raises
        ------
        ParameterError
            If the service or mode is unknown, or `keep` is not from 1 to all but none closed.
        """
        service = service or next(iter(self.study.config.services))
        today, _ = self._before_after(service, (), ())
        return rank_closures(
            _pick(self.results.matrices, mode, "mode"),
            keep=keep,
            demand=self.study.demand(service),
            sites=today,
            threshold_minutes=self.study.config.measures.threshold_minutes,
            names=self.results.names(),
            **weighting(self.study),
        )

    def map(self, *, mode: str = "typical", tiles: bool = False) -> folium.Map:
        """Show what each proposal adds to every area's trip.

        Parameters
        ----------
        mode : str
        tiles : bool
            Ask for a background from the internet.

        Returns
        -------
        folium.Map
        """
        return study_map(self.results, mode=mode, tiles=tiles)

    def plot(
        self, what: str = "change", proposal: str | None = None, *, mode: str = "walk"
    ) -> Chart:
        """Draw a chart whose title says the finding.

        Parameters
        ----------
        what : str
            ``"change"``, ``"deprivation"``, ``"ranks"`` or ``"front"``.
        proposal : str, optional
        mode : str

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If there is no such chart, proposal or mode.
        """
        charts: dict[str, Callable[[], Chart]] = {
            "change": lambda: change_chart(self.impact(proposal, mode=mode)),
            "deprivation": lambda: group_chart(self.impact(proposal, mode=mode), "imd_decile"),
            "ranks": lambda: rank_chart(self.ranking(proposal, mode=mode)),
            "front": lambda: pareto_chart(self.ranking(proposal, mode=mode)),
        }
        return _pick(charts, what, "chart")()

    def to_frame(self) -> pd.DataFrame:
        """One row an area, with the trips before and after of every proposal and mode.

        Returns
        -------
        DataFrame
        """
        return area_table(self.results)

    def options_frame(self) -> pd.DataFrame:
        """One row an alternative, proposal and mode, with every criterion and rank.

        Returns
        -------
        DataFrame
        """
        return alternatives_table(self.results)

    def explorer(self, path: str | Path) -> Path:
        """Write the consultation explorer: one file for the public, no internet needed.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path
        """
        return write_explorer(explorer_data(self.results), path)

    def report(self, folder: str | Path, *, internal: bool = False) -> tuple[Path, ...]:
        """Write the board's report: Word, PDF and workbook.

        Parameters
        ----------
        folder : str or Path
        internal : bool
            Keep counts below five, and say so on every page.

        Returns
        -------
        tuple of Path
        """
        return write_report(board_report(self.results, internal=internal), folder)

    def save(self, folder: str | Path) -> Path:
        """Write everything that `access run` writes.

        Parameters
        ----------
        folder : str or Path

        Returns
        -------
        Path
        """
        write_outputs(self.results, Path(folder))
        return Path(folder)

    def _proposal(self, name: str | None) -> ProposalResult:
        if not self.results.proposals:
            raise ParameterError("the study holds no proposal; use what_if(close=[...])")
        return _pick(self.results.proposals, name or self.proposals[0], "proposal")

    def _before_after(
        self, service: str, close: Sequence[str], open_: Sequence[str]
    ) -> tuple[list[str], list[str]]:
        _pick(self.study.config.services, service, "service")
        before = sorted(self.study.centres_of(service)["id"])
        unknown = sorted(set(close) - set(before))
        if unknown:
            raise ParameterError(f"{unknown} are no {service} of today; expected any of {before}")
        return before, sorted((set(before) - set(close)) | set(open_))

    def __repr__(self) -> str:
        return spoken_summary(self.results)

    def _repr_html_(self) -> str:
        parts = [f"<h3>{html.escape(self.study.config.study.title)}</h3>"]
        for proposal in self.results.proposals.values():
            impact = next(iter(proposal.impacts.values()))
            parts.append(f"<h4>{html.escape(proposal.title)}</h4>{impact._repr_html_()}")
        notes = "".join(f"<li>{html.escape(a)}</li>" for a in self.assumptions)
        return "".join(parts) + f"<details><summary>Assumed</summary><ul>{notes}</ul></details>"


def answer(
    study: Study | str | Path | None = None, *, network: str | Path | None = None
) -> Answers:
    """Ask a study everything: networks, travel times, proposals, alternatives.

    Parameters
    ----------
    study : Study, str or Path, optional
        A loaded study, a folder, or an embedded study's name; Rotherham when not given.
    network : str or Path, optional
        An OpenStreetMap extract or GraphML; streets are modelled without it, and said to be.

    Returns
    -------
    Answers

    Raises
    ------
    StudyError
        If the study has faults.
    NetworkError
        If the network cannot be read or misses the study.
    """
    loaded = study if isinstance(study, Study) else load_study(study)
    return Answers(run_job(loaded, network=None if network is None else Path(network)))


def _pick(choices, name: str, what: str):  # type: ignore[no-untyped-def]
    if name not in choices:
        raise ParameterError(f"no {what} {name!r}; expected one of {list(choices)}")
    return choices[name]
