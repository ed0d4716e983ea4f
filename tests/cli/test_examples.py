"""What a command's help shows can be typed as it stands, wherever it names no file of one's own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import access
from tests.conftest import call_here

pytestmark = pytest.mark.usefixtures("settings_few")

#: Files and studies of a reader's own; searches for hubs take seconds, and have tests of theirs.
OWN = re.compile(r"my_|\.(toml|json|pbf|zip|csv\.gz|html)\b|--network|--timetable|access site")
COMMANDS = "compare|rank|isochrones|path|minutes|within|check|site"
TYPED = sorted(
    {
        re.split(r"\s{2,}", line)[0]
        for path in (Path(access.__file__).parent / "cli").glob("*.py")
        for line in re.findall(
            rf"^ {{4,}}(access (?:{COMMANDS})\b.*)$", path.read_text("utf-8"), re.MULTILINE
        )
    }
)


def test_the_examples_are_found():
    assert len(TYPED) > 15
    assert {line.split()[1] for line in TYPED} >= {"compare", "rank", "path", "within", "site"}


@pytest.mark.parametrize("line", [line for line in TYPED if not OWN.search(line)])
def test_an_example_of_the_help_is_answered(line, tmp_path):
    done = call_here(tmp_path, *shlex.split(line)[1:], "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
