"""Questions asked of a study one at a time: compare a change, rank its alternatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from access.errors import ParameterError, ScenarioError, StudyError
from access.ledger import to_json
from access.measure import TakeUp
from access.report.chart import Chart
from access.results import StudyResults
from access.run.job import run_job
from access.run.proposals import weighting
from access.run.write import all_or_nothing, safe_cells
from access.scenario import (
    Baseline,
    Impact,
    Modification,
    Ranking,
    Scenario,
    compare,
    rank_closures,
)
from access.study import Study

Progress = Callable[[str], None]


def _silent(step: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, eq=False)
class Question:
    """A change to one service that is asked about.

    Parameters
    ----------
    key, title, service : str
    baseline : Baseline
        The service's centres today.
    scenario : Scenario
    """

    key: str
    title: str
    service: str
    baseline: Baseline
    scenario: Scenario


def travel_times(
    study: Study, *, network: Path | None = None, progress: Progress = _silent
) -> StudyResults:
    """Make a study's networks and travel matrices, and no more.

    Parameters
    ----------
    study : Study
    network : Path, optional
        As in `access.run.run_job`.
    progress : callable

    Returns
    -------
    StudyResults
        Without proposals.

    Raises
    ------
    NetworkError
        As in `access.run.run_job`.
    """
    bare = study.config.model_copy(update={"proposals": {}})
    return run_job(replace(study, config=bare), network=network, progress=progress)


def baseline_of(study: Study, service: str) -> Baseline:
    """Give a service's centres today as a baseline.

    Parameters
    ----------
    study : Study
    service : str

    Returns
    -------
    Baseline
        Named as the service.

    Raises
    ------
    ParameterError
        If the study has no such service.
    """
    if service not in study.config.services:
        raise ParameterError(
            f"no service {service!r}; expected one of {sorted(study.config.services)}"
        )
    frame = pd.DataFrame(study.centres_of(service))
    columns = [c for c in ("id", "name", "days", "capacity", "lon", "lat") if c in frame.columns]
    return Baseline.of(service, frame[columns])


def questions(
    study: Study,
    *,
    proposal: str | None = None,
    service: str | None = None,
    close: Sequence[str] = (),
    opening: Sequence[str] = (),
    scenario: Path | None = None,
) -> list[Question]:
    """Read what is asked: the study's proposals, or a change of one's own.

    Parameters
    ----------
    study : Study
    proposal : str, optional
        One of the study's; all of them when nothing else is asked.
    service : str, optional
        Of a change of one's own; may be left out where `close` says it.
    close, opening : sequence of str
        Ids of centres to close, and of sites to open.
    scenario : Path, optional
        A scenario as TOML (see `access.scenario.Scenario.from_toml`).

    Returns
    -------
    list of Question

    Raises
    ------
    ParameterError
        If a proposal or service is unknown, or several questions are asked at once.
    ScenarioError
        If a change cannot be applied.
    """
    own = bool(close or opening)
    if sum([proposal is not None, own, scenario is not None]) > 1:
        raise ParameterError(
            "ask one question at a time: --proposal, or --close and --open, or --scenario"
        )
    if scenario is not None:
        if service is None:
            raise ParameterError(
                f"--scenario needs --service: one of {sorted(study.config.services)}"
            )
        base = baseline_of(study, service)
        try:
            text = scenario.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{scenario} cannot be read: {error}") from None
        read = Scenario.from_toml(text, base, file=scenario.name)
        return [Question(scenario.stem, read.name, service, base, read)]
    if own:
        service = service or _service_of(study, close)
        return [_question(study, "asked", "The change asked for", service, close, opening)]
    known = study.config.proposals
    if proposal is not None and proposal not in known:
        raise ParameterError(f"no proposal {proposal!r}; expected one of {sorted(known)}")
    chosen = [proposal] if proposal is not None else list(known)
    if service is not None:
        chosen = [key for key in chosen if known[key].service == service]
    if not chosen:
        raise ParameterError(
            "nothing to ask about: the study has no such proposal; say --close and --open"
        )
    return [
        _question(study, key, p.title, p.service, p.close, p.open, p.comment)
        for key, p in ((key, known[key]) for key in chosen)
    ]


def _service_of(study: Study, close: Sequence[str]) -> str:
    centres = study.centres.set_index("id")["service"]
    found = sorted({str(centres[i]) for i in close if i in centres.index})
    if len(found) != 1:
        raise ParameterError(
            f"which service is meant? say --service, one of {sorted(study.config.services)}"
        )
    return found[0]


def _question(
    study: Study,
    key: str,
    title: str,
    service: str,
    close: Sequence[str],
    opening: Sequence[str],
    comment: str = "",
) -> Question:
    base = baseline_of(study, service)
    sites = {str(i): str(n) for i, n in zip(study.candidates["id"], study.candidates["name"],
                                            strict=True)}  # fmt: skip
    steps = [Modification.close(str(i), comment=comment) for i in close]
    steps += [Modification.open(str(i), name=sites.get(str(i)), comment=comment) for i in opening]
    return Question(key, title, service, base, Scenario(title, base, tuple(steps), comment))


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
        within_minutes=study.config.measures.thresholds_minutes,
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
    min_per_locality : int, optional
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
    localities = centres["locality"].to_dict() if "locality" in centres else None
    return rank_closures(
        matrix,
        keep=len(after),
        demand=study.demand(question.service),
        proposal=after,
        sites=before,
        always_open=[str(i) for i in study.neighbours["id"]] if neighbours else (),
        threshold_minutes=threshold_minutes or study.config.measures.threshold_minutes,
        never_close=never_close,
        localities=localities,
        min_per_locality=min_per_locality,
        savings=savings,
        names=dict(zip(results.sites["id"], results.sites["name"], strict=True)),
        **weighting(study),
    )


def read_attendance(path: Path) -> pd.DataFrame:
    """Read a table of observed attendance.

    Parameters
    ----------
    path : Path
        CSV with columns ``area site attendances``.

    Returns
    -------
    DataFrame

    Raises
    ------
    StudyError
        If the file cannot be read.
    """
    try:
        return pd.read_csv(path, dtype=str)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(f"{path} cannot be read as CSV: {error}") from None


def read_take_up(text: str) -> TakeUp:
    """Read a declared range of take-up.

    Parameters
    ----------
    text : str
        Two factors per ten minutes, such as ``0.8-0.95``.

    Returns
    -------
    TakeUp

    Raises
    ------
    ParameterError
        If it is not two factors.

    Examples
    --------
    >>> read_take_up("0.8-0.95").low
    0.8
    """
    try:
        low, high = (float(part) for part in text.split("-"))
    except ValueError:
        raise ParameterError(
            f"take-up {text!r}; expected two factors per ten minutes, such as 0.8-0.95"
        ) from None
    return TakeUp.declared(low, high)


def write_answer(
    out: Path,
    summary: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    charts: Mapping[str, Chart],
    *,
    points: gpd.GeoDataFrame | None = None,
) -> list[str]:
    """Write an answer: summary as JSON, tables as CSV, parquet and GeoPackage, charts as PNG.

    Parameters
    ----------
    out : Path
        Folder.
    summary : mapping
    tables : mapping of str to DataFrame
        By name; a table with the areas' ids in ``id`` becomes a map layer.
    charts : mapping of str to Chart
    points : GeoDataFrame, optional
        The areas: ``id geometry``.

    Returns
    -------
    list of str
        Names of the files written.

    Raises
    ------
    OutputError
        If `out` cannot be written; former outputs are then whole.
    """
    with all_or_nothing(out) as work:
        (work / "summary.json").write_text(to_json(dict(summary)), encoding="utf-8")
        for name, table in tables.items():
            safe_cells(table).to_csv(work / f"{name}.csv", index=False, lineterminator="\n")
            table.to_parquet(work / f"{name}.parquet", index=False)
        _write_layers(work / "tables.gpkg", tables, points)
        for name, chart in charts.items():
            chart.save(work / f"{name}.png")
            (work / f"{name}.txt").write_text(f"{chart.title}\n\n{chart.alt}\n", encoding="utf-8")
        return sorted(file.name for file in work.iterdir())


def _write_layers(
    path: Path, tables: Mapping[str, pd.DataFrame], points: gpd.GeoDataFrame | None
) -> None:
    # GDAL would write the clock into the file; a fixed date keeps the same inputs the same bytes
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        for number, (name, table) in enumerate(tables.items()):
            layer = table
            if points is not None and "id" in table.columns and len(table) == len(points):
                shapes = points.set_index("id").loc[table["id"], "geometry"].to_numpy()
                layer = gpd.GeoDataFrame(table, geometry=shapes, crs=points.crs)
            pyogrio.write_dataframe(layer, path, layer=name, driver="GPKG", append=number > 0)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
