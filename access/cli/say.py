"""The one way that the command line prints: nothing in a user's text steers the terminal."""

from __future__ import annotations

import typer

from access.escape import terminal_text


def say(text: object, *, nl: bool = True, err: bool = False) -> None:
    """Print text with its control characters and direction marks made visible."""
    typer.echo(terminal_text(text), nl=nl, err=err)
