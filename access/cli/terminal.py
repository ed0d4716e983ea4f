"""The one way that the command line prints: nothing in a user's text steers the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import typer

from access.escape import terminal_text


def say(text: object, *, nl: bool = True, err: bool = False) -> None:
    """Print text with its control characters and direction marks made visible."""
    typer.echo(terminal_text(text), nl=nl, err=err)


INTERRUPTED = 130
NOBODY_READS = 141
CANNOT_WRITE = 8


def ended(command: Callable[[], None]) -> int:
    """Run a command to its end, with all that it said, and give its exit code."""
    out, code = sys.stdout, 0
    try:
        command()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
    except BrokenPipeError:
        code = NOBODY_READS
    except KeyboardInterrupt:
        code = INTERRUPTED
    except (OSError, UnicodeError) as error:
        code = _told(error)
    if code == 1 and sys.stdout is not out:  # click's way to say that the pipe is broken
        code, sys.stdout = NOBODY_READS, out
    try:
        if out is not None:
            out.flush()
    except BrokenPipeError:
        code = NOBODY_READS
    except (OSError, ValueError) as error:
        code = _told(error)
    if code in (NOBODY_READS, CANNOT_WRITE):
        _drop_output()
    return code


def _told(error: Exception) -> int:
    reason = getattr(error, "strerror", None) or error
    name = getattr(error, "filename", None)
    what = f"{name!r} cannot be read or written" if name else "the answer cannot be written out"
    with suppress(OSError, ValueError):
        typer.echo(f"\naccess: {what}: {reason}", err=True)
    return CANNOT_WRITE


def _drop_output() -> None:
    """Let Python's last flush go nowhere, so that it does not complain as well."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
