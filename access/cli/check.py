"""`access check`: what a study holds, what it assumes, and every fault in it."""

from __future__ import annotations

from typing import Annotated

import typer

from access.cli.options import JsonOption, StudyArgument
from access.cli.say import say


def check(
    study: StudyArgument = "rotherham",
    json: JsonOption = False,
    write_manifest: Annotated[
        bool,
        typer.Option(
            "--write-manifest",
            help="Write manifest.toml again with today's hashes, after tables were changed.",
        ),
    ] = False,
) -> None:
    """Check a study and say what it holds and what it assumes.

    All faults are listed at once, each with file, row, column, what was found and what was
    expected. Proxy positions and assumed stand-ins are named; what is not known is counted.
    Exit code 0 means that `access run` will accept the study.
    """
    from access.files import write_file
    from access.ledger import to_json
    from access.study import load_study
    from access.study.describe import describe_study, study_facts
    from access.study.manifest import manifest_text

    loaded = load_study(study)
    if write_manifest:
        names = [str(row["file"]) for row in loaded.inputs]
        text = manifest_text(loaded.folder, names)
        write_file(loaded.folder / "manifest.toml", text.encode("utf-8"))
        loaded = load_study(study)
    say(to_json(study_facts(loaded)) if json else describe_study(loaded))
