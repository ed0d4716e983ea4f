"""`access new`: a study of your own to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access.cli.say import say


def new(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet.")
    ],
) -> None:
    """Start a study of your own from a small made-up example that runs.

    Writes study.toml, areas.csv and centres.csv. Replace the made-up rows with your own, bit by
    bit: `access check FOLDER` tells every fault at once, `access run FOLDER` measures it.
    Further tables are read when they are there: candidates.csv, neighbours.csv, postcodes.csv.
    """
    from access.study.template import new_study

    written = new_study(folder)
    say(
        f"Made {folder} with {', '.join(written)}: a made-up example.\n"
        f"Next: access check {folder}, then access run {folder}, then put your own rows in."
    )
