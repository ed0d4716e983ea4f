"""`access national`: the same question put to many authorities, into one data set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access.cli.terminal import JsonOption, QuietOption, partly_done, say, steps

SourceArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER",
        help="areas.csv and centres.csv with a column 'authority' each, or one study folder an "
        "authority, as `access new CODE` makes them.",
    ),
]
DataOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="The data set; a former one is gone on with.")
]
RuleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        help="best (close a share, the optimiser's choice), fewest-visits, or listed (with "
        "--closures); may be repeated. Default: best.",
    ),
]
ShareOption = Annotated[float, typer.Option("--share", help="Which part of the sites closes.")]
ServiceOption = Annotated[str, typer.Option("--service", help="One service; every one without it.")]
DemandOption = Annotated[
    str, typer.Option("--demand", help="National tables: the column that counts families.")
]
ClosuresOption = Annotated[
    Path | None,
    typer.Option("--closures", metavar="FILE", help="A CSV table: authority, site; a row a site."),
]
StreetsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--streets",
        metavar="FILE",
        help="A street extract for all, or several, each with its authorities' codes in its name. "
        "Without any, a study folder's own streets are taken, and where it has none they are "
        "modelled from the points of the tables.",
    ),
]
ModeOption = Annotated[str, typer.Option("--mode", help="walk or drive.")]
RanksOption = Annotated[
    int, typer.Option("--national-areas", help="How many areas the ranks of deprivation run over.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", help="Processes at once; by cores and memory when not given."),
]
SchedulerOption = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler that runs.")
]
PoolOption = Annotated[
    bool, typer.Option("--pool", help="Python's own process pool, even where Dask is installed.")
]


def national(
    folder: SourceArgument,
    out: DataOption,
    rule: RuleOption = None,
    share: ShareOption = 0.25,
    service: ServiceOption = "",
    demand: DemandOption = "families",
    closures: ClosuresOption = None,
    streets: StreetsOption = None,
    mode: ModeOption = "walk",
    national_areas: RanksOption = 33_755,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    pool: PoolOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure a rule for closing in every authority at once.

    Writes a partitioned parquet data set: areas/ has one row an authority, area and rule (the
    nearest open site before and after, and the minutes); options/ one row an authority and rule.
    Beside them: options.csv, failures.csv, a map and the ten places hurt most for each rule, and
    a ledger. An authority that fails, or a rule that cannot be asked of it, is a row of
    failures.csv and stops nothing, nor another rule. Run again, it works out only what is not
    there yet.

    Families near an authority's edge are counted to its own sites alone. Counts of 1 to 4 stand
    as 2 or 3, but where a study declares that they are published. A study's own walking speed
    and limits hold, and its own streets (`access fetch streets`) where no --streets are given.
    """
    from access.analysis.results import LeftOut
    from access.ledger import to_json
    from access.national.dataset import run_national
    from access.national.gather import Ask
    from access.sources.http import user_cache

    ask = Ask(
        tuple(rule or ["best"]), share, service, demand, closures, tuple(streets or ()), mode,
        national_areas,
    )  # fmt: skip
    with steps(quiet=quiet or json) as begin:
        found = run_national(
            folder, out, ask, workers=workers, scheduler=scheduler, pool=pool,
            cache=str(user_cache() or ""), progress=begin,
        )  # fmt: skip
    if json:
        say(to_json(found.to_dict()))
    elif not quiet:
        say(found.to_text())
    partly_done([LeftOut(f.part, f.why) for f in found.failures])
