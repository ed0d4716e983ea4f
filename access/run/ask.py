"""Questions asked of a study one at a time: compare a change, rank its alternatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from access.analysis import Analysis, QuestionOptions, TravelOptions, check_only_closes
from access.errors import ParameterError
from access.report.names import short_names
from access.results import StudyResults
from access.run.job import measure_study
from access.run.questions import Question
from access.scenario import Impact, Ranking, Robustness, Switching
from access.study import Study

Progress = Callable[[str], None]


def _silent(step: str) -> None:
    """Say nothing."""


def travel_times(
    study: Study,
    *,
    network: Path | None = None,
    keep: bool = True,
    progress: Progress = _silent,
) -> StudyResults:
    """Make a study's networks and travel matrices, and no more.

    Parameters
    ----------
    study : Study
    network : Path, optional
    keep : bool
        As in `access.run.measure_study`.
    progress : callable

    Returns
    -------
    StudyResults
        The study with its proposals, and none of them measured.

    Raises
    ------
    NetworkError
        As in `access.run.measure_study`.
    """
    bare = study.config.model_copy(update={"proposals": {}})
    only = replace(study, config=bare)
    results = measure_study(only, network=network, keep=keep, progress=progress)
    settings = {**results.ledger.parameters, "study": study.config.model_dump(mode="json")}
    return replace(results, study=study, ledger=replace(results.ledger, parameters=settings))


def impact_of(
    results: StudyResults, question: Question, **options: Unpack[TravelOptions]
) -> Impact:
    """Compare a change with today.

    Parameters
    ----------
    results : StudyResults
        As `travel_times` gives them.
    question : Question
    **options
        As `access.analysis.TravelOptions`.

    Returns
    -------
    Impact

    Raises
    ------
    ParameterError
        If the mode is not measured, or an opened site is not in the study.
    """
    return Analysis.of(results).compare(
        question.service, before=question.baseline, after=question.scenario, **options
    )


def ranking_of(
    results: StudyResults, question: Question, **options: Unpack[QuestionOptions]
) -> Ranking:
    """Rank a change among every way to close as many.

    Parameters
    ----------
    results : StudyResults
        As `travel_times` gives them.
    question : Question
        It must close sites and open none.
    **options
        As `access.analysis.QuestionOptions`.

    Returns
    -------
    Ranking

    Raises
    ------
    ScenarioError
        If the change opens a site or moves one, or closes none.
    """
    before, after = question.baseline.open_ids, question.scenario.open_ids
    check_only_closes(question.title, before, after)
    return Analysis.of(results).rank(question.service, before=before, after=after, **options)


def robustness_of(
    results: StudyResults,
    question: Question,
    *,
    draws: int,
    **options: Unpack[QuestionOptions],
) -> Robustness:
    """Ask the same ranking again, within what the study says may be wrong.

    Parameters
    ----------
    results : StudyResults
    question : Question
    draws : int
    **options
        Those of the ranking.

    Returns
    -------
    Robustness
        With the sites' short names.
    """
    found = Analysis.of(results).robustness(
        question.service,
        before=question.baseline,
        after=question.scenario,
        draws=draws,
        **options,
    )
    return replace(found, names=short_names(results))


def switching_of(
    results: StudyResults, question: Question, **options: Unpack[QuestionOptions]
) -> Switching | None:
    """Say from which weight of deprivation on another option is best.

    Parameters
    ----------
    results : StudyResults
    question : Question
    **options
        Those of the ranking.

    Returns
    -------
    Switching or None
        None where the areas have no ranks, or every option leaves some family unreached.
    """
    try:
        return Analysis.of(results).switching(
            question.service, before=question.baseline, after=question.scenario, **options
        )
    except ParameterError:  # the ranking was given, so nothing else of the question is wrong
        return None
