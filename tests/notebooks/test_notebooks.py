"""Every notebook runs from a clean kernel, holds no logic, and is stored without its outputs."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from access.network import Network
from access.study import load_study
from tests.conftest import pdf_text
from tests.notebooks.run_all import formats
from tests.streets import write_osm

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
#: Statements that a planner's notebook has no need of: those are logic, and belong in the package.
LOGIC = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.AsyncFor,
    ast.While, ast.If, ast.IfExp, ast.Try, ast.With, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.GeneratorExp, ast.Assert, ast.BinOp, ast.Compare, ast.BoolOp,
)  # fmt: skip
EXPECTED = ["01_data", "02_networks", "03_proposals", "04_every_alternative", "05_family_hubs",
            "06_maps_and_report", "07_your_own_council"]  # fmt: skip
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def read(path: Path) -> Any:
    return formats().read(path, as_version=4)


def code_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def words_of(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def test_every_notebook_is_there():
    assert [p.stem for p in NOTEBOOKS] == EXPECTED


# ---- how they are stored


@by_name
def test_it_is_stored_without_outputs_and_with_ids_that_stay(path):
    raw = json.loads(path.read_text(encoding="utf-8"))
    notebook = read(path)
    formats().validate(notebook)
    number = path.stem.split("_")[0]
    ids = [cell["id"] for cell in raw["cells"]]
    assert ids == [f"{number}-{k:02d}" for k in range(1, len(ids) + 1)]
    for cell in raw["cells"]:
        assert cell["metadata"] == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert set(raw["metadata"]) == {"kernelspec", "language_info"}
    assert raw["metadata"]["language_info"] == {"name": "python"}


@by_name
def test_it_holds_words_and_calls_and_no_logic(path):
    notebook = read(path)
    for source in code_of(notebook):
        found = [
            type(node).__name__
            for node in ast.walk(ast.parse(source))
            if isinstance(node, LOGIC) and not joins_a_path(node)
        ]
        assert not found, f"{found} in:\n{source}"
        assert not re.search(r"^\s*[%!]", source, re.MULTILINE)


def joins_a_path(node: ast.AST) -> bool:
    """`folder / "name"` is a path, not a sum."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.right.value, str)
    )


@by_name
def test_it_opens_with_a_question_and_ends_with_what_to_try_next(path):
    words = words_of(read(path))
    first = words[0].splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith("?")
    assert words[-1].startswith("## What to try next")


@by_name
def test_its_links_to_other_notebooks_lead_somewhere(path):
    for words in words_of(read(path)):
        for name in re.findall(r"`(0\d_\w+)`", words):
            assert (path.parent / f"{name}.ipynb").exists()


@by_name
def test_no_other_way_is_named_that_is_the_one_that_leads(path):
    """What leads is asked without a mode: to name it promises a change and shows none."""
    leads = "typical" if "p_no_car" in load_study("rotherham").areas else "walk"
    notebook = read(path)
    assert f'mode="{leads}"' not in "\n".join([*code_of(notebook), *words_of(notebook)])
    assert f'by_mode("{leads}")' not in words_of(notebook)[-1]


def test_the_candidates_that_the_words_count_are_those_that_are_asked():
    words = "\n".join(words_of(read(ROOT / "notebooks" / "05_family_hubs.ipynb")))
    told = re.search(r"(\d+) other\s+sites", words)
    assert told and int(told[1]) == len(load_study("rotherham").candidates)


@pytest.mark.parametrize("source", ["for i in x: f(i)", "def f(): 1", "[a for a in b]", "1 + 1"])
def test_logic_would_be_noticed(source):
    assert any(isinstance(n, LOGIC) and not joins_a_path(n) for n in ast.walk(ast.parse(source)))


# ---- what they give


