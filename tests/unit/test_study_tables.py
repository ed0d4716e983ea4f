"""Tables that people, spreadsheets and other programs have spoilt: each told by its cause."""

from __future__ import annotations

import contextlib
import os
import re
import socket
from pathlib import Path
from typing import get_type_hints

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.errors import Fault, StudyError
from access.files import sha256_of
from access.sources.folder import new_study
from access.study import load_study
from access.study.config import StudyConfig
from access.study.manifest import manifest_text
from access.study.sheet import (
    Check,
    Column,
    _at_least,
    _column_faults,
    _one_of,
    read_numbers,
    read_sheet,
)

CODES = ["0001", "1E5", "100000", "007", "NA", "None", "true", "nan", "1.0", "", "inf", "$5 #1"]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    new_study(tmp_path / "town")
    return tmp_path / "town"


def refusal(folder: Path) -> StudyError:
    with pytest.raises(StudyError) as caught:
        load_study(folder)
    assert len(str(caught.value)) < 4_000
    return caught.value


def lines_of(folder: Path) -> list[str]:
    """Give the lines of a refusal that tell of faults, one a cause."""
    return str(refusal(folder)).split("\n  ")[1:]


def rows(folder: Path, table: str = "areas.csv") -> list[list[str]]:
    text = (folder / table).read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines()]


def write(folder: Path, cells: list[list[str]], table: str = "areas.csv") -> None:
    text = "".join(",".join(row) + "\n" for row in cells)
    (folder / table).write_text(text, encoding="utf-8")


def put(folder: Path, row: int, column: str, value: str, table: str = "areas.csv") -> None:
    """Write a cell of the row as the sheet counts it, the headings being row 1."""
    cells = rows(folder, table)
    cells[row - 1][cells[0].index(column)] = value
    write(folder, cells, table)


def add(folder: Path, column: str, values: list[str], table: str = "areas.csv") -> None:
    cells = rows(folder, table)
    given_ = [column, *(values[k % len(values)] for k in range(len(cells) - 1))]
    write(folder, [[*row, value] for row, value in zip(cells, given_, strict=True)], table)


# --- text stays text ----------------------------------------------------------------------------


def test_ids_and_codes_stay_as_they_are_written(town):
    cells = rows(town)
    ids = ["0001", "1E5", "100000", "007", "NA", "None", "true", "nan", "1.0", "inf", "$5", "#1"]
    for row, name in zip(cells[1:], ids, strict=False):
        row[0] = name
    write(town, cells)
    add(town, "ward", CODES)
    areas = load_study(town).areas
    assert areas["id"].tolist()[: len(ids)] == ids
    assert areas["ward"].tolist()[: len(CODES)] == CODES


@pytest.mark.parametrize("codes", [["101", "102"], ["1", "2"], ["0.5", "1E5"]])
def test_a_column_that_no_setting_takes_for_numbers_is_text(town, codes):
    add(town, "ward", codes)
    assert load_study(town).areas["ward"].tolist()[:2] == codes


def test_columns_that_settings_count_by_are_numbers(town):
    add(town, "people", ["300"])
    add(town, "disabled", ["20"])
    text = (town / "study.toml").read_text(encoding="utf-8")
    text += '\n[[groups]]\nlabel = "disabled people"\ncolumn = "disabled"\ndenominator = "people"\n'
    (town / "study.toml").write_text(text, encoding="utf-8")
    study = load_study(town)
    assert study.areas["disabled"].sum() == 20 * 20
    assert [group.label for group in study.groups] == ["children under 5", "disabled people"]


# --- cells --------------------------------------------------------------------------------------

