"""The `access` command: its commands, its version, and how it says that something is wrong."""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

import access
from access.cli import jobs, places, questions, sources
from access.cli.terminal import ANSWERED, say
from access.errors import AccessError, ParameterError

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
#: In the order that the help shows them.
_ORDER = ("run", "check", "new", "import", "network", "compare", "rank", "site", "national",
          "isochrones", "path", "minutes", "within", "map", "report", "replay")  # fmt: skip
_PARTS = (jobs, places, questions, sources)
app.registered_commands = sorted(
    chain.from_iterable(part.commands.registered_commands for part in _PARTS),
    key=lambda command: _ORDER.index(str(command.name)),
)
app.add_typer(sources.fetch, name="fetch")


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
    sys.exit(_ended(_spoken))


def _spoken() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may hold letters the terminal lacks
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _warned
        _told_of(sys.argv[1:2])()


# How a command ends: what went wrong is said in words, and as an object to who reads JSON.


def _warned(
    message: Warning | str, category: type[Warning], *where: object, **more: object
) -> None:
    """Say a warning as errors are said: in words alone, without the line of the program."""
    say(f"access: {message}", err=True)


_INTERRUPTED = 130
_NOBODY_READS = 141
_CANNOT_WRITE = 8
_PROGRAM_FAULT = 70


def _ended(command: Callable[[], None]) -> int:
    """Run a command to its end, with all that it said, and give its exit code."""
    out, code = sys.stdout, 0
    ANSWERED.clear()
    try:
        command()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
        _wrong_use(done, code)
    except AccessError as error:
        code = error.exit_code
        _failed(error, str(error), code, error.message)
    except BrokenPipeError:
        code = _NOBODY_READS
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except (OSError, UnicodeError) as error:
        code = _told(error)
    except Exception as error:  # a fault of ours: said in words, with where to look
        code = _unexpected(error)
    if code == 1 and sys.stdout is not out:  # click's way to say that the pipe is broken
        code, sys.stdout = _NOBODY_READS, out
    try:
        if out is not None:
            out.flush()
    except BrokenPipeError:
        code = _NOBODY_READS
    except (OSError, ValueError) as error:
        code = _told(error)
    if code in (_NOBODY_READS, _CANNOT_WRITE):
        _drop_output()
    return code


def _failed(error: BaseException, words: str, code: int, message: str = "") -> None:
    """Say that a command failed, and why."""
    with suppress(OSError, ValueError):
        say(f"\naccess: {words}", err=True)
    _failed_as_json(error, message or words, code)


def _failed_as_json(error: BaseException, message: str, code: int) -> None:
    """Say it to whoever reads JSON as well, who has no answer to read: one object."""
    if "--json" not in sys.argv[1:] or ANSWERED.is_set():
        return
    from access.files import to_json

    faults = [
        {"file": f.file, "where": f.where, "column": f.column, "found": f.value,
         "expected": f.expected}
        for f in getattr(error, "faults", ())
    ]  # fmt: skip
    name = type(error).__name__.removeprefix("_")
    told = {"error": name, "exit_code": code, "message": message, "faults": faults}
    with suppress(OSError, ValueError):
        say(to_json(told), nl=False)


def _wrong_use(done: SystemExit, code: int) -> None:
    """Say as JSON what the line was misused in; in words it is said."""
    words = getattr(done.__context__, "format_message", None)
    if code and words is not None:
        _failed_as_json(ParameterError(""), words(), code)


def _told(error: Exception) -> int:
    reason = getattr(error, "strerror", None) or error
    name = getattr(error, "filename", None)
    what = f"{name!r} cannot be read or written" if name else "the answer cannot be written out"
    _failed(error, f"{what}: {reason}", _CANNOT_WRITE)
    return _CANNOT_WRITE


def _unexpected(error: Exception) -> int:
    """Say that the program itself is at fault, and where; its traceback only on request."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    _failed(
        error,
        f"this is a fault of the program, not of your study: {type(error).__name__}: "
        f"{str(error)[:500]} ({Path(last.filename).name}, line {last.lineno}). Nothing was written "
        "half. Please report it; ACCESS_TRACEBACK=1 shows the whole of it.",
        _PROGRAM_FAULT,
    )
    if os.environ.get("ACCESS_TRACEBACK"):
        traceback.print_exception(error)
    return _PROGRAM_FAULT


def _drop_output() -> None:
    """Let Python's last flush go nowhere, so that it does not complain as well."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
