"""A study spoilt at random is refused in plain words, or runs to its end."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from access.analysis.job import run_job
from access.errors import StudyError
from access.release import released
from access.report.board import board_report
from access.run import summary_of, write_outputs
from access.run.summary import RunSummary
from access.sources.folder import new_study
from access.study import load_study

pytestmark = pytest.mark.usefixtures("quick_runs")

CELLS = [
    "",
    " ",
    "0",
    "-1",
    "0.5",
    "3.5",
    "1e300",
    "1e9",
    "nan",
    "inf",
    "NA",
    "None",
    "true",
    "yes",
    "1,5",
    "£5",
    "5%",
    "0001",
    "1E5",
    "$x#y_",
    "{{ 7*7 }}",
    "=1+1",
    "a;b",
    "x" * 999,
    "x" * 2000,
    "a\x00",
    "é",
    "53.4",
    "-1.3",
    "A01",
    "C1",
    "C3",
    "childrens_centre",
    "\u202eabc",
    "33755",
    "1e-300",
    "١",
]
VALUES = [
    "0",
    "-1",
    "1",
    "1e300",
    "1e-300",
    "inf",
    "nan",
    "true",
    '""',
    '"x"',
    "[]",
    "{}",
    "[1, 2]",
    '["C1"]',
    '["C2", "C3"]',
    '"C3"',
    '"none"',
    '"ward"',
    '"residents"',
    '"imd_decile"',
    "1979-05-27",
    '"1979-05-27"',
    "[-180, -90, 180, 90]",
    "0.001",
    "1000000",
    '"children_0_4"',
    '"p_no_car"',
    '"green_book"',
    '"id"',
    '"lat"',
]
COLUMNS = [
    "ward",
    "locality",
    "income",
    "households",
    "households_no_car",
    "count",
    "geometry",
    "name",
    "minutes_before",
    "idaci_rank",
    "idaci_decile",
    "assumed",
    "position_error_m",
    "capacity",
    "annual_cost_gbp",
    "position_basis",
    "condition",
    "LON",
    "id",
    "",
    "people",
    "fid",
    "weight",
    "imd_fifth",
    "nearest_before",
]

Cells = list[list[str]]


def one_cell(made: random.Random, cells: Cells) -> None:
    row = made.randrange(len(cells))
    cells[row][made.randrange(len(cells[row]))] = made.choice(CELLS)


def one_column(made: random.Random, cells: Cells) -> None:
    k, value = made.randrange(len(cells[0])), made.choice(CELLS)
    for row in cells[1:]:
        row[k] = value


def new_column(made: random.Random, cells: Cells) -> None:
    cells[0].append(made.choice(COLUMNS))
    values = made.choices(CELLS[:30], k=made.choice([1, 3]))
    for k, row in enumerate(cells[1:]):
        row.append(values[k % len(values)])


def no_column(made: random.Random, cells: Cells) -> None:
    k = made.randrange(len(cells[0]))
    for row in cells:
        del row[k]


def fewer_rows(made: random.Random, cells: Cells) -> None:
    del cells[made.randrange(1, len(cells)) :]


def same_row(made: random.Random, cells: Cells) -> None:
    cells.append([*cells[made.randrange(len(cells))]])


def other_cells(made: random.Random, cells: Cells) -> None:
    row = made.choice(cells)
    row[:] = made.choice([row[:-1], [*row, ""], [*row, "x"], [], [""]])


def swapped(made: random.Random, cells: Cells) -> None:
    row = made.choice(cells)
    a, b = made.sample(range(len(row)), 2)
    row[a], row[b] = row[b], row[a]


def at_one_point(made: random.Random, cells: Cells) -> None:
    axes = made.choice([("lon",), ("lat",), ("lon", "lat")])
    for name in axes:
        k = cells[0].index(name)
        for row in cells[1:]:
            row[k] = cells[1][k]


TABLE_FAULTS: list[Callable[[random.Random, Cells], None]] = [
    one_cell, one_cell, one_column, new_column, no_column, fewer_rows, same_row, other_cells,
    swapped, at_one_point,
]  # fmt: skip


def spoil_table(made: random.Random, folder: Path) -> None:
    path = folder / made.choice(["areas.csv", "areas.csv", "centres.csv"])
    body = path.read_bytes()  # a table spoilt before may be UTF-16 already
    code = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    cells = [line.split(",") for line in body.decode(code).splitlines()]
    made.choice(TABLE_FAULTS)(made, cells)
    text = made.choice(["\n", "\r\n"]).join(",".join(row) for row in cells) + "\n"
    if made.random() < 0.1:
        text = text.replace(",", made.choice(";\t|"))
    code = made.choice(["utf-8"] * 9 + ["utf-16"])
    path.write_bytes(text.encode(code))


def spoil_setting(made: random.Random, folder: Path) -> None:
    path = folder / "study.toml"
    lines = path.read_text("utf-8").splitlines()
    k = made.choice([i for i, line in enumerate(lines) if " = " in line])
    key = lines[k].partition(" = ")[0]
    lines[k] = made.choice([f"{key} = {made.choice(VALUES)}"] * 4 + [f"{key}s = 1", "", key])
    path.write_text("\n".join(lines) + "\n", "utf-8")


def add_setting(made: random.Random, folder: Path) -> None:
    path = folder / "study.toml"
    added = made.choice([
        '[localities]\nnever_close = ["C1", "C2", "C3"]', '[localities]\nnever_close = ["C9"]',
        "[localities]\nminimum_open = 1", "[localities]\nminimum_open = 9",
        '[hubs]\ncouncil_choice = ["C3"]', '[hubs]\ncouncil_choice = ["C1", "C2"]\nmost = 1',
        '[hubs]\nmost = 100', "[[groups]]\nlabel = 'a'",
        "[[groups]]\nlabel = 'a'\ncolumn = 'residents'\ndenominator = 'children_0_4'",
        "[[groups]]\nlabel = 'a'\ncolumn = 'gone'\ndenominator = 'residents'",
        "[[groups]]\nlabel = 'children under 5'",
        '[proposals.more]\ntitle = "x"\nservice = "childrens_centre"\nclose = ["C1", "C2"]',
        '[proposals.more]\ntitle = "x"\nservice = "childrens_centre"\nclose = ["C1", "C2", "C3"]',
        '[services.empty]\ntitle = "E"\none = "e"\ndemand = "residents"\nnoun = "people"',
        '[tables]\npostcodes = "gone.csv"', '[tables]\ncandidates = "areas.csv"',
    ])  # fmt: skip
    path.write_text(path.read_text("utf-8") + "\n" + added + "\n", "utf-8")


def spoil(seed: int, folder: Path) -> None:
    made = random.Random(seed)
    new_study(folder)
    for _ in range(made.choice([1, 1, 1, 2])):
        made.choice([spoil_table, spoil_table, spoil_setting, add_setting])(made, folder)


def loaded(folder: Path):
    """Load a study; None where it is refused as a study should be."""
    try:
        return load_study(folder)
    except StudyError as error:
        assert len(str(error)) < 4_000
        assert str(error).isprintable() or "\n" in str(error)
        return None


@pytest.mark.parametrize("seed", range(45))
def test_what_is_accepted_runs(seed, tmp_path):
    spoil(seed, tmp_path / "town")
    study = loaded(tmp_path / "town")
    if study is None:
        return
    results = run_job(study)
    assert RunSummary(results).words()
    assert summary_of(results)
    if results.proposals:
        assert board_report(results, draws=20)


@pytest.mark.parametrize("seed", [1_000, 1_004])
def test_what_is_accepted_is_written(seed, tmp_path):
    """Two whole runs of spoilt studies; these two are taken."""
    spoil(seed, tmp_path / "town")
    study = loaded(tmp_path / "town")
    assert study is not None
    with released(study) as public:
        write_outputs(run_job(public), tmp_path / "out")