CELLS = [
    ("imd_decile", "0", "a tenth from 1"),
    ("imd_decile", "11", "a tenth from 1"),
    ("imd_decile", "3.5", "a tenth from 1"),
    ("imd_rank", "0", "a rank of 1"),
    ("imd_rank", "-5", "a rank of 1"),
    ("imd_rank", "3.5", "a rank of 1"),
    ("imd_rank", "33756", "33,755"),
    ("imd_rank", "", "weights.scheme 'linear'"),
    ("children_0_4", "0.5", "a whole number"),
    ("children_0_4", "-1", "a count of 0 or more"),
    ("children_0_4", "", "this cell is empty"),
    ("children_0_4", "1e300", "at most 1,000,000,000,000"),
    ("children_0_4", "1e10", "a count of 0 or more"),
    ("children_0_4", "301", "at most what the column residents counts"),
    ("residents", "0.5", "a whole number"),
    ("p_no_car", "1.5", "a share from 0 to 1"),
    ("p_no_car", "-0.1", "a share from 0 to 1"),
    ("p_no_car", "45%", "without %"),
    ("residents", "£300", "without a sign of money"),
    ("residents", "300 people", "a number"),
    ("residents", "Yes", "not yes or no"),
    ("residents", "nan", "a number"),
    ("residents", "inf", "a number"),
    ("residents", "0x10", "a number"),
    ("residents", "1_000", "a number"),
    ("residents", "٣", "a number"),
    ("residents", "1 234", "without marks between the thousands"),
    ("residents", '"1,234"', "without marks between the thousands"),
    ("residents", '"0,25"', "a point, not a comma"),
    ("lon", "", "an empty cell, 53.4"),
    ("lon", "53.4", "inside the study's box"),
    ("lat", "abc", "a number"),
    ("id", "", "an id that is not empty"),
    ("id", "A02", "an id that is used once"),
    ("id", "x" * 2_000, "at most 1,000 characters"),
    ("id", "a\x00b", "U+0000"),
]


@pytest.mark.parametrize(("column", "value", "expected"), CELLS)
def test_a_cell_that_cannot_be_meant_is_told_once_with_its_row(town, column, value, expected):
    row = 2 if value == "301" else 5
    put(town, row, column, value)
    lines = lines_of(town)
    assert len(lines) == 1
    assert f"row {row}" in lines[0]
    assert column in lines[0]
    assert expected in lines[0]


def test_more_households_without_a_car_than_households(town):
    add(town, "households", ["100"])
    add(town, "households_no_car", ["20"])
    put(town, 7, "households_no_car", "101")
    (line,) = lines_of(town)
    assert "areas.csv, row 7, households_no_car: found '101 of 100'" in line


@pytest.mark.parametrize("box", ["[-1.50, 53.35, -1.20, 53.50]", "[-179, -89, 179, 89]"])
def test_one_row_with_lon_and_lat_swapped(town, box):
    path = town / "study.toml"
    path.write_text(path.read_text().replace("[-1.50, 53.35, -1.20, 53.50]", box))
    cells = rows(town)
    cells[4][1], cells[4][2] = cells[4][2], cells[4][1]
    write(town, cells)
    (line,) = lines_of(town)
    assert "row 5" in line
    assert "look swapped" in line


def test_one_wrong_box_is_one_fault_with_its_count(town):
    path = town / "study.toml"
    path.write_text(path.read_text().replace("[-1.50, 53.35, -1.20, 53.50]", "[1, 51, 2, 52]"))
    areas, centres = sorted(lines_of(town))
    assert areas.startswith("areas.csv, lon, lat: 20 times, row 2 '-1.4, 53.4', row 3")
    assert centres.startswith("centres.csv, lon, lat: 3 times")
    assert "the box in study.toml" in areas


@pytest.mark.parametrize("said", ["Yes", "No", "TRUE", "1", "y"])
def test_yes_and_no_are_written_one_way(town, said):
    add(town, "assumed", [said], "centres.csv")
    (line,) = lines_of(town)
    assert "3 times" in line
    assert "expected yes or no" in line


# --- the shape of a table -----------------------------------------------------------------------


