"""`access replay`: run a ledger again and compare every output."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access.cli.options import QuietOption
from access.cli.progress import steps
from access.cli.say import say


def replay(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="A run's ledger.json.")],
    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            metavar="DIR",
            help="Where the study lies; else the folder beside the ledger, or the embedded one.",
        ),
    ] = None,
    network: Annotated[
        Path | None,
        typer.Option("--network", metavar="FILE", help="The street extract the ledger names."),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Run a ledger again on the same inputs and say whether every output comes out the same.

    The inputs are checked against the ledger's hashes first. Exit code 0 means that every
    output has the same bytes; 1 that one has not.
    """
    from access.run.replay import replay as run_again

    with steps(quiet=quiet) as progress:
        found = run_again(ledger, study=study, network=network, progress=progress)
    if not quiet:
        say(found.sentence())
    if not found.same:
        raise typer.Exit(1)
