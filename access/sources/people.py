"""Who lives in each area: figures of every file at hand, brought together and told how."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from access.errors import StudyError
from access.sources.cells import read_numbers, shown
from access.sources.columns import propose
from access.sources.nomis import TOPICS, TOPICS_ESTIMATES, parse_figures
from access.sources.ons import UNITS, code_column
from access.sources.shelf import Shelf
from access.sources.tables import Source, plain

#: Counts that a study may have of each area, in the order they are written.
COUNTS = (
    "residents",
    "children_0_4",
    "children_5_10",
    "young_11_18",
    "households",
    "households_no_car",
    "people",
    "disabled",
    "white_british",
    "lone_parent_households",
)
#: What to get by hand where one of them is not known.
BY_HAND = {
    "residents": "NOMIS, Census 2021 table TS007A (age by five-year bands)",
    "children_0_4": "NOMIS, Census 2021 table TS007A (age by five-year bands)",
    "young_11_18": "NOMIS, Census 2021 table TS007A, or mid-year estimates by single year of age",
    "households_no_car": "NOMIS, Census 2021 table TS045 (car or van availability)",
    "disabled": "NOMIS, Census 2021 table TS038 (disability)",
    "white_british": "NOMIS, Census 2021 table TS021 (ethnic group)",
    "lone_parent_households": "NOMIS, Census 2021 table TS003 (household composition)",
}
_BANDS = {
    "aged515derived": "age_5_15",
    "ageaged515years": "age_5_15",
    "aged5to15": "age_5_15",
    "ageaged16to24years": "age_16_24",
    "aged16to24years": "age_16_24",
    "ageaged15yearsandunder": "age_0_15",
}
_SMALL_NEGATIVE = -5


@dataclass
class People:
    """Figures by area, with where each came from and how.

    Parameters
    ----------
    frame : DataFrame
        Indexed by area id.
    files : dict of str to str
        Figure to the file it was taken from.
    notes : list of str
        What was converted or estimated.
    """

    frame: pd.DataFrame
    files: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_people(shelf: Shelf, unit: str, ids: Sequence[str]) -> People:
    """Take every figure of these areas from the files at hand; the first file that has all wins.

    Parameters
    ----------
    shelf : Shelf
    unit : str
        A key of `access.sources.ons.UNITS`.
    ids : sequence of str

    Returns
    -------
    People
    """
    year = UNITS[unit][3]
    out = People(pd.DataFrame(index=pd.Index(list(ids), name="id")))
    for item in shelf.having("figures"):
        if item.source is not None:
            found, _, notes = parse_figures(item.source, (*TOPICS[year], *TOPICS_ESTIMATES))
            _take(out, found, item.path.name, notes)
    for item in shelf.having(f"table {unit}"):
        if item.source is not None:
            found, notes = _table_figures(item.source, unit)
            _take(out, found, item.path.name, notes)
    _derive_ages(out)
    if out.frame.shape[1]:
        out.frame = out.frame[
            [c for c in COUNTS if c in out.frame] + [c for c in out.frame if c not in COUNTS]
        ]
    return out


def figures_at_hand(shelf: Shelf, unit: str) -> set[str]:
    """Counts that some table of these areas has, whatever areas it covers."""
    known: set[str] = set()
    for item in shelf.having(f"table {unit}"):
        if item.source is not None:
            known |= set(map(str, _table_figures(item.source, unit)[0].columns))
    return known


def _take(out: People, found: pd.DataFrame, file: str, notes: list[str]) -> None:
    """Take what is not known yet, if the file has all areas; say where it has some only."""
    if not len(found):
        return
    have = out.frame.index.isin(found.index)
    if not have.any():
        return
    if not have.all():
        missing = out.frame.index[~have].tolist()
        out.notes.append(
            f"{file} has {have.sum():,} of {len(have):,} areas (not {shown(missing)}): "
            "it is of another year or place, and its figures are not used."
        )
        return
    new = [str(column) for column in found if column not in out.frame]
    for column in new:
        values = found[column].reindex(out.frame.index).to_numpy(float)
        if np.isfinite(values).all():
            out.frame[column] = values
            out.files[column] = file
    out.notes += notes


def _table_figures(source: Source, unit: str) -> tuple[pd.DataFrame, list[str]]:
    """Counts of a table that has our columns by one of their names."""
    code = code_column(source, UNITS[unit][0])
    others = [c for c in source.frame.columns if c != code]
    bare = {re.sub(r"_(census|mid)?(20\d\d)$", "", c.casefold()): c for c in reversed(others)}
    found = propose(list(bare), "areas").columns
    columns = {ours: bare[theirs] for ours, theirs in found.items() if ours in COUNTS}
    for header in others:
        if plain(header) in _BANDS:
            columns.setdefault(_BANDS[plain(header)], header)
    frame = pd.DataFrame(index=pd.Index(source.frame[code].to_numpy() if code else [], name="id"))
    notes: list[str] = []
    for ours, theirs in columns.items():
        read = read_numbers(source.frame[theirs].tolist())
        if read.wrong:
            at, text, expected = read.wrong[0]
            raise StudyError(
                f"{source.file}, row {source.rows[at]}, {theirs}: found {text!r}; "
                f"expected {expected}"
            )
        values = np.asarray(read.cells, float)
        notes += [f"{source.file}, {theirs}: {c}, {n:,} cells." for c, n in read.changes.items()]
        below = values < 0
        if (values[below] < _SMALL_NEGATIVE).any():
            at = int(np.argmin(values))
            raise StudyError(
                f"{source.file}, row {source.rows[at]}, {theirs}: found {values[at]:g}; "
                "expected a count of 0 or more"
            )
        if below.any():
            notes.append(
                f"{source.file}, {theirs}: {below.sum():,} counts just below 0 (a "
                "difference of two protected counts) read as 0."
            )
            values[below] = 0
        if theirs.casefold().endswith(("_est", "_derived")):
            notes.append(f"{ours} is an estimate of the file's ({theirs}), no count of its own.")
        frame[ours] = values
    return frame[~frame.index.duplicated()], notes


def _derive_ages(out: People) -> None:
    """5 to 10 and 11 to 18 from the narrowest bands at hand, said how."""
    frame = out.frame
    if "young_11_18" not in frame:
        if {"age_10_14", "age_15_19"} <= set(frame):
            frame["young_11_18"] = np.round(0.8 * (frame["age_10_14"] + frame["age_15_19"]))
            out.files["young_11_18"] = out.files["age_10_14"]
            out.notes.append(
                "young_11_18 is an estimate: four fifths of those aged 10 to 14 and of "
                "those aged 15 to 19."
            )
        elif {"age_5_15", "age_16_24"} <= set(frame):
            frame["young_11_18"] = np.round(5 / 11 * frame["age_5_15"] + 3 / 9 * frame["age_16_24"])
            out.files["young_11_18"] = out.files["age_5_15"]
            out.notes.append(
                "young_11_18 is an estimate: five elevenths of those aged 5 to 15 and "
                "three ninths of those aged 16 to 24."
            )
    if "children_5_10" not in frame:
        if {"age_5_9", "age_10_14"} <= set(frame):
            frame["children_5_10"] = np.round(frame["age_5_9"] + 0.2 * frame["age_10_14"])
            out.files["children_5_10"] = out.files["age_5_9"]
            out.notes.append(
                "children_5_10 is an estimate: those aged 5 to 9 and a fifth of those "
                "aged 10 to 14."
            )
        elif "age_5_15" in frame:
            frame["children_5_10"] = np.round(6 / 11 * frame["age_5_15"])
            out.files["children_5_10"] = out.files["age_5_15"]
            out.notes.append("children_5_10 is an estimate: six elevenths of those aged 5 to 15.")
    out.frame = frame.drop(
        columns=[
            c
            for c in frame
            if str(c).startswith("age_")
            or str(c).endswith(("_ethnic_group", "_composition", "_estimate"))
        ]
    )
