"""`access site`: where Family Hubs would best stand, with a proof."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from access.cli.compare import FolderOption, ModeOption
from access.cli.options import JsonOption, NetworkOption, NoCacheOption, QuietOption, StudyArgument
from access.cli.progress import searching, steps
from access.cli.say import say


def site(
    study: StudyArgument = "rotherham",
    mode: ModeOption = "walk",
    most: Annotated[
        int | None,
        typer.Option("--most", min=1, help="Look at 1 hub up to so many; the study's by default."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            "--hubs", min=1, help="List alternatives for so many hubs; the council's number if not."
        ),
    ] = None,
    min_per_locality: Annotated[
        int, typer.Option("--min-per-locality", min=0, help="Hubs in every locality, at least.")
    ] = 0,
    protect: Annotated[
        float | None,
        typer.Option(
            "--protect",
            metavar="MINUTES",
            min=0,
            help="Nobody in deprivation deciles 1 and 2 further than today by more than this.",
        ),
    ] = None,
    open_site: Annotated[
        list[str] | None,
        typer.Option("--open", metavar="ID", help="A site that must be a hub; repeat for more."),
    ] = None,
    close_site: Annotated[
        list[str] | None,
        typer.Option("--never", metavar="ID", help="A site that may not be a hub."),
    ] = None,
    greenfield: Annotated[
        int,
        typer.Option("--greenfield", min=0, help="New candidates at the centres of demand."),
    ] = 0,
    alternatives: Annotated[
        int, typer.Option("--alternatives", min=1, help="How many near-best sets to list.")
    ] = 10,
    within: Annotated[
        float,
        typer.Option("--within", min=0, help="Near-best means within this share: 0.02 is 2 %."),
    ] = 0.02,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", metavar="FILE", help="CSV of id,cost: cost joins the trade-offs."),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", metavar="SECONDS", help="For each search; the gap is shown."),
    ] = None,
    network: NetworkOption = None,
    no_cache: NoCacheOption = False,
    out: FolderOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Find where Family Hubs would best stand, and prove it.

    Candidates are the centres that every proposal keeps and the study's candidate sites
    (libraries, schools, health centres, former centres). Demand is that of all services
    together, by the study's shares. Answers: the best 1, 2, 3, ... hubs and where another stops
    paying; every trade-off between the average trip and the worst-off area; sets that are nearly
    as good, to choose among; and how far the council's own choice is from the best, in minutes
    and in rank among every set of as many.

      access site

      access site --hubs 4 --min-per-locality 1 --protect 5

      access site --greenfield 20 --mode typical --out hubs/

    Ctrl-C ends the search with the best found so far, and says how far off it may be.

    With --out it writes the tables as CSV, parquet and GeoPackage, the curve as a picture,
    summary.json and ledger.json.
    """
    from access.files import check_folder, whole_folder
    from access.ledger import to_json
    from access.report.hub_chart import hub_chart
    from access.run.answer_files import answer_ledger, write_answer
    from access.run.answers_hubs import hub_summary, hub_tables, hub_words
    from access.run.ask import travel_times
    from access.run.hubs import HubQuestion, hub_answer
    from access.study import load_study

    loaded = load_study(study)
    given = (*loaded.files, *(path for path in (costs, network) if path is not None))
    if out is not None:
        check_folder(out, given)
    question = HubQuestion(
        mode=mode,
        most=most,
        size=size,
        min_per_locality=min_per_locality,
        protect_minutes=protect,
        locked_open=tuple(open_site or ()),
        locked_closed=tuple(close_site or ()),
        greenfield=greenfield,
        near_best=alternatives,
        within=within,
        costs=costs,
        time_limit_s=time_limit,
    )
    with steps(quiet=quiet or json) as progress:
        results = travel_times(loaded, network=network, keep=not no_cache, progress=progress)
        with searching(progress) as search:
            answer = hub_answer(results, question, progress=progress, search=search)
    summary = hub_summary(results, answer)
    if out is not None:
        asked = asdict(question) | {"costs": None if costs is None else costs.name}
        ledger = answer_ledger(
            results, "site", asked, [costs], assumptions=answer.plain.assumptions
        )
        with whole_folder(out, given) as work:
            write_answer(
                work,
                summary,
                hub_tables(answer),
                {"curve": hub_chart(results, answer.plain, mode, len(answer.candidates))},
                ledger=ledger,
                points=loaded.areas[["id", "geometry"]],
            )
    if json:
        say(to_json(summary), nl=False)
    elif not quiet:
        say(hub_words(results, answer))
        if out is not None:
            say(f"Written to {out}.")
