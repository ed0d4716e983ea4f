"""`access rank`: where a proposal stands among every alternative to it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import typer

from access.cli.compare import (
    CloseOption,
    FolderOption,
    ModeOption,
    NeighboursOption,
    ProposalOption,
    ServiceOption,
)
from access.cli.options import JsonOption, NetworkOption, NoCacheOption, QuietOption, StudyArgument
from access.cli.progress import steps
from access.cli.say import say


def rank(
    study: StudyArgument = "rotherham",
    proposal: ProposalOption = None,
    close: CloseOption = None,
    service: ServiceOption = None,
    mode: ModeOption = "walk",
    never_close: Annotated[
        list[str] | None,
        typer.Option("--never-close", metavar="ID", help="A centre that every option keeps."),
    ] = None,
    min_per_locality: Annotated[
        int | None,
        typer.Option("--min-per-locality", min=0, help="Centres kept in every locality, at least."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Minutes for the share beyond; the study's by default."),
    ] = None,
    draws: Annotated[
        int,
        typer.Option("--draws", min=0, help="Settings to draw, to see how firm the rank is."),
    ] = 0,
    neighbours: NeighboursOption = False,
    network: NetworkOption = None,
    no_cache: NoCacheOption = False,
    out: FolderOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Rank a proposal among all ways to close as many centres, on every criterion.

    Criteria: mean minutes, the mean weighted by deprivation, the time that nine in ten are
    within, the worst-off area, the share beyond a threshold, and the gap between the most and
    least deprived fifths. Rank 1 is best. Says which options are at least as good on every
    count (the Pareto front has none such), how near the best ones are to each other, and with
    --draws how firm the rank is when speeds, positions and weights are varied.

      access rank --proposal childrens_centres_12_to_9 --draws 1000

      access rank --close CC02 --close CC06 --close CC09 --never-close CC12

    With --out it writes options.csv, options.parquet, tables.gpkg, summary.json, ledger.json and
    charts.
    """
    from access.analysis import QuestionOptions
    from access.files import whole_folder
    from access.ledger import to_json
    from access.run.answer_files import answer_ledger, write_answer
    from access.run.answers_ranking import (
        ranking_charts,
        ranking_summary,
        ranking_tables,
        ranking_words,
    )
    from access.run.ask import ranking_of, robustness_of, switching_of, travel_times
    from access.run.questions import questions
    from access.study import load_study

    loaded = load_study(study)
    asked = questions(loaded, proposal=proposal, service=service, close=close or [])
    options: QuestionOptions = {
        "mode": mode,
        "neighbours": neighbours,
        "threshold_minutes": threshold,
        "never_close": never_close or [],
        "min_per_locality": min_per_locality,
    }
    whole = nullcontext() if out is None else whole_folder(out, loaded.files)
    with whole as work, steps(quiet=quiet or json) as progress:
        results = travel_times(loaded, network=network, keep=not no_cache, progress=progress)
        answers, words = {}, []
        for question in asked:
            progress(f"every alternative: {question.title}")
            ranking = ranking_of(results, question, **options)
            firm = None
            if draws:
                progress(f"how firm the rank is: {question.title}")
                firm = robustness_of(results, question, draws=draws, **options)
            answers[question.key] = ranking_summary(results, question, ranking, firm)
            if work is not None:
                folder = work if len(asked) == 1 else work / question.key
                tables, charts = ranking_tables(ranking, firm), ranking_charts(ranking, firm)
                asked_for = {"title": question.title, "service": question.service, **options,
                             "after": list(question.scenario.open_ids), "draws": draws}  # fmt: skip
                ledger = answer_ledger(results, "rank", asked_for)
                write_answer(folder, answers[question.key], tables, charts, ledger=ledger)
            if not quiet and not json:
                switching = switching_of(results, question, **options)
                words.append(ranking_words(results, question, ranking, firm, switching))
    for said in words:
        say(said)
    if json:
        say(to_json(answers), nl=False)
    elif out is not None and not quiet:
        say(f"Written to {out}.")
