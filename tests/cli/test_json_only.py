"""`--json` prints one JSON document and nothing else, whatever a library would say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from access.cli.app import app
from access.sources.folder import new_study
from tests.streets import at, write_osm

pytestmark = pytest.mark.usefixtures("quick_runs")

#: Every command that takes `--json`, with the least that it can be asked. `fetch streets` asks a
#: server; its `--help` is here, its reply is tested beside the server that the tests run.
ASKED = {
    "check": ["check", "{town}"],
    "run": ["run", "{town}", "--out", "{out}"],
    "compare": ["compare", "{town}", "--close", "C3"],
    "rank": ["rank", "{town}", "--close", "C3", "--draws", "5"],
    "site": ["site", "{town}"],
    "map": ["map", "{town}", "--out", "{out}"],
    "report": ["report", "{town}", "--out", "{out}", "--draws", "5"],
    "isochrones": ["isochrones", "{town}", "C1", "--minutes", "10"],
    "path": ["path", "{town}", "A01", "C1"],
    "minutes": ["minutes", "{town}"],
    "within": ["within", "{town}", "C1"],
    "new": ["new", "{out}_new"],
    "import": ["import", "{town}/centres.csv", "--as", "centres", "--study", "{out}"],
    "network": ["network", "{town}/streets.osm", "--study", "none"],
}
ELSEWHERE = {"fetch", "national"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("json") / "town"
    new_study(folder)
    corners = {1: at(0, 0), 2: at(1, 0), 3: at(1, 1)}
    write_osm(folder / "streets.osm", corners, [(1, [1, 2, 3, 1], {"highway": "residential"})])
    return folder


def words(command: str, town: Path, out: Path) -> list[str]:
    return [w.format(town=town, out=out) for w in ASKED[command]] + ["--json"]


def only_json(text: str) -> object:
    """Read text that must be one JSON document, with no constant that JSON does not know."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_every_command_with_json_is_asked_here():
    group = typer.main.get_command(app)
    having = {
        name
        for name, command in group.commands.items()
        for each in (getattr(command, "commands", None) or {name: command}).values()
        if any("--json" in parameter.opts for parameter in each.params)
    }
    assert having == set(ASKED) | ELSEWHERE


@pytest.mark.parametrize("command", ASKED)
def test_json_and_nothing_else(command, town, tmp_path, capfd):
    done = CliRunner().invoke(app, words(command, town, tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert isinstance(only_json(done.stdout), dict)
    # what a library in C writes goes past Python, straight to the descriptor
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("command", ["network", "compare", "within"])
def test_quiet_takes_no_json_away(command, town, tmp_path):
    done = CliRunner().invoke(app, [*words(command, town, tmp_path / "out"), "--quiet"])
    assert done.exit_code == 0, done.output
    assert isinstance(only_json(done.stdout), dict)


def test_a_process_of_its_own_prints_json_and_nothing_else(town, tmp_path):
    """Banners of compiled libraries show only here; `site` solves, so the solver is made."""
    program = [sys.executable, "-c", "from access.cli import main; main()"]
    done = subprocess.run(
        [*program, *words("site", town, tmp_path / "out")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        cwd=tmp_path,
    )
    assert isinstance(only_json(done.stdout), dict)
    assert done.stderr == ""