def spoilt(kind: str, content: bytes) -> bytes:
    lines = content.decode().splitlines(keepends=True)
    text = {
        "semicolons": content.decode().replace(",", ";"),
        "tabs": content.decode().replace(",", "\t"),
        "strokes": content.decode().replace(",", "|"),
        "trailing comma": lines[0] + "".join(line.replace("\n", ",\n") for line in lines[1:]),
        "one cell more": "".join([*lines[:4], lines[4].replace("\n", ",x\n"), *lines[5:]]),
        "one cell less": "".join([*lines[:4], lines[4].rpartition(",")[0] + "\n", *lines[5:]]),
        "no heading": lines[0].replace("\n", ",\n")
        + "".join(line.replace("\n", ",x\n") for line in lines[1:]),
        "twice": lines[0].replace("\n", ",lon\n")
        + "".join(line.replace("\n", ",1\n") for line in lines[1:]),
        "twice, capitals": lines[0].replace("\n", ", LON \n")
        + "".join(line.replace("\n", ",1\n") for line in lines[1:]),
        "open quote": "".join([*lines[:3], '"' + lines[3], *lines[4:]]),
        "header only": lines[0],
        "empty": "",
        "blank": "\n\n , ,\n",
        "ours": lines[0].replace("\n", ",geometry\n")
        + "".join(line.replace("\n", ",1\n") for line in lines[1:]),
    }.get(kind)
    if text is not None:
        return text.encode()
    return {
        "utf-16": content.decode().encode("utf-16"),
        "utf-16, unmarked": content.decode().encode("utf-16-le"),
        "cp1252": content.replace(b"A03", b"Caf\xe9"),
        "workbook": b"PK\x03\x04" + bytes(100),
        "old workbook": b"\xd0\xcf\x11\xe0" + bytes(100),
        "nul": content + b"\x00\x00",
    }[kind]


SHAPES = {
    "semicolons": "found 'semicolons'; expected commas",
    "tabs": "found 'tabs'; expected commas",
    "strokes": "found 'upright strokes'; expected commas",
    "trailing comma": "they end in a comma that the headings do not",
    "one cell more": "row 5: found '9 cells'; expected 8 cells",
    "one cell less": "row 5: found '7 cells'; expected 8 cells",
    "no heading": "a heading over every column",
    "twice": "every column once",
    "twice, capitals": "every column once",
    "open quote": "quotes that close",
    "header only": "at least one row",
    "empty": "found 'an empty file'",
    "blank": "found 'an empty file'",
    "ours": "another name",
    "utf-16": "'CSV UTF-8",
    "utf-16, unmarked": "'CSV UTF-8",
    "cp1252": "row 4: found 'byte 0xe9",
    "workbook": "an Excel or OpenDocument workbook",
    "old workbook": "an old Excel workbook",
    "nul": "U+0000",
}


@pytest.mark.parametrize("kind", SHAPES)
def test_a_table_of_the_wrong_shape_is_one_fault_with_the_mend(town, kind):
    path = town / "areas.csv"
    path.write_bytes(spoilt(kind, path.read_bytes()))
    lines = lines_of(town)
    assert len(lines) == (2 if kind.startswith("twice") and kind != "twice" else 1)
    assert SHAPES[kind] in lines[0]


def test_rows_are_those_of_the_sheet_blank_lines_included(town):
    text = (town / "areas.csv").read_text().replace("A02,", "\n\n,,,,,,,\nA02,", 1)
    (town / "areas.csv").write_text(text)
    put_at = text.splitlines().index(next(r for r in text.splitlines() if r.startswith("A05")))
    (town / "areas.csv").write_text(text.replace("280,20", "280,-20"))
    assert f"row {put_at + 1}" in lines_of(town)[0]


def test_a_comma_at_the_end_of_every_row_is_no_column(town):
    text = "".join(f"{line},\n" for line in (town / "areas.csv").read_text().splitlines())
    (town / "areas.csv").write_text(text)
    assert len(load_study(town).areas) == 20


# --- what is no file ----------------------------------------------------------------------------


