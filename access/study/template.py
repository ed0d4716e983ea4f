"""A made-up study to start one's own from: small, complete, and plainly not a real place."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from access.errors import OutputError, ParameterError
from access.files import whole_folder

_SETTINGS = """\
# A made-up example: replace the tables with your own, then `access check {folder}`.
# Every setting that is not here has a default; `access check` names any that is wrong.

[study]
name = "{name}"
title = "An example to replace: three centres, one may close"
place = "Example Town"
as_of = "2025-01-01"                 # printed on outputs instead of a clock
box = [-1.50, 53.35, -1.20, 53.50]   # west, south, east, north: where every point must lie
notes = ["Everything in this study is made up."]

[areas]
unit = "made-up area"
vintage = "made up"

[services.childrens_centre]
title = "Children's Centres"
one = "Children's Centre"
demand = "children_0_4"              # the column of areas.csv that counts who it is for
noun = "children under five"
age_band = "0 to 4"

[proposals.three_to_two]
title = "Children's Centres from 3 to 2"
service = "childrens_centre"
close = ["C3"]
comment = "Why, in your own words."
source = "The paper that proposes it."

[travel]
walk_km_h = 4.8
parking_minutes = 3.0

[measures]
thresholds_minutes = [10, 15, 20, 30]
threshold_minutes = 20

[weights]
scheme = "linear"                    # none | linear | green_book | a column of areas.csv
lam = 1.0
national_areas = 33755               # LSOAs of England, 2021 (32844 for 2011)

[[groups]]                           # whose change is set beside everyone else's
label = "children under 5"
column = "children_0_4"              # the column of areas.csv that counts them
denominator = "residents"            # ... and the one that counts all of whom they are part
characteristic = "age"               # of the Equality Act 2010
points_to = {{ "pregnancy and maternity" = "very young children" }}
"""
_CENTRES = [
    ("C1", "Market Street Children's Centre", -1.36, 53.43),
    ("C2", "Hilltop Children's Centre", -1.32, 53.45),
    ("C3", "Riverside Children's Centre", -1.38, 53.41),
]


def _template_files(name: str) -> dict[str, str]:
    """Give the files of a made-up study that `access run` accepts."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ParameterError(
            f"the folder's name {name!r} cannot name a study; expected small letters, digits and "
            "underscores, beginning with a letter"
        )
    header = "id lon lat residents children_0_4 imd_rank imd_decile p_no_car"
    areas: list[tuple[object, ...]] = [tuple(header.split())]
    for row in range(4):
        for column in range(5):
            number = row * 5 + column
            rank = 1500 + 1600 * number
            areas.append(
                (f"A{number + 1:02d}", f"{-1.40 + 0.025 * column:.3f}", f"{53.40 + 0.02 * row:.3f}",
                 300 - 5 * number, 24 - number, rank, min(10, rank * 10 // 33755 + 1),
                 f"{0.45 - 0.02 * number:.2f}")
            )  # fmt: skip
    centres: list[tuple[object, ...]] = [
        ("id", "name", "service", "lon", "lat", "address", "postcode")
    ]
    centres += [(i, n, "childrens_centre", x, y, "", "") for i, n, x, y in _CENTRES]
    return {
        "study.toml": _SETTINGS.format(folder=name, name=name),
        "areas.csv": _csv(areas),
        "centres.csv": _csv(centres),
    }


def _csv(rows: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def new_study(folder: Path) -> list[str]:
    """Write a made-up study into a new folder.

    Parameters
    ----------
    folder : Path
        Must not hold a study yet.

    Returns
    -------
    list of str
        The files written.

    Raises
    ------
    OutputError
        If one of the files is already there, or the folder cannot be written.
    ParameterError
        If the folder's name cannot name a study.
    """
    texts = _template_files(folder.name)
    there = [name for name in texts if (folder / name).exists()]
    if there:
        raise OutputError(
            f"{folder} already holds {', '.join(there)}; nothing was written. Name a new folder."
        )
    with whole_folder(folder) as work:
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8")
    return list(texts)
