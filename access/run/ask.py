"""Questions asked of a study one at a time: compare a change, rank its alternatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from access.errors import ParameterError, ScenarioError
from access.results import StudyResults
from access.run.job import measure_study
from access.run.proposals import weighting
from access.run.questions import Question
from access.scenario import Impact, Ranking, compare, rank_closures
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
    results: StudyResults, question: Question, *, mode: str, neighbours: bool = False
) -> Impact:
    """Compare a change with today.

    Parameters
    ----------
    results : StudyResults
        As `travel_times` gives them.
    question : Question
    mode : str
        ``walk drive typical``.
    neighbours : bool
        Let families use the neighbouring authorities' centres, before and after.

    Returns
    -------
    Impact

    Raises
    ------
    ParameterError
        If the mode is not measured, or an opened site is not in the study.
    """
    study, matrix = results.study, _matrix(results, mode)
    unknown = sorted(set(question.scenario.open_ids) - set(matrix.site_ids))
    if unknown:
        raise ParameterError(
            f"the study has no travel times to {unknown}; expected centres or candidate sites of it"
        )
    others = [str(i) for i in study.neighbours["id"]] if neighbours else []
    return compare(
        matrix,
        before=question.baseline,
        after=question.scenario,
        demand=study.demand(question.service),
        neighbours=others,
        **study.limits(),
        names=dict(zip(results.sites["id"], results.sites["name"], strict=True)),
        who=study.config.services[question.service].noun,
        **weighting(study),
    )


def _matrix(results: StudyResults, mode: str) -> Any:
    if mode not in results.matrices:
        raise ParameterError(
            f"mode {mode!r} is not measured; expected one of {[*results.matrices]}"
        )
    return results.matrices[mode]


def ranking_of(
    results: StudyResults,
    question: Question,
    *,
    mode: str,
    neighbours: bool = False,
    threshold_minutes: float | None = None,
    never_close: Sequence[str] = (),
    min_per_locality: int | None = None,
    savings: Mapping[str, float] | None = None,
) -> Ranking:
    """Rank a change among every way to close as many.

    Parameters
    ----------
    results : StudyResults
        As `travel_times` gives them.
    question : Question
        It must close sites and open none.
    mode : str
    neighbours : bool
        As in `impact_of`.
    threshold_minutes : float, optional
        The study's unless told otherwise.
    never_close : sequence of str
        Beside the study's own.
    min_per_locality : int, optional
        The study's unless told otherwise.
    savings : mapping of str to float, optional

    Returns
    -------
    Ranking

    Raises
    ------
    ScenarioError
        If the change opens a site or moves one, or closes none.
    """
    study, matrix = results.study, _matrix(results, mode)
    before, after = question.baseline.open_ids, question.scenario.open_ids
    if not set(after) < set(before):
        raise ScenarioError(
            f"{question.title!r} does not only close sites: there is no list of alternatives to "
            "rank it in; `access site` finds the best sites to open"
        )
    centres = study.centres_of(question.service).set_index("id")
    rules = study.rules(question.service)
    if min_per_locality is not None:
        known = centres["locality"].to_dict() if "locality" in centres else None
        rules |= {"localities": known, "min_per_locality": min_per_locality}
    rules["never_close"] = tuple(dict.fromkeys((*rules["never_close"], *never_close)))
    return rank_closures(
        matrix,
        keep=len(after),
        demand=study.demand(question.service),
        proposal=after,
        sites=before,
        always_open=[str(i) for i in study.neighbours["id"]] if neighbours else (),
        threshold_minutes=threshold_minutes or study.config.measures.threshold_minutes,
        **rules,
        savings=savings,
        names=dict(zip(results.sites["id"], results.sites["name"], strict=True)),
        **weighting(study),
    )
