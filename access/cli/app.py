"""The `access` command: its commands, its version, and how it says that something is wrong."""

from __future__ import annotations

import atexit
import gc
import io
import sys
import warnings
from collections.abc import Callable
from copy import copy
from typing import Annotated

import typer

import access
from access.cli.jobs import check, map_, national, replay, report, run
from access.cli.places import isochrones, minutes, network, path, within
from access.cli.questions import compare, rank, site
from access.cli.sources import fetch, import_, new
from access.cli.terminal import ended, say, warned

app = typer.Typer(
    name="access",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""
Measure what closing children's centres and youth centres does to families' travel.

A **study** is a folder: a `study.toml` with settings and proposals, and tables of centres,
candidate sites and areas. One study, *rotherham*, travels with this program.

Start here:

* `access run` does the whole job on the embedded study and writes maps, tables and a ledger
* `access check` says what a study holds, what it assumes, and every fault in it
* `access new E08000018` makes the study of any English council from public tables
* `access import FILE --as centres --study FOLDER` makes a table of a sheet that you have
* `access run --network south-yorkshire-latest.osm.pbf` puts real streets under it

Every command has `--help`. Times are minutes, lengths are metres, and a place that cannot be
reached is said to be so, never given a number.
""",
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "check": check,
    "new": new,
    "import": import_,
    "network": network,
    "compare": compare,
    "rank": rank,
    "site": site,
    "national": national,
    "isochrones": isochrones,
    "path": path,
    "minutes": minutes,
    "within": within,
    "map": map_,
    "report": report,
    "replay": replay,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
app.add_typer(fetch, name="fetch")


def _version(asked: bool) -> None:
    if asked:
        say(f"family-access {access.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    pass


def _told_of(first: list[str]) -> typer.Typer:
    """Give the line with the one command that is asked for, or whole: each takes time to read."""
    line = copy(app)
    if any(command.name in first for command in app.registered_commands):
        line.registered_groups = []
        line.registered_commands = [c for c in app.registered_commands if c.name in first]
    return line


def main() -> None:
    """Run the command line; an `AccessError` becomes a message and an exit code, no traceback."""
    # a command ends soon and keeps what it makes: looking for garbage often costs a twentieth
    gc.set_threshold(1_000_000, 20, 50)
    atexit.register(gc.freeze)  # and at its end all goes at once
    sys.exit(ended(_spoken))


def _spoken() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may hold letters the terminal lacks
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = warned
        _told_of(sys.argv[1:2])()
