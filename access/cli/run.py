"""`access run`: the main job."""

from __future__ import annotations

from access.cli.options import JsonOption, NetworkOption, OutOption, QuietOption, StudyArgument


def run(
    study: StudyArgument = "rotherham",
    network: NetworkOption = None,
    out: OutOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Measure the proposals of a study, before and after, and write maps and tables."""
