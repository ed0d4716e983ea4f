"""What tests of the command line share."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from access.study import Study
from tests.conftest import call_access

#: Runs `access` as ever, but keeps what a replay writes.
_KEEPING = """
from pathlib import Path
from access.run import write
real = write.write_outputs
write.write_outputs = lambda results, out, **more: real(results, Path("out"), **more)
from access.cli import main
main()
"""


@pytest.fixture
def measured_once(monkeypatch) -> None:
    """Measure each study once, as the embedded one is, however many commands ask of it."""
    monkeypatch.setattr(Study, "is_embedded", property(lambda study: True))


@pytest.fixture(scope="session")
def town_again(made_once, town_run) -> Path:
    """Give what `access replay` makes of the pack of `town_run`, once for all.

    It is made with another order of sets and dictionaries, and by another kernel of BLAS, each of
    which adds numbers in an order of its own. ``pack`` is the pack, whose ledger tells of another
    summary; ``out`` is what was written anew, ``said.txt`` what was said. Tests read them.
    """

    def make(folder: Path) -> None:
        with zipfile.ZipFile(town_run / "out" / "evidence.zip") as pack:
            pack.extractall(folder / "pack")
        ledger = folder / "pack" / "ledger.json"
        told = json.loads(ledger.read_text(encoding="utf-8"))
        told["outputs"]["summary.json"] = "0" * 64
        ledger.write_text(json.dumps(told), encoding="utf-8")
        unlike = {"PYTHONHASHSEED": "2", "OPENBLAS_CORETYPE": "Nehalem"}
        done = call_access(folder, "replay", ledger, program=_KEEPING, **unlike)
        assert done.returncode == 1, done.stderr
        (folder / "said.txt").write_text(done.stdout, encoding="utf-8")

    return made_once("town-again", make)