@pytest.fixture(scope="module")
def ran(rotherham_run, rotherham_results, searched, tmp_path_factory) -> Callable[[str], Any]:
    """Run all notebooks, each in a copy of its folder and a kernel of its own; give one by name."""
    streets = tmp_path_factory.mktemp("streets") / "brought.osm"
    jobs = {path.stem: (path, {}) for path in NOTEBOOKS}
    jobs["faulty"] = (faulty(tmp_path_factory.mktemp("faulty") / "faulty.ipynb"), {})
    extract = brought(streets, rotherham_results.networks["drive"])
    jobs["brought"] = (jobs["02_networks"][0], {"ACCESS_STREETS": str(extract)})
    copies, asked = {}, []
    for name, (path, variables) in jobs.items():
        folder = tmp_path_factory.mktemp(name)
        (folder / "notebooks").mkdir()
        copies[name] = Path(shutil.copy(path, folder / "notebooks"))
        job = {"notebook": copies[name], "folder": folder / "k", "variables": variables}
        asked.append(job)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("run_all.py"), rotherham_run / "results.pickle",
         searched],
        input=json.dumps(asked, default=str), capture_output=True, text=True, check=False,
        env={k: v for k, v in os.environ.items() if k != "ACCESS_STREETS"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    def give(name: str) -> Any:
        assert copies[name].exists(), done.stderr
        return read(copies[name])

    return give


def brought(path: Path, made: Network) -> Path:
    """Write the embedded study's own streets as an extract of somebody's."""
    nodes = {k + 1: tuple(place) for k, place in enumerate(made.node_lonlat.tolist())}
    ends = zip(made.edge_from.tolist(), made.edge_to.tolist(), strict=True)
    ways = [(k + 1, [a + 1, b + 1], {"highway": "residential"}) for k, (a, b) in enumerate(ends)]
    return write_osm(path, nodes, ways)


def faulty(path: Path) -> Path:
    """Write a notebook with a warning, an error and a call to another machine."""
    v4 = formats().v4
    cells = [
        v4.new_code_cell("import warnings; warnings.warn('beware')"),
        v4.new_code_cell("1 / 0"),
        v4.new_code_cell("import socket; socket.create_connection(('192.0.2.1', 80))"),
    ]
    formats().write(v4.new_notebook(cells=cells), path)
    return path


def outputs_of(notebook) -> list:
    return [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]


def faults_in(notebook) -> list[str]:
    """Errors, and anything that a cell said on stderr: a planner should see neither."""
    faults = []
    for output in outputs_of(notebook):
        if output.output_type == "error":
            faults.append(f"{output.ename}: {output.evalue}")
        elif output.output_type == "stream" and output.name == "stderr":
            faults.append(output.text)
    return faults


@pytest.mark.slow
@by_name
def test_it_runs_from_a_clean_kernel(path, ran):
    notebook = ran(path.stem)
    assert faults_in(notebook) == []
    kinds = {kind for output in outputs_of(notebook) for kind in output.get("data", {})}
    assert "text/html" in kinds, "no table was shown"
    maps = [o for o in outputs_of(notebook) if "iframe" in o.get("data", {}).get("text/html", "")]
    assert maps or "image/png" in kinds, "no map or chart was shown"


@pytest.mark.slow
def test_streets_that_are_brought_are_used_and_told(ran):
    notebook = ran("brought")
    assert faults_in(notebook) == []
    words = " ".join(o.get("data", {}).get("text/html", "") for o in outputs_of(notebook))
    assert "Streets are read from brought.osm." in words
    assert "OpenStreetMap contributors" in words
    assert "Modelled streets" not in words


@pytest.mark.slow
def test_a_faulty_cell_would_be_noticed(ran):
    faults = faults_in(ran("faulty"))
    assert "beware" in faults[0]
    assert faults[1] == "ZeroDivisionError: division by zero"
    assert "a notebook tried to reach" in faults[2]


# ---- the pictures of the README


def words_in(picture: str) -> str:
    """Give the words that a picture says it shows: whoever draws it anew writes them into it."""
    with Image.open(ROOT / "maps" / "sample" / picture) as image:
        return image.text["Description"]


def test_the_picture_of_an_answer_shows_what_is_answered_today(rotherham_answers):
    answer = rotherham_answers.what_if(close=["CC01", "CC05"])
    assert words_in("notebook.png") == " ".join(str(answer).split())


def test_the_picture_of_the_report_shows_its_first_page_of_today(rotherham_run):
    report = (rotherham_run / "maps" / "rotherham" / "report.pdf").read_bytes()
    assert words_in("report.png") == " ".join(pdf_text(report).split("\f")[0].split())
