"""`access report`: the report to the board, as Word, PDF and workbook."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from access.cli.options import (
    JsonOption,
    NetworkOption,
    NoCacheOption,
    OutOption,
    QuietOption,
    StudyArgument,
)
from access.cli.progress import steps
from access.cli.say import say


def report(
    study: StudyArgument = "rotherham",
    network: NetworkOption = None,
    no_cache: NoCacheOption = False,
    out: OutOption = None,
    internal: Annotated[
        bool,
        typer.Option(
            "--internal",
            help="Keep counts below 5, and say so on every page. Not for publication.",
        ),
    ] = False,
    mode: Annotated[
        str,
        typer.Option("--mode", help="Trips that the headlines are about: walk, drive or typical."),
    ] = "walk",
    date: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="Date on the cover, such as 2018-03-12; else the study's as_of, never today's.",
        ),
    ] = None,
    asked: Annotated[
        Path | None,
        typer.Option(
            "--asked",
            metavar="FILE",
            help="Options that consultees asked for: the JSON that the explorer saves.",
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws",
            min=0,
            help="Settings to draw, to see how firm the ranking is; 0 leaves it out.",
        ),
    ] = 1000,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Write the report to the board: two pages to decide from, and appendices.

    The options stand side by side (no change, the proposal, the best alternatives), with who
    would travel further; then a sheet for each building that would close, who is affected by
    deprivation and protected characteristic, the alternatives and how firm their order is, and
    method, assumptions and data.

    Outputs: report.docx, report.pdf (tagged, checked against PDF/UA-1) and tables.xlsx (the same
    tables, one sheet each). Counts below 5 are hidden unless --internal is given.
    """
    from access.files import check_folder
    from access.ledger import to_json
    from access.report.board import board_report
    from access.report.requests import read_requests
    from access.report.write import write_report
    from access.run import measure_study
    from access.run.hubs import with_hubs
    from access.study import load_study

    requests = None if asked is None else read_requests(asked)
    loaded = load_study(study)
    folder = out or Path("maps") / loaded.name
    given = (*loaded.files, *(path for path in (asked, network) if path is not None))
    check_folder(folder, given)
    with steps(quiet=quiet or json) as progress:
        results = measure_study(loaded, network=network, keep=not no_cache, progress=progress)
        results = with_hubs(results, mode=mode, progress=progress)
        document = board_report(
            results,
            date=None if date is None else date.date(),
            internal=internal,
            mode=mode,
            requests=requests,
            draws=draws,
            progress=progress,
        )
        paths = write_report(document, folder, inputs=given, progress=progress)
    if json:
        say(to_json({"files": [str(path) for path in paths]}), nl=False)
    elif not quiet:
        names = ", ".join(path.name for path in paths)
        say(f"Written to {folder}: {names}.")
