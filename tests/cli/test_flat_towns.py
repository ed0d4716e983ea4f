"""Towns without width or without shape: all at one point, all on one line, a plain grid."""

from __future__ import annotations

import csv
import io
import json
import math
from contextlib import nullcontext
from pathlib import Path

import pytest

from access.sources.folder import _template_files
from tests.conftest import few_draws, one_picture, plain_pages
from tests.streets import write_osm


def one_point(number: int, row: dict[str, str]) -> tuple[str, str]:
    return "-1.36", "53.43"


def east_west(number: int, row: dict[str, str]) -> tuple[str, str]:
    return f"{-1.40 + 0.005 * number:.3f}", "53.43"


def north_south(number: int, row: dict[str, str]) -> tuple[str, str]:
    return "-1.36", f"{53.38 + 0.004 * number:.3f}"


def town(folder: Path, place) -> Path:
    """Write the made-up study with every place moved."""
    folder.mkdir()
    for name, text in _template_files(folder.name).items():
        if name.endswith(".csv"):
            rows = list(csv.DictReader(io.StringIO(text)))
            for number, row in enumerate(rows):
                row["lon"], row["lat"] = place(number, row)
            out = io.StringIO()
            writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            text = out.getvalue()
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def grid(path: Path) -> Path:
    """Write streets as squared paper: 13 by 13 crossings, a hundredth of a degree apart."""
    side = range(13)
    nodes = {
        1 + 13 * i + j: (round(-1.42 + 0.01 * i, 6), round(53.38 + 0.01 * j, 6))
        for i in side
        for j in side
    }
    along = [(1000 + i, [1 + 13 * i + j for j in side], {"highway": "residential"}) for i in side]
    across = [(2000 + j, [1 + 13 * i + j for i in side], {"highway": "residential"}) for j in side]
    return write_osm(path, nodes, along + across)


def no_number_is_lost(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(no_number_is_lost, value.values()))
    if isinstance(value, list):
        return all(map(no_number_is_lost, value))
    return not isinstance(value, float) or math.isfinite(value)


@pytest.mark.parametrize(
    ("place", "streets"),
    [(one_point, False), (east_west, False), (north_south, True), (one_point, True)],
)  # fmt: skip
def test_a_run_ends_with_whole_outputs(access_command, tmp_path, place, streets):
    folder, out = town(tmp_path / "town", place), tmp_path / "out"
    more = ["--network", grid(tmp_path / "grid.osm"), "--no-cache"] if streets else []
    # all pictures are drawn of a town at one point without streets, and the maps of a flat one
    all_drawn = place is one_point and not streets
    pictures = nullcontext() if all_drawn else one_picture(but_maps=place is not one_point)
    # where streets are given, what is laid out is as where none are
    pages = nullcontext() if all_drawn else plain_pages(but=() if streets else ["report.pdf"])
    with few_draws(), pictures, pages:
        done = access_command("run", folder, *more, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert no_number_is_lost(summary)
    for name in ("map.html", "explorer.html", "report.pdf", "study.gpkg", "evidence.zip"):
        assert (out / name).stat().st_size > 1000
    if place is one_point:
        with (out / "areas.csv").open(encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == 20
