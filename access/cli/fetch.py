"""`access fetch`: get what a study needs from the internet, once, into files with checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from access.cli.options import JsonOption, QuietOption, StudyArgument
from access.cli.say import say

fetch = typer.Typer(
    no_args_is_help=True,
    help="Get data from the internet into files with checksums; no other command goes there.",
)


@fetch.callback()
def _fetch() -> None:
    pass


FileOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Street file to write, in .osm.pbf; default <study>-streets.osm.pbf.",
    ),
]
BufferOption = Annotated[
    float | None,
    typer.Option(
        "--buffer",
        metavar="METRES",
        min=0,
        help="How far past the study's areas to reach; the study's travel.buffer_m by default.",
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url", metavar="ADDRESS", help="Overpass server (.../api); default that of osmnx."
    ),
]
CacheOption = Annotated[
    Path,
    typer.Option(
        "--cache", metavar="DIR", help="Where replies are kept, so that a stopped fetch goes on."
    ),
]
RefreshOption = Annotated[bool, typer.Option("--refresh", help="Ask again, whatever is kept.")]
TileOption = Annotated[
    float | None, typer.Option("--tile-km", metavar="KM", help="Longest side of one request.")
]
TriesOption = Annotated[
    int, typer.Option("--tries", min=1, max=20, help="Most requests for one tile.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Longest wait for a reply.")
]


@fetch.command()
def streets(
    study: StudyArgument = "rotherham",
    out: FileOption = None,
    buffer_m: BufferOption = None,
    url: UrlOption = None,
    cache: CacheOption = Path(".access-cache/overpass"),
    refresh: RefreshOption = False,
    tile_km: TileOption = None,
    tries: TriesOption = 5,
    timeout_s: TimeoutOption = 180.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fetch a study's streets from an Overpass server.

    Reaches past the boundary, so that trips may leave the borough and come back. Replies that are
    not whole are refused, and asked for again a few times, more and more slowly. The file is
    written only when all of it is there; checksum, date and source go beside it.

    Many council networks block Overpass: a county's extract from download.geofabrik.de does as
    well, and is the quicker way.
    """
    from access.cli.progress import steps
    from access.ledger import to_json
    from access.sources.overpass import fetch_streets
    from access.sources.patient import Patience
    from access.sources.tiles import area_around
    from access.study import load_study

    loaded = load_study(study)
    reach_m = loaded.config.travel.buffer_m if buffer_m is None else buffer_m
    area = area_around(loaded.areas["lon"], loaded.areas["lat"], buffer_m=reach_m)
    with steps(quiet=quiet or json) as progress:
        fetched = fetch_streets(
            area,
            out or Path(f"{loaded.name}-streets.osm.pbf"),
            url=url,
            patience=Patience(tries=tries, timeout_s=timeout_s),
            cache=cache,
            refresh=refresh,
            tile_km=tile_km,
            progress=progress,
        )
    if json:
        say(to_json(fetched.to_dict()), nl=False)
    elif not quiet:
        counts = fetched.counts
        say(
            f"{fetched.path}: {counts['ways']:,} ways, {counts['nodes']:,} nodes, data of "
            f"{fetched.data_date[:10] or 'an unnamed day'}, sha256 {fetched.sha256[:12]}...\n"
            f"Use it: access run {study} --network {fetched.path}"
        )
