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
