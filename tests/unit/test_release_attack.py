"""An adversary with every public file of a protected study learns of a small count: 1 to 4.

The attack knows nothing of the code that protects: it opens the files (CSV, JSON, workbook, Word,
the explorer's page, GeoPackage, evidence), makes an equation of every figure that it can tell the
meaning of, and bounds each true count by linear programming. It knows the method as it is printed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import docx
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
from scipy import sparse
from scipy.optimize import linprog

from access.analysis.job import run_job
from access.analysis.results import StudyResults
from access.document import docx as word
from access.document.document import Document, Heading
from access.errors import OutputError
from access.files import INTERNAL_MARK
from access.release import _open_counts, released
from access.report import board
from access.run import write as writing
from access.run.write import replay, write_outputs
from access.sources.folder import _template_files
from access.study import load_study
from tests.conftest import plain_pages

pytestmark = pytest.mark.usefixtures("quick_runs")

AREAS = 12
SMALL = range(1, 5)
SEEDS = (3, 11)


# --- random small studies -----------------------------------------------------------------------


def write_world(folder: Path, seed: int, small: Callable[[int], int]) -> list[int]:
    """Write a study whose small counts `small` chooses; all else goes by the seed alone.

    Some areas have few children; some have few others, so that a subtraction would tell them.
    """
    draw = np.random.default_rng(seed)
    texts = _template_files("town")
    rows = list(csv.DictReader(io.StringIO(texts["areas.csv"])))[:AREAS]
    kinds = draw.permutation(["few"] * 4 + ["few others"] * 2 + ["none"] + ["many"] * 5)
    children = []
    for k, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
        residents = int(draw.integers(40, 90))
        many = int(draw.integers(5, 25))
        count = {"few": small(k), "few others": residents - small(k), "none": 0, "many": many}[kind]
        row |= {"residents": residents, "children_0_4": count, "ward": f"Ward {k // 3}",
                "locality": f"Side {k // 6}", "imd_decile": 1 + k // 2}  # fmt: skip
        children.append(count)
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "areas.csv", index=False)
    (folder / "centres.csv").write_text(texts["centres.csv"], encoding="utf-8")
    (folder / "study.toml").write_text(texts["study.toml"], encoding="utf-8")
    return children


@contextmanager
def without_pages() -> Iterator[None]:
    """Lay out no page of a report: no fact is read there, nor in what page a heading stands on."""

    def first(document: Document) -> dict[int, int]:
        return {k: 1 for k, block in enumerate(document.blocks) if isinstance(block, Heading)}

    with pytest.MonkeyPatch.context() as patch:
        writers = {name: write for name, write in board._WRITERS.items() if name != "report.pdf"}
        patch.setattr(board, "_WRITERS", writers)  # taken out and put back it would stand last
        patch.setattr(word, "_heading_pages", first)
        yield


def release(folder: Path, out: Path) -> Path:
    with released(load_study(folder)) as study:
        write_outputs(run_job(study), out)
    return out


def release_as_it_was(results: StudyResults, out: Path) -> Path:
    """Publish the study itself, as it was done before: small counts hidden in the tables alone."""
    with pytest.MonkeyPatch.context() as patch, without_pages():
        patch.setattr(writing, "check_publishable", lambda study: None)
        write_outputs(results, out)
    return out


# --- what the files say -------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """Counts by area, times these numbers, add up to a figure give or take so much."""

    file: str
    times: np.ndarray
    figure: float
    give: float = 1e-6


def facts_of(out: Path) -> Iterator[Fact]:
    """Make an equation of every figure whose meaning the files tell."""
    table = pd.read_csv(out / "areas.csv")
    yield from _by_area("areas.csv", table["children_0_4"])
    parquet = pd.read_parquet(out / "areas.parquet")
    yield from _by_area("areas.parquet", parquet["children_0_4"])
    layer = pyogrio.read_dataframe(out / "study.gpkg", layer="areas", read_geometry=False)
    yield from _by_area("study.gpkg", layer["children_0_4"])
    with zipfile.ZipFile(out / "evidence.zip") as pack:
        inside = pd.read_csv(io.BytesIO(pack.read("study/areas.csv")))
    yield from _by_area("evidence.zip", inside["children_0_4"])
    page = (out / "explorer.html").read_text(encoding="utf-8")
    start = page.index('"counts":[') + len('"counts":')
    yield from _by_area("explorer.html", json.loads(page[start : page.index("]", start) + 1]))
    yield from _summary_facts(json.loads((out / "summary.json").read_text("utf-8")), table)
    book = openpyxl.load_workbook(out / "tables.xlsx", read_only=True)
    for sheet in book:
        yield from _table_facts("tables.xlsx", list(sheet.iter_rows(values_only=True)), table)
    for grid in docx.Document(str(out / "report.docx")).tables:
        cells = [[c.text for c in row.cells] for row in grid.rows]
        yield from _table_facts("report.docx", cells, table)


def _by_area(file: str, counts: Iterable[float]) -> Iterator[Fact]:
    for i, count in enumerate(counts):
        yield Fact(file, np.eye(AREAS)[i], float(count))


def _summary_facts(summary: dict, table: pd.DataFrame) -> Iterator[Fact]:
    file = "summary.json"
    everyone = np.ones(AREAS)
    for key, proposal in summary["proposals"].items():
        for mode, found in proposal["modes"].items():
            column = f"{key}__{mode}__"
            further = (table[f"{column}change_minutes"] > 1e-9).to_numpy(float)
            yield Fact(file, everyone, found["figures"]["families"])
            yield Fact(file, further, found["figures"]["lengthened"])
            for group in ("ward", "locality", "imd_decile"):
                for row in found[f"by_{group}"]:
                    own = (
                        _labels(table[group])
                        .eq(str(row["group"]).removesuffix(".0"))
                        .to_numpy(float)
                    )
                    yield Fact(file, own, row["families"])
                    yield Fact(file, own * further, row["lengthened"])
                    for side in ("before", "after"):  # a mean times its count is one more sum
                        mean = row[f"mean_minutes_{side}"]
                        minutes = table[f"{column}minutes_{side}"].to_numpy(float)
                        if mean is not None and row["families"]:
                            total = mean * row["families"]
                            yield Fact(file, own * minutes, total, 0.001 * row["families"] + 1e-6)
            for row in found["worst_areas"]:
                own = (table["id"] == row["id"]).to_numpy(float)
                yield Fact(file, own, row.get("families", row.get("count")))
            for row in found["closed_sites"]:
                own = (table[f"{column}nearest_before"] == row["site"]).to_numpy(float)
                yield Fact(file, own, row["families"])


def _labels(values: pd.Series) -> pd.Series:
    return values.astype(str).str.removesuffix(".0")


def _table_facts(file: str, rows: list, table: pd.DataFrame) -> Iterator[Fact]:
    """Read a table of the report: by tenth, or of single areas; [c] says 1 to 4 or no more."""
    heads = [k for k, row in enumerate(rows) if row and "Children under five" in map(_text, row)]
    if not heads:
        return
    head = [_text(cell) for cell in rows[heads[0]]]
    at = head.index("Children under five")
    for row in rows[heads[0] + 1 :]:
        label, count = _text(row[0]), _text(row[at]) if len(row) > at else ""
        if head[0] == "Deprivation tenth" and label in {str(d) for d in range(1, 11)}:
            own = _labels(table["imd_decile"]) == label
        elif label == "Total" and head[0] == "Deprivation tenth":
            own = pd.Series([True] * AREAS)
        else:
            own = table["id"] == label.removeprefix("area ")
        if own.any() and count.replace(",", "").isdigit():
            yield Fact(file, own.to_numpy(float), float(count.replace(",", "")), 0.5)


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


# --- the attack ---------------------------------------------------------------------------------


def bounds(facts: list[Fact]) -> np.ndarray:
    """Give the least and the most that each area's figure can be, shape (areas, 2).

    Each end is a programme of its own; all are solved at once, beside one another.
    """
    times = np.array([f.times for f in facts])
    figures, give = (np.array([getattr(f, name) for f in facts]) for name in ("figure", "give"))
    aims = np.vstack([np.eye(AREAS), -np.eye(AREAS)])
    found = linprog(
        aims.ravel(),
        A_ub=sparse.kron(sparse.eye(len(aims)), np.vstack([times, -times]), format="csr"),
        b_ub=np.tile(np.concatenate([figures + give, give - figures]), len(aims)),
        bounds=(0.0, 200.0),
        method="highs",
    )
    assert found.status == 0, found.message
    least, most = np.diag(aims @ found.x.reshape(aims.shape).T).reshape(2, AREAS)
    return np.column_stack([least, -most])


def learnt(published: np.ndarray) -> np.ndarray:
    """Take the printed method back: 2 and 3 stand for 1 to 4, all else for itself."""
    low, high = published.T
    stands_in = (high > 1.5) & (low < 3.5)
    return np.column_stack(
        [
            np.where(stands_in, np.minimum(low, 1), low),
            np.where(stands_in, np.maximum(high, 4), high),
        ]
    )


def pinned(found: np.ndarray, children: list[int]) -> int:
    """Count the true counts of 1 to 4 that are known to within 2."""
    return sum(
        high - low <= 2 and low - 0.5 <= true <= high + 0.5
        for (low, high), true in zip(found, children, strict=True)
        if true in SMALL
    )


World = tuple[Path, Path, list[int]]


def small_counts(seed: int) -> list[int]:
    return np.random.default_rng(seed + 1_000).integers(1, 5, AREAS).tolist()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Callable[[int], World]:
    """Make a world of a seed, and what it publishes, when it is first asked for."""

    @cache
    def make(seed: int) -> World:
        home = tmp_path_factory.mktemp(f"world{seed}")
        children = write_world(home / "town", seed, lambda k: small_counts(seed)[k])
        # of one world the pages are compared with another's
        with nullcontext() if seed == SEEDS[0] else without_pages():
            return home, release(home / "town", home / "out"), children

    return make


@pytest.fixture(params=SEEDS)
def world(request, made) -> World:
    return made(request.param)


@pytest.fixture
def one_world(made) -> World:
    return made(SEEDS[0])


@pytest.fixture(scope="module")
def unprotected(quick_runs, made) -> StudyResults:
    """Give what is measured on the study of one world itself."""
    return run_job(load_study(made(SEEDS[0])[0] / "town"))


FILES = ("areas.csv", "areas.parquet", "study.gpkg", "evidence.zip", "explorer.html",
         "summary.json")  # fmt: skip


def test_before_every_file_gave_every_small_count_away(one_world, unprotected):
    home, _, children = one_world
    out = release_as_it_was(unprotected, home / "was")
    facts = list(facts_of(out))
    assert {f.file for f in facts} >= {*FILES, "tables.xlsx", "report.docx"}
    few = sum(count in SMALL for count in children)
    found = {
        file: pinned(bounds([f for f in facts if f.file == file]), children)
        for file in (*FILES, "tables.xlsx", "report.docx")
    }
    print("before, small counts known to within 2, of", few, found)
    assert all(found[file] == few for file in FILES[:-1])
    assert pinned(bounds(facts), children) == few
    assert by_hash(out, home / "town", children) is not None


def test_now_no_small_count_is_known_to_within_2(world):
    home, out, children = world
    facts = list(facts_of(out))
    assert {f.file for f in facts} >= {*FILES, "tables.xlsx", "report.docx"}
    found = learnt(bounds(facts))  # all files together; they do not contradict each other
    few = sum(count in SMALL for count in children)
    print("now, small counts known to within 2, of", few, pinned(found, children))
    assert few
    for (low, high), true in zip(found, children, strict=True):
        if true in SMALL:
            assert low <= true <= high
            assert high - low > 2
    # residents are told exactly: nor is a rest of 1 to 4 known by subtraction
    table = pd.read_csv(out / "areas.csv")
    rest = table["residents"] - table["children_0_4"]
    true_rest = table["residents"] - children
    few_others = true_rest.isin(SMALL)
    assert few_others.any()
    assert rest[few_others].isin([2, 3]).all()
    assert by_hash(out, home / "town", children) is None


def by_hash(out: Path, folder: Path, children: list[int]) -> tuple[int, ...] | None:
    """Try every choice of the small counts against the hashes that a release gives.

    The adversary is granted every other cell of the council's table, byte for byte.
    """
    told = (out / "ledger.json").read_text(encoding="utf-8")
    with zipfile.ZipFile(out / "evidence.zip") as pack:
        told += "".join(pack.read(n).decode() for n in pack.namelist() if n.endswith(".toml"))
    table = pd.read_csv(folder / "areas.csv", dtype=str)
    where = [k for k, count in enumerate(children) if count in SMALL]
    table.loc[where, "children_0_4"] = "?"
    between = table.to_csv(index=False).split("?")
    assert len(between) == len(where) + 1
    hashes = set(re.findall("[0-9a-f]{64}", told))
    for chosen in itertools.product(SMALL, repeat=len(where)):
        text = between[0] + "".join(
            f"{c}{more}" for c, more in zip(chosen, between[1:], strict=True)
        )
        if hashlib.sha256(text.encode()).hexdigest() in hashes:
            return chosen
    return None


def test_councils_that_differ_in_small_counts_alone_publish_the_same_bytes(one_world, tmp_path):
    """No attack of any kind can tell 1 from 4 where both give the same files."""
    _, out, children = one_world
    others = write_world(tmp_path / "town", SEEDS[0], lambda k: 5 - small_counts(SEEDS[0])[k])
    few = [(own, other) for own, other in zip(children, others, strict=True) if own in SMALL]
    assert few and all(own != other and other in SMALL for own, other in few), "each is another one"
    other = release(tmp_path / "town", tmp_path / "out")
    for file in sorted(out.iterdir()):
        assert (other / file.name).read_bytes() == file.read_bytes(), file.name


# --- the release itself -------------------------------------------------------------------------


def test_what_may_not_be_published_is_refused_and_internal_files_are_marked(
    one_world, unprotected, tmp_path
):
    _, out, _ = one_world
    results = unprotected
    assert _open_counts(results.study)
    with pytest.raises(OutputError, match="would give away"):
        write_outputs(results, tmp_path / "no")
    assert not (tmp_path / "no").exists()
    with plain_pages():  # names are looked at, and the ledger
        write_outputs(results, tmp_path / "own", internal=True)
    names = {f.name for f in (tmp_path / "own").iterdir()} - {"ledger.json"}
    assert names
    assert all(name.startswith(INTERNAL_MARK) for name in names)
    ledger = json.loads((tmp_path / "own" / "ledger.json").read_text("utf-8"))
    assert ledger["command"]["internal"] is True
    assert any(said.startswith("INTERNAL") for said in ledger["assumptions"])
    with pytest.raises(OutputError, match="of a former run"):
        write_outputs(results, out, internal=True)


def test_anybody_can_run_the_public_evidence_again(one_world, tmp_path):
    _, out, _ = one_world
    with zipfile.ZipFile(out / "evidence.zip") as pack:
        pack.extractall(tmp_path)
    assert replay(tmp_path / "ledger.json").same
