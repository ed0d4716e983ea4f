"""`access check`, `--help`, `--version`: plain words, all faults, no traceback."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

import access
from access.cli.app import _told_of, app
from access.study import find_study
from tests.conftest import call_access


def test_unknown_study_is_one_plain_message(access_command):
    done = access_command("check", "roterham")
    assert done.returncode == 3
    assert "no study 'roterham'" in done.stderr
    assert "Is 'rotherham' meant?" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_a_process_of_its_own_a_fault_is_a_message_too(tmp_path):
    done = call_access(tmp_path, "check", "roterham")
    assert done.returncode == 3
    assert "Is 'rotherham' meant?" in done.stderr
    assert "Traceback" not in done.stderr


def test_all_faults_are_listed(access_command, tmp_path):
    folder = shutil.copytree(find_study("rotherham"), tmp_path / "mine")
    text = (folder / "centres.csv").read_text(encoding="utf-8")
    text = text.replace("CC02,", "CC01,", 1).replace("-1.398245", "53.0")
    (folder / "centres.csv").write_text(text, encoding="utf-8")
    done = access_command("check", str(folder))
    assert done.returncode == 3
    assert "centres.csv, id: 2 times, row 2 'CC01', row 3 'CC01'; expected an id" in done.stderr
    assert "centres.csv, row 5, lon, lat" in done.stderr
    assert "hubs.council_choice: found 'CC02'" not in done.stderr, "row faults come first"
    assert "Traceback" not in done.stderr


def test_check_says_what_is_assumed_and_what_is_not_known(access_command):
    done = access_command("check")
    assert done.returncode == 0
    for words in ("no faults found", "12 -> 9", "11 -> 6", "15,972 children under five",
                  "Not known: yearly cost of 23 of 23", "assumed stand-ins", "proxy position",
                  "Herringthorpe"):  # fmt: skip
        assert words in done.stdout


def test_check_as_json(access_command):
    facts = json.loads(access_command("check", "rotherham", "--json").stdout)
    assert facts["areas"] == 854
    assert facts["centres"]["youth_centre"]["stand_ins"] == [f"YC{i:02d}" for i in range(6, 12)]
    assert facts["not_known"]["annual_cost_gbp"] == 23


def test_json_lists_the_faults_that_the_words_list(access_command, tmp_path):
    folder = shutil.copytree(find_study("rotherham"), tmp_path / "mine")
    text = (folder / "centres.csv").read_text(encoding="utf-8")
    text = text.replace("CC02,", "CC01,", 1).replace("-1.398245", "53.0")
    (folder / "centres.csv").write_text(text, encoding="utf-8")
    done = access_command("check", folder, "--json")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    assert told["message"] in done.stderr
    assert len(told["faults"]) == int(told["message"].split(" fault")[0].rpartition(" ")[2]) > 1
    for fault in told["faults"]:
        assert fault.keys() == {"file", "where", "column", "found", "expected"}
        assert fault["file"] in done.stderr
        assert fault["expected"] in done.stderr
    assert json.loads(access_command("check", "--json").stdout)["faults"] == []


def test_json_says_too_why_there_is_nothing_to_check(access_command):
    done = access_command("check", "roterham", "--json")
    assert done.returncode == 3
    assert "Is 'rotherham' meant?" in json.loads(done.stdout)["message"]


def test_manifest_can_be_written_again(access_command, tmp_path):
    folder = shutil.copytree(find_study("rotherham"), tmp_path / "mine")
    before = (folder / "manifest.toml").read_text(encoding="utf-8")
    with (folder / "candidates.csv").open("a", encoding="utf-8") as file:
        file.write("NEW1,A new place,other,,,,-1.3,53.4,South,,,,\n")
    assert "CHANGED" in access_command("check", str(folder)).stdout
    assert "CHANGED" not in access_command("check", str(folder), "--write-manifest").stdout
    after = (folder / "manifest.toml").read_text(encoding="utf-8")
    assert after != before
    assert after.count("source = ") == before.count("source = ")


def test_help_teaches_and_version_is_ours(access_command):
    done = access_command("--help")
    assert done.returncode == 0
    for words in ("Start here", "access run", "--network", "rotherham"):
        assert words in done.stdout
    assert access_command("--version").stdout.strip() == f"family-access {access.__version__}"


def test_a_wrong_option_is_told_without_traceback(access_command):
    done = access_command("run", "--netwrok", "x")
    assert done.returncode == 2
    assert "--network" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["compare", "--help"], ["fetch", "--help"], ["compar"], ["rank", "--comparre"], []]
)
def test_the_line_answers_alike_read_whole_or_for_the_command_that_is_asked(words):
    one, whole = (CliRunner().invoke(line, words) for line in (_told_of(words[:1]), app))
    assert whole.output
    assert (one.exit_code, one.output) == (whole.exit_code, whole.output)
