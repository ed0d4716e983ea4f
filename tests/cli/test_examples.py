"""What a command's help shows can be typed as it stands, wherever it names no file of one's own."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest
import typer

import access
from access.cli.app import app
from access.study import find_study
from tests.conftest import call_here

pytestmark = pytest.mark.usefixtures("quick_runs")

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


@pytest.fixture(scope="module")
def fewer(tmp_path_factory):
    """Give the embedded study with an area in twelve: what can be typed does not hang on more."""
    folder = tmp_path_factory.mktemp("fewer") / "rotherham"
    shutil.copytree(find_study("rotherham"), folder)
    areas = pd.read_csv(folder / "areas.csv", dtype=str, keep_default_na=False)
    named = areas["id"].isin(re.findall(r"\bE\d{8}\b", " ".join(TYPED)))
    areas = areas[named | (areas.index % 12 == 0)]
    areas.to_csv(folder / "areas.csv", index=False)
    wider = pd.read_csv(folder / "lsoas.csv", dtype=str, keep_default_na=False)
    wider[wider["id"].isin(areas["lsoa"])].to_csv(folder / "lsoas.csv", index=False)
    return folder


@pytest.mark.parametrize("line", [line for line in TYPED if not OWN.search(line)])
def test_an_example_of_the_help_is_answered(line, fewer, measured_once, tmp_path):
    done = call_here(tmp_path, *shlex.split(line)[1:], "--quiet", cwd=fewer.parent)
    assert done.returncode == 0, done.stderr


def test_the_plan_that_the_help_shows_is_read(fewer, measured_once, tmp_path):
    told = typer.main.get_command(app).commands["compare"].help
    shown = re.findall(r"`((?:name|action|site) = \"[^`]+|\[\[mod[^`]+)`", told)
    assert len(shown) == 4
    plan = tmp_path / "plan.toml"
    plan.write_text("\n".join(shown), encoding="utf-8")
    words = ("compare", "--scenario", plan, "--service", "childrens_centre", "--quiet")
    done = call_here(tmp_path, *words, cwd=fewer.parent)
    assert done.returncode == 0, done.stderr


def _commands(command, *words):
    """Every command with the words that call it."""
    yield words, command
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands(one, *words, name)


@pytest.mark.parametrize(
    ("words", "command"),
    [pytest.param(w, c, id=" ".join(w)) for w, c in _commands(typer.main.get_command(app)) if w],
)
def test_nothing_of_a_help_is_lost_where_it_is_shown(words, command, tmp_path):
    """What looks like a tag, such as a name in angle brackets, is taken for one and not shown."""
    shown = call_here(tmp_path, *words, "--help").stdout
    for text in (command.help, *(getattr(one, "help", None) for one in command.params)):
        for word in re.sub("[`*]", "", text or "").split():
            assert word in shown, text
