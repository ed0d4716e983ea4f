"""`access compare`: what a change of centres does to families' travel."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from access.cli.options import JsonOption, NetworkOption, NoCacheOption, QuietOption, StudyArgument
from access.cli.progress import steps
from access.cli.say import say

CloseOption = Annotated[
    list[str] | None,
    typer.Option("--close", metavar="ID", help="A centre to close; may be given several times."),
]
ProposalOption = Annotated[
    str | None,
    typer.Option("--proposal", metavar="KEY", help="A proposal of the study; all by default."),
]
ServiceOption = Annotated[
    str | None, typer.Option("--service", metavar="KEY", help="A service of the study.")
]
ModeOption = Annotated[
    str, typer.Option("--mode", help="Trips by walk, by drive, or the typical family trip.")
]
NeighboursOption = Annotated[
    bool,
    typer.Option(
        "--neighbours", help="Let families use neighbouring authorities' centres as well."
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Write tables and charts there; else only say it."),
]


def compare(
    study: StudyArgument = "rotherham",
    proposal: ProposalOption = None,
    close: CloseOption = None,
    opening: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="ID", help="A candidate site to open; as --close."),
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option(
            "--scenario",
            metavar="FILE",
            help="A scenario as TOML (needs --service), or the explorer's saved options.",
        ),
    ] = None,
    service: ServiceOption = None,
    mode: ModeOption = "walk",
    by: Annotated[
        str, typer.Option("--by", help="Groups: imd_decile, ward, locality, p_no_car, ...")
    ] = "imd_decile",
    neighbours: NeighboursOption = False,
    attendance: Annotated[
        Path | None,
        typer.Option(
            "--attendance", metavar="FILE", help="Observed use: CSV with area, site, attendances."
        ),
    ] = None,
    take_up: Annotated[
        str | None,
        typer.Option(
            "--take-up",
            metavar="LOW-HIGH",
            help="An assumption, off by default: factors of use per ten minutes, as 0.8-0.95.",
        ),
    ] = None,
    network: NetworkOption = None,
    no_cache: NoCacheOption = False,
    out: FolderOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Compare travel before and after a change: who goes further, by how much, and where to.

    Without options it compares every proposal of the embedded study with today. Ask your own:

      access compare --close CC04 --close CC12          two centres close

      access compare --close CC12 --open LIB08          one closes, a library opens

      access compare --scenario plan.toml --service childrens_centre

      access compare --scenario rotherham-options.json  what visitors of the explorer asked for

    With --out it writes, for each question, areas, groups, closed and receiving sites (CSV,
    parquet and GeoPackage), summary.json, ledger.json, and charts with their words beside them.
    """
    from access.files import whole_folder
    from access.ledger import to_json
    from access.run.answer_files import answer_ledger, write_answer
    from access.run.answers import (
        impact_charts,
        impact_summary,
        impact_tables,
        impact_words,
        use_of,
    )
    from access.run.ask import impact_of, travel_times
    from access.run.questions import questions, read_attendance, read_take_up
    from access.study import load_study

    loaded = load_study(study)
    asked = questions(
        loaded,
        proposal=proposal,
        service=service,
        close=close or [],
        opening=opening or [],
        scenario=scenario,
    )
    seen = None if attendance is None else read_attendance(attendance)
    assumed = None if take_up is None else read_take_up(take_up)
    given = [path for path in (scenario, attendance, network) if path is not None]
    whole = nullcontext() if out is None else whole_folder(out, (*loaded.files, *given))
    with whole as work, steps(quiet=quiet or json) as progress:
        results = travel_times(loaded, network=network, keep=not no_cache, progress=progress)
        answers, words = {}, []
        for question in asked:
            progress(f"before and after: {question.title}")
            impact = impact_of(results, question, mode=mode, neighbours=neighbours)
            answers[question.key] = impact_summary(results, question, impact, by)
            use, use_tables, use_words = use_of(results, impact, seen, assumed)
            answers[question.key] |= {"use": use} if use else {}
            if work is not None:
                folder = work if len(asked) == 1 else work / question.key
                tables = impact_tables(impact, by) | use_tables
                charts = impact_charts(results, impact, by)
                areas = loaded.areas[["id", "geometry"]]
                asked_for = {"title": question.title, "service": question.service, "mode": mode,
                             "after": list(question.scenario.open_ids), "neighbours": neighbours,
                             "by": by, "take_up": take_up}  # fmt: skip
                ledger = answer_ledger(results, "compare", asked_for, (scenario, attendance))
                write_answer(
                    folder, answers[question.key], tables, charts, ledger=ledger, points=areas
                )
            if not quiet and not json:
                words.append("\n  ".join([impact_words(results, question, impact), *use_words]))
    for said in words:
        say(said)
    if json:
        say(to_json(answers), nl=False)
    elif out is not None and not quiet:
        say(f"Written to {out}.")
