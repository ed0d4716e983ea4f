"""`access run`: the main job."""

from __future__ import annotations

from pathlib import Path

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


def run(
    study: StudyArgument = "rotherham",
    network: NetworkOption = None,
    no_cache: NoCacheOption = False,
    out: OutOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Measure a study's proposals, before and after, and write maps, tables and a ledger.

    Without options it runs the embedded Rotherham study on modelled streets and writes
    maps/rotherham/. Put real streets under it with --network and an OpenStreetMap extract
    of the county (Geofabrik: south-yorkshire-latest.osm.pbf).

    Outputs: summary.json (every figure), areas.csv (one row an area), alternatives.csv (every
    other way to close as many), study.gpkg (layers for QGIS), explorer.html (for the public: one
    file, no internet), map.html (for planners), report.docx, report.pdf and tables.xlsx (for the
    board), ledger.json (inputs with hashes, settings,
    versions, assumptions), evidence.zip (all of it). They take the
    place of a former run's when all of them are whole; files of yours in the folder stay. A
    folder with other files and no former run, or with inputs, is refused.
    """
    from access.files import check_folder
    from access.ledger import to_json
    from access.run import run_job, summary_of, write_outputs
    from access.run.words import spoken_summary
    from access.study import load_study

    loaded = load_study(study)
    folder = out or Path("maps") / loaded.name
    check_folder(folder, (*loaded.files, *([network] if network else [])))
    with steps(quiet=quiet or json) as progress:
        results = run_job(loaded, network=network, keep=not no_cache, progress=progress)
        write_outputs(results, folder, progress=progress)
    if json:
        say(to_json(summary_of(results)), nl=False)
    elif not quiet:
        say(spoken_summary(results))
        say(
            f"\nWritten to {folder}: explorer.html for the public, map.html for planners, "
            "report.pdf for the board, study.gpkg for QGIS, evidence.zip with all of it."
        )
