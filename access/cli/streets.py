"""`access network`: what a street file holds, who joins it where, and what its edge changes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access.cli.terminal import JsonOption, QuietOption, say, steps

SourceArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="An OpenStreetMap extract (.osm.pbf, .osm, .osm.gz, .osm.bz2) or a GraphML file. "
        "Not needed with --show-profile.",
    ),
]
StudyOption = Annotated[
    str,
    typer.Option(
        "--study",
        help="Whose areas and centres are joined to the streets; 'none' for the streets alone.",
    ),
]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        help="walk, pram_toddler, wheelchair or drive; may be repeated. Default: walk and drive.",
    ),
]
SensitivityOption = Annotated[
    bool,
    typer.Option(
        "--sensitivity",
        help="Cut the streets off nearer and nearer to the study's areas, and say what changes.",
    ),
]
ShowOption = Annotated[
    bool, typer.Option("--show-profile", help="Print the profiles' rules and speeds, and stop.")
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Write tables, and a GeoPackage with streets, left-out streets and snap lines.",
    ),
]


def network(
    source: SourceArgument = None,
    study: StudyOption = "rotherham",
    profile: ProfileOption = None,
    sensitivity: SensitivityOption = False,
    show_profile: ShowOption = False,
    out: FolderOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Take stock of a street network before its numbers are used.

    Prints kilometres by class of street and how many carry a speed limit, the parts that are cut
    off, and, in words, what to know of the places that join it: who lives on a private road, on
    streets that nothing connects, or beyond the edge of the file.

    With --sensitivity, the same trips are measured on smaller extracts: where the last rows
    change nothing, the file reaches far enough past the boundary.
    """
    from access.errors import ParameterError
    from access.files import check_folder, whole_folder
    from access.ledger import RunLedger, sha256_of, to_json
    from access.network import Profile
    from access.network.stocktake import take_stock
    from access.run.answer import write_layers
    from access.run.summary import safe_cells
    from access.study import load_study

    profiles = [Profile.preset(name) for name in profile or ["walk", "drive"]]
    if show_profile:
        shown = {p.name: p.to_dict() for p in profiles}
        text = "\n\n".join(map(str, profiles))
        say(to_json(shown) if json else text)
        return
    if source is None:
        raise ParameterError(
            "no street file given; expected access network FILE, for example "
            "access network south-yorkshire-latest.osm.pbf"
        )
    loaded = None if study == "none" else load_study(study)
    given = (source, *(loaded.files if loaded else ()))
    if out is not None:
        check_folder(out, given)
    with steps(quiet=quiet or json) as begin:
        stock = take_stock(
            source,
            profiles,
            areas=None if loaded is None else loaded.areas,
            sites=None if loaded is None else loaded.centres,
            snap_limit_m=500.0 if loaded is None else loaded.config.travel.snap_limit_m,
            sensitivity=sensitivity,
            progress=begin,
        )
        if out is not None:
            begin(f"writing {out}")
            with whole_folder(out, given) as work:
                write_layers(work / "network.gpkg", stock.layers())
                for name, table in stock.tables().items():
                    safe_cells(table).to_csv(
                        work / f"{name}.csv",
                        index=False,
                        lineterminator="\n",
                    )
                outputs = {file.name: sha256_of(file) for file in sorted(work.iterdir())}
                read = {"file": source.name, "sha256": sha256_of(source)}
                told = [note for n in stock.networks.values() for note in n.assumptions]
                ledger = RunLedger(
                    {"command": "network"}, (read, *(loaded.inputs if loaded else ())),
                    outputs=outputs,
                    assumptions=tuple(dict.fromkeys(told)),
                )  # fmt: skip
                (work / "ledger.json").write_text(ledger.to_json(), encoding="utf-8")
    if not quiet:
        say(to_json(stock.to_dict()) if json else stock.to_text())