def no_file(kind: str, path: Path) -> None:
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)  # a socket's path must be short
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        with path.open("wb") as handle:
            handle.truncate(10**10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes and devices")
@pytest.mark.parametrize("name", ["areas.csv", "centres.csv", "study.toml", "manifest.toml"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [("folder", "a folder"), ("pipe", "a pipe"), ("socket", "a socket"), ("device", "leads out"),
     ("loop", "symbolic links"), ("huge", "MB")],
)  # fmt: skip
def test_only_regular_files_of_a_size_are_read(town, name, kind, words):
    (town / "manifest.toml").touch()
    no_file(kind, town / name)
    message = str(refusal(town))
    assert name in message
    assert words in message


LINKED = ["study.toml", "areas.csv", "centres.csv", "candidates.csv", "manifest.toml",
          "streets.osm.pbf", "timetable.zip"]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("target", ["../outside", "/nowhere/at/all", "sub/../../outside"])
def test_a_link_that_leads_out_of_the_folder_is_refused_and_not_read(town, name, target):
    (town / "sub").mkdir()
    (town.parent / "outside").write_text("secret words = [", encoding="utf-8")
    (town / name).unlink(missing_ok=True)
    (town / name).symlink_to(target)
    message = str(refusal(town))
    assert f'{name}: found "a link that leads out of the study\'s folder"' in message
    assert "secret" not in message


def files_named() -> list[tuple[str, str]]:
    """List the settings that name a file of the study: group and key."""
    return [
        (group, key)
        for group, field in StudyConfig.model_fields.items()
        if hasattr(field.annotation, "model_fields")
        for key, hint in get_type_hints(field.annotation, include_extras=True).items()
        if "file_inside" in repr(hint)
    ]


def test_settings_that_name_a_file_are_found():
    assert {("study", "outline"), ("areas", "shapes"), ("bus", "matrix")} < {*files_named()}


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize(("group", "key"), files_named())
def test_a_link_that_any_setting_names_is_refused_too(town, group, key):
    (town.parent / "outside").write_text("lon,lat\nsecret,1\n", encoding="utf-8")
    (town / "theirs").symlink_to("../outside")
    said = (town / "study.toml").read_text(encoding="utf-8")
    said = re.sub(rf"(?m)^{key} = .*$", "", said)
    head, title, rest = said.partition(f"\n[{group}]\n")
    settings = f'{head}\n[{group}]\n{key} = "theirs"\n{rest if title else ""}'
    (town / "study.toml").write_text(settings, encoding="utf-8")
    message = str(refusal(town))
    assert 'theirs: found "a link that leads out of the study\'s folder"' in message
    assert "secret" not in message


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_folder_that_leads_out_is_a_link_too(town):
    other = town.parent / "other"
    other.mkdir()
    (town / "areas.csv").rename(other / "areas.csv")
    (town / "sub").symlink_to(other)
    settings = (
        (town / "study.toml").read_text().replace("[areas]", '[areas]\ntable = "sub/areas.csv"')
    )
    (town / "study.toml").write_text(settings)
    assert "sub/areas.csv" in str(refusal(town))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_inside_the_folder_and_a_link_to_the_folder_are_followed(town):
    (town / "areas.csv").rename(town / "areas-2021.csv")
    (town / "areas.csv").symlink_to("areas-2021.csv")
    (town.parent / "named").symlink_to(town)
    assert len(load_study(town.parent / "named").areas) == 20


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_manifest_hashes_nothing_outside_the_folder(town):
    outside = town.parent / "outside"
    outside.write_text("secret")
    (town / "inner").symlink_to(outside)
    (town / "manifest.toml").write_text(
        '[table."../outside"]\n[table.inner]\n[table."areas.csv"]\n'
    )
    text = manifest_text(town, ["study.toml"])
    assert "areas.csv" in text
    assert sha256_of(outside) not in text


# --- messages -----------------------------------------------------------------------------------


def test_faults_of_one_cause_make_one_line_with_count_and_first_places():
    faults = [Fault("a.csv", f"row {k}", "x", f"v{k}", "a number") for k in range(2, 502)]
    error = StudyError("many", [*faults, Fault("a.csv", "row 9", "y", "", "a text")])
    assert str(error).split("\n  ") == [
        "many",
        "a.csv, x: 500 times, row 2 'v2', row 3 'v3', row 4 'v4', ...; expected a number",
        "a.csv, row 9, y: expected a text",
    ]
    assert len(error.faults) == 501


@given(st.lists(st.text(max_size=9), min_size=1, max_size=9), st.binary(max_size=300))
def test_no_message_is_longer_than_a_page(texts, which):
    """Of few texts any five make a fault: up to 60 of them, alike in any part or in none."""
    long = [text * 2_000 for text in texts]
    words = [long[k % len(long)] for k in which]
    faults = [Fault(*words[k : k + 5]) for k in range(0, len(words) - 4, 5)]
    assert len(str(StudyError(long[0], faults))) < 4_000


@given(st.lists(st.integers(-(10**11), 10**11) | st.floats(-1e11, 1e11), min_size=1))
def test_numbers_are_read_as_python_reads_them(values):
    column = pd.Series([repr(v) for v in values], dtype=str, name="x")
    found, faults = read_numbers(column, "a.csv", needed=True)
    assert not faults
    assert found.tolist() == [float(v) for v in values]  # to the last bit


@given(
    st.lists(
        st.lists(st.text("a,\"\n;'$# é", max_size=6).map(str.strip), min_size=2, max_size=2),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_every_cell_comes_back_as_it_was_written(tmp_path_factory, cells):
    cells = [row for row in cells if any(row)]
    path = tmp_path_factory.mktemp("sheet") / "t.csv"
    pd.DataFrame(cells, columns=["id", "name"], dtype=str).to_csv(path, index=False)
    frame, faults = read_sheet(path)
    assert not faults
    assert frame.to_numpy().tolist() == cells


# --- what a column may hold -----------------------------------------------------------------------

_HALVES = Column(float, (_at_least(0, "0 or more"), Check(lambda c: c * 2 % 1 == 0, "halves")))


def told_of(cells: list[object], column: Column) -> list[tuple[str, str, str]]:
    """Give where, what and why of the faults of a column whose first cell is in row 2."""
    frame = pd.DataFrame({"x": cells}, index=range(2, 2 + len(cells)))
    faults = _column_faults(frame, {"x": column, "not there": column}, "t.csv")
    assert {(f.file, f.column) for f in faults} <= {("t.csv", "x")}
    return [(f.where, f.value, f.expected) for f in faults]


def test_every_cell_is_told_of_by_every_rule_that_it_breaks():
    assert told_of([0.5, -1.0, -0.3, 2.0], _HALVES) == [
        ("row 3", "-1", "0 or more"),
        ("row 4", "-0.3", "0 or more"),
        ("row 4", "-0.3", "halves"),
    ]


def test_a_cell_that_is_not_known_breaks_no_rule():
    assert told_of([float("nan"), float("nan")], _HALVES) == []
    assert told_of([], _HALVES) == []


def test_an_id_that_is_there_again_is_told_of_in_each_of_its_rows():
    ids = Column(str, (_one_of(["a", "b"], "a or b"),), unique=True)
    assert told_of(["a", "c", "a"], ids) == [
        ("row 2", "a", "an id that is used once"),
        ("row 4", "a", "an id that is used once"),
        ("row 3", "c", "a or b"),
    ]


def test_a_long_cell_is_cut_where_it_is_told_of():
    assert told_of(["y" * 999], Column(str, (_one_of(["yes"], "yes"),)))[0][1] == "y" * 60


@given(st.lists(st.floats(-2, 2) | st.just(float("nan"))))
def test_cells_told_of_and_cells_that_hold_are_all_the_cells_that_are_known(cells):
    wrong = {where for where, _, _ in told_of(list(cells), _HALVES)}
    right = [c for k, c in enumerate(cells, 2) if f"row {k}" not in wrong and c == c]
    assert all(c >= 0 and c * 2 % 1 == 0 for c in right)
    assert len(wrong) + len(right) == sum(c == c for c in cells)
