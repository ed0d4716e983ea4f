"""`--json` prints one JSON document and nothing else, whatever a library would say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from access.cli.app import app
from access.sources.folder import new_study
from tests.conftest import call_here, plain_pages
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


@pytest.mark.usefixtures("measured_once")
@pytest.mark.parametrize("command", ASKED)
def test_json_and_nothing_else(command, town, tmp_path, capfd):
    # a report is laid out once: what does it is made of libraries too
    with plain_pages() if command == "run" else nullcontext():
        done = CliRunner().invoke(app, words(command, town, tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert isinstance(only_json(done.stdout), dict)
    # what a library in C writes goes past Python, straight to the descriptor
    assert capfd.readouterr().out == ""


@pytest.mark.usefixtures("measured_once")
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


#: Refused by what each command asks of its study or file; by how the line is written, all alike.
NO_SUCH = {"new": ["new", "{town}"],
           "import": ["import", "{town}/none.csv", "--as", "centres", "--study", "{out}"],
           "network": ["network", "{town}/none.osm"]}  # fmt: skip


@cache
def helped(command: str, home: Path) -> str:
    """Give the words of a command's help, which both of its lines are held against."""
    return " ".join(re.findall(r"[\w.,]+", call_here(home, command, "--help").stdout))


@pytest.mark.parametrize("command", ASKED)
def test_a_command_that_fails_says_why_in_one_object(command, town, tmp_path, access_command):
    asked = NO_SUCH.get(command, [w.replace("{town}", "{town}_none") for w in ASKED[command]])
    asked = [w.format(town=town, out=tmp_path / "out") for w in asked]
    for line in (asked, [*asked, "--no-such-option"]):
        done = access_command(*line, "--json")
        told = only_json(done.stdout)
        assert told.keys() == {"error", "exit_code", "message", "faults"}
        assert "error, exit_code, message and faults." in helped(command, tmp_path)
        assert told["exit_code"] == done.returncode > 0
        assert told["message"]
    assert access_command(*asked).stdout == ""


def test_an_error_is_named_as_the_documentation_has_it(town, access_command):
    done = access_command("compare", town, "--timetable", "none.zip", "--json")
    told = only_json(done.stdout)
    assert (told["error"], told["exit_code"], done.returncode) == ("TimetableError", 9, 9)


def test_what_was_answered_is_not_followed_by_a_second_document(town, tmp_path, access_command):
    """A council that no list knows: what failed of a part is in its own answer."""
    done = access_command("fetch", "census", town, "--council", "E08000018", "--tries", "1",
                          "--address", "nomis=http://127.0.0.1:9", "--address",
                          "ons=http://127.0.0.1:9", "--json")  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert isinstance(only_json(done.stdout), dict)


def test_a_fault_of_the_program_and_a_full_disk_are_told_alike(
    town, tmp_path, access_command, monkeypatch
):
    import access.study

    for error, code in ((RuntimeError("broken"), 70), (OSError(28, "No space left"), 8)):

        def failing(*given, error=error):
            raise error

        monkeypatch.setattr(access.study, "load_study", failing)
        done = access_command("minutes", town, "--json")
        told = only_json(done.stdout)
        assert (told["error"], told["exit_code"], done.returncode) == (
            type(error).__name__, code, code,
        )  # fmt: skip
        assert told["message"] in done.stderr
