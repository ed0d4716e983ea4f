"""`access map`: the consultation explorer, and still maps for reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access.cli.options import (
    JsonOption,
    NetworkOption,
    NoCacheOption,
    OutOption,
    QuietOption,
    StudyArgument,
)
from access.cli.progress import steps
from access.cli.say import say


def map_(
    study: StudyArgument = "rotherham",
    network: NetworkOption = None,
    no_cache: NoCacheOption = False,
    out: OutOption = None,
    static: Annotated[
        bool,
        typer.Option("--static", help="Write still maps (PNG and SVG) into maps/ as well."),
    ] = False,
    mode: Annotated[
        str,
        typer.Option("--mode", help="Trips of the still maps: walk, pram, drive or typical."),
    ] = "walk",
    online_tiles: Annotated[
        bool,
        typer.Option(
            "--online-tiles",
            help="Offer OpenStreetMap's street pictures as a tick box. The page then may ask that "
            "one server for them; without this option it can ask nobody for anything.",
        ),
    ] = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Write the consultation explorer: one HTML file that works on any laptop without Wi-Fi.

    People type their postcode or place and read what the proposal means for their street; see
    before and after for everyone; and try options of their own, each ranked among all
    alternatives, noted with a reason, and saved as a file that `access compare --scenario` and
    `access report --asked` read.

    Postcodes can be typed when the study has a table of them (tables.postcodes in study.toml);
    places, wards and centres always. With --static the same maps are written as pictures, with
    legend, scale bar, north arrow and sources.
    """
    from access.files import check_folder, whole_folder
    from access.ledger import to_json
    from access.maps.explorer import write_explorer
    from access.maps.from_results import explorer_data
    from access.maps.static import write_static_maps
    from access.run import measure_study
    from access.study import load_study

    loaded = load_study(study)
    folder = out or Path("maps") / loaded.name
    given = (*loaded.files, *([network] if network else []))
    check_folder(folder, given)
    with steps(quiet=quiet or json) as progress:
        data = explorer_data(
            measure_study(loaded, network=network, keep=not no_cache, progress=progress)
        )
        with whole_folder(folder, given, adds=True) as work:
            progress("writing explorer.html")
            made = [write_explorer(data, work / "explorer.html", online_tiles=online_tiles)]
            if static:
                progress("drawing still maps")
                made += write_static_maps(data, work / "maps", mode=mode)
        files = [folder / path.relative_to(work) for path in made]
    if json:
        say(to_json({"files": [str(path) for path in files]}), nl=False)
    elif not quiet:
        say(f"Written: {files[0]}. Open it in any browser; it needs no internet.")
        if static:
            say(f"{len(files) - 1} still maps: {files[1].parent}.")
