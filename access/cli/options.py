"""Arguments and options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StudyArgument = Annotated[
    str,
    typer.Argument(
        metavar="[STUDY]",
        help="A study folder, or the name of an embedded study.",
        show_default=True,
    ),
]
NetworkOption = Annotated[
    Path | None,
    typer.Option(
        "--network",
        metavar="FILE",
        help="Real streets: an OpenStreetMap extract (.osm.pbf, .osm, .osm.gz, .osm.bz2) or a "
        "GraphML file. Without it, streets are modelled and every output says so.",
    ),
]
NoCacheOption = Annotated[
    bool,
    typer.Option(
        "--no-cache",
        help="Read the street extract anew, and keep nothing of it. Without this, networks and "
        "travel times are kept in your cache folder (or in the one that the environment variable "
        "ACCESS_CACHE names; 'off' there does the same as --no-cache) and the next run on the "
        "same file skips reading it.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where to write; default maps/<study>/."),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors; the files are the answer.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the summary as JSON instead of words.")
]
