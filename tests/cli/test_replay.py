"""`access replay`: the same inputs give the same bytes, and a changed input is refused."""

from __future__ import annotations

import json
import shutil

from access.files import RunLedger, sha256_of


def test_what_is_no_ledger(access_command, tmp_path):
    (tmp_path / "ledger.json").write_text("{}", encoding="utf-8")
    done = access_command("replay", tmp_path / "ledger.json")
    assert done.returncode == 8
    assert "is no ledger" in done.stderr
    assert access_command("replay", tmp_path / "none.json").returncode == 8


def test_replay_from_the_evidence_pack_alone(access_command, town_run, town_again, tmp_path):
    body = json.loads((town_run / "out" / "ledger.json").read_text(encoding="utf-8"))
    for name, digest in body["outputs"].items():
        assert sha256_of(town_again / "pack" / name) == digest

    # of the pack's ledger one hash is another: the command ended with 1, and says which it is
    said = (town_again / "said.txt").read_text(encoding="utf-8")
    # all else came out the same, byte for byte; where all does, `tests/cli/test_bus.py` looks
    assert "Different: summary.json.\n" in said

    shutil.copytree(town_again / "pack", tmp_path / "pack")
    ledger = tmp_path / "pack" / "ledger.json"
    centres = tmp_path / "pack" / "study" / "centres.csv"
    centres.write_text(centres.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    done = access_command("replay", ledger)
    assert done.returncode == 3
    assert "not those of the ledger" in done.stderr
    assert "centres.csv" in done.stderr


def test_a_ledger_whose_study_is_elsewhere_says_how_to_name_it(access_command, tmp_path):
    told = RunLedger({"command": "run", "study": "our_town"}, (), outputs={"map.html": "0" * 64})
    (tmp_path / "ledger.json").write_text(told.to_json(), encoding="utf-8")
    done = access_command("replay", "ledger.json")
    assert done.returncode == 3
    assert "'our_town'" in done.stderr and "--study" in done.stderr
