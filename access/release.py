"""What a study may publish: one policy, kept by working the whole release out of a public copy.

A count of 1 to 4 of people is protected unless the study declares its column a public estimate.
Hiding such counts in each table is not enough: sums, nested areas, means and the page's own data
give them away, and so does the hash of a table. So nothing published is worked out from them: the
public copy of the study's tables has 2 or 3 (by the row's place) wherever a protected count is 1
to 4, and every file is made from the copy. Two councils' tables that differ in such counts alone
give the same release, byte for byte; so no reader, however clever, learns more than "1 to 4".

Method: local suppression of the input data with values fixed beforehand (Hundepool and others,
*Statistical Disclosure Control*, 2012, chapter 3): what is made of safe data alone is safe.
"""

from __future__ import annotations

import csv
import io
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakKeyDictionary

import pandas as pd

from access.disclosure import THRESHOLD
from access.errors import OutputError, StudyError
from access.study import Study, load_study
from access.study.config import StudyConfig
from access.study.manifest import bare_layer, bare_outline, manifest_text
from access.study.sheet import read_sheet
from access.study.tables import area_columns, known_columns
from access.text import listed

#: Stands in `manifest.toml` behind the source of every table that the public copy changed.
_MARK = "public copy: counts of 1 to 4 stand as 2 or 3"
#: Columns of places, not of people: ranks and tenths.
_NO_COUNT = ("_rank", "_decile", "_fifth")
_Sheet = pd.DataFrame


@dataclass(frozen=True)
class _Pair:
    """A count and the count of all of whom it is part, by their columns in one table."""

    part: str
    whole: str


@dataclass(frozen=True)
class _Share:
    """The share of households without a car, and the counts that it gives away, by their columns.

    A reader multiplies it with a whole: the first of those that the table has.
    """

    column: str = "p_no_car"
    part: str = "households_no_car"
    wholes: tuple[str, ...] = ("households", "residents")


@dataclass(frozen=True)
class _Counts:
    """What one table holds of people.

    Parameters
    ----------
    protected : tuple of str
        Columns of counts that are not declared as public estimates.
    pairs : tuple of _Pair
        Parts and wholes: a reader subtracts one from the other.
    known : frozenset of str
        Columns that are no counts of people, or that are declared.
    share : _Share
        The share of households without a car, by the names of the table.
    """

    protected: tuple[str, ...]
    pairs: tuple[_Pair, ...]
    known: frozenset[str]
    share: _Share = _Share()


def _is_small(count: float) -> bool:
    return 0 < count < THRESHOLD


def _stand_in(row: int) -> int:
    """Give what stands for a small count: 2.5 on average, and known from the row alone."""
    return 2 + row % 2


def safe_counts(counts: pd.Series) -> pd.Series:
    """Give counts that may be published: 2 or 3, by the row's place, where they are 1 to 4.

    Parameters
    ----------
    counts : Series

    Returns
    -------
    Series

    Examples
    --------
    >>> safe_counts(pd.Series([0, 1, 4, 5])).tolist()
    [0, 3, 2, 5]
    """
    small = counts.map(_is_small)
    return counts.where(~small, [_stand_in(row) for row in range(len(counts))])


def safe_attendance(attendance: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Give observed use that may be published, 2 or 3 for 1 to 4, and of which rows that is.

    What is no number is left as it is: who reads the table says what is wrong with it.
    """
    if "attendances" not in attendance:
        return attendance, pd.Series(False, index=attendance.index)
    counts = pd.to_numeric(attendance["attendances"], errors="coerce")
    small = counts.map(_is_small).astype(bool)
    safe = attendance["attendances"].where(~small, safe_counts(counts).map("{:.0f}".format))
    return attendance.assign(attendances=safe), small


#: By study: a release asks before it measures, before it tells, and before it writes.
_OPEN: WeakKeyDictionary[Study, dict[str, int]] = WeakKeyDictionary()


def _open_counts(study: Study) -> dict[str, int]:
    """Count the cells of a study's tables that its release may not be worked out from.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict of str to int
        By ``file: column``; empty where the study may be published as it is.

    Examples
    --------
    >>> from access import load_study
    >>> _open_counts(load_study("rotherham"))
    {}
    """
    if study not in _OPEN:
        _OPEN[study] = {} if _is_copy(study) else _counted(study)
    return _OPEN[study]


def _counted(study: Study) -> dict[str, int]:
    return {
        f"{name}: {column}": many
        for name, counts in _tables(study).items()
        for column, many in _read_again(study, name, counts)[1].items()
    }


@contextmanager
def released(study: Study, *, internal: bool = False) -> Iterator[Study]:
    """Give the study that a release is made of: itself where it may be, else its public copy.

    Parameters
    ----------
    study : Study
    internal : bool
        Give the study itself whatever it holds; for the council's own use only.

    Yields
    ------
    Study
        The copy's folder is there until the end of the block.
    """
    if internal or not _open_counts(study):
        yield study
        return
    with TemporaryDirectory() as folder:
        copy = load_study(_write_copy(study, Path(folder) / study.folder.name))
        own = {study.folder / row["file"]: copy.folder / row["file"] for row in study.inputs}
        yield copy.with_timetables([own.get(feed, feed) for feed in study.timetables])


def check_publishable(study: Study) -> None:
    """Refuse to publish what is worked out from counts that are protected."""
    if found := _open_counts(study):
        cells = listed([f"{many} in {where}" for where, many in list(found.items())[:4]])
        raise OutputError(
            f"the study holds counts of 1 to {THRESHOLD - 1} that a release would give away "
            f"({cells}); nothing was written. `access run` makes the release from a public copy "
            "of the tables; or ask for the internal files, or declare published statistics in "
            "[disclosure.public_estimates] of study.toml."
        )


def _policy(study: Study) -> tuple[str, ...]:
    """Say what a study's release does with small counts, column by column.

    Parameters
    ----------
    study : Study

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from access import load_study
    >>> _policy(load_study("rotherham"))[0][:62]
    'Counts that stand as they are, small ones too, because they ar'
    """
    said = []
    reasons: dict[str, list[str]] = {}
    for column, reason in study.config.disclosure.public_estimates.items():
        reasons.setdefault(reason, []).append(column)
    if reasons:
        which = "; ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items())
        said.append(
            "Counts that stand as they are, small ones too, because they are published "
            f"statistics or estimates shared from them: {which}. Where a table of the report "
            "shows [c], anybody may work that count out from the published statistics."
        )
    if _is_copy(study):
        said.append(
            f"Every {'other ' if said else ''}count of 1 to {THRESHOLD - 1} people in the study's "
            "tables stands as 2 or 3 by its row, whatever it is, and where all but 1 to "
            f"{THRESHOLD - 1} are counted these are taken to be 2 or 3. Every figure is worked out "
            "from these tables: it may differ from the council's own by up to 2 for each such "
            f"count in it (by up to 4 where it is part of fewer than {2 * THRESHOLD})."
        )
    elif _open_counts(study):
        said.append(
            f"INTERNAL, not for publication: counts of 1 to {THRESHOLD - 1} people of the study's "
            "own tables stand open in this or can be worked out from it."
        )
    return tuple(said)


def with_policy(study: Study) -> Study:
    """Put the policy among what every reader is told."""
    told = tuple(s for s in _policy(study) if s not in study.assumptions)
    if not told:
        return study
    fuller = replace(study, assumptions=(*study.assumptions, *told))
    _OPEN[fuller] = _open_counts(study)  # the same tables and settings
    return fuller


def _is_copy(study: Study) -> bool:
    if not any(_MARK in row["source"] for row in study.inputs):
        return False
    # a copy whose tables were changed since is none: its mark may stand beside other counts
    counted = _tables(study)
    return all(row.get("changed") == "no" for row in study.inputs if row["file"] in counted)


def _tables(study: Study) -> dict[str, _Counts]:
    """Say of every table that counts people which of its columns do."""
    config = study.config
    areas = config.areas
    tables = {areas.table: _area_counts(config)}
    if areas.parent_table:
        tables[areas.parent_table] = _parent_counts(config)
    visits = () if "annual_visits" in _declared(config) else ("annual_visits",)
    read = {row["file"] for row in study.inputs}
    for kind in ("centres", "candidates", "neighbours", "places", "postcodes", "gazetteer"):
        file = config.tables.get(kind, f"{kind}.csv")
        known = known_columns(kind) | known_columns("centres")
        counts = _Counts(visits, (), known - set(visits))
        if file in read and (kind == "centres" or _may_count(getattr(study, kind), counts)):
            tables[file] = counts
    return tables


def _may_count(table: pd.DataFrame, counts: _Counts) -> bool:
    """Tell a table that counts people: of postcodes there are many, and most hold places alone."""
    return any(c in counts.protected or _is_unspoken(table[c], c, counts) for c in table.columns)


def _declared(config: StudyConfig) -> frozenset[str]:
    return frozenset(config.disclosure.public_estimates)


def _counts_of(config: StudyConfig) -> dict[str, None]:
    """Name the areas' columns that count people, whichever table they come from."""
    names = [*config.demand_columns]
    names += [column for group in config.groups for column in group.columns]
    names += [config.areas.share_by, "residents", "households", "households_no_car"]
    return dict.fromkeys([*names, *config.areas.shared_counts])


def _pairs_of(config: StudyConfig) -> list[_Pair]:
    pairs = [_Pair("households_no_car", "households")]
    pairs += [_Pair(*group.columns) for group in config.groups if group.columns]
    return list(dict.fromkeys(pairs))


def _area_counts(config: StudyConfig) -> _Counts:
    declared = _declared(config)
    protected = tuple(name for name in _counts_of(config) if name not in declared)
    known = known_columns("areas") | set(area_columns(config)) | declared
    known |= {config.areas.parent_key, "ward", "locality", "name"}
    pairs = tuple(_pairs_of(config))
    return _Counts(protected, pairs, frozenset(known) - set(protected), _share_of({}, declared))


def _parent_counts(config: StudyConfig) -> _Counts:
    """Say the same of the larger areas' table, by its own names of columns."""
    settings, declared = config.areas, _declared(config)
    taken = settings.shared_counts | settings.from_parent
    counted = {ours: theirs for ours, theirs in taken.items() if ours in _counts_of(config)}
    protected = tuple(theirs for ours, theirs in counted.items() if ours not in declared)
    pairs = tuple(
        _Pair(counted[pair.part], counted[pair.whole])
        for pair in _pairs_of(config)
        if pair.part in counted and pair.whole in counted
    )
    known = {"id", *taken.values(), *declared} - set(protected)
    return _Counts(protected, pairs, frozenset(known), _share_of(taken, declared))


def _share_of(theirs: Mapping[str, str], declared: frozenset[str]) -> _Share:
    """Give the share without a car by a table's own names; declared, it tells of no other count."""
    own = _Share()
    part = "" if own.column in declared else own.part
    names = tuple(theirs.get(name, name) for name in own.wholes)
    return _Share(theirs.get(own.column, own.column), theirs.get(part, part), names)


def _read_again(study: Study, name: str, counts: _Counts) -> tuple[_Sheet, dict[str, int]]:
    """Give a table as the public may see it, as text, and how many cells of it are protected."""
    sheet, faults = read_sheet(study.folder / name)
    if faults:
        raise StudyError(f"{name} cannot be read again for its release", faults)
    return _worked(sheet, counts)


def _safe_sheet(sheet: _Sheet, counts: _Counts) -> _Sheet:
    """Put stand-ins for small counts, and leave out figures that nobody has spoken of."""
    return _worked(sheet, counts)[0]


def _worked(sheet: _Sheet, counts: _Counts) -> tuple[_Sheet, dict[str, int]]:
    """Give the safe sheet, and the cells that are protected by column.

    They are those that stand for any of several, also where what stands there is what was there:
    that a table has none would tell what each of its counts is.
    """
    unspoken = [c for c in sheet.columns if _is_unspoken(sheet[c], c, counts)]
    safe = sheet.drop(columns=unspoken)
    columns = [c for c in counts.protected if c in safe]
    rows: dict[str, set[int]] = {c: set() for c in safe.columns}
    for column in columns:
        values = [_number(text) for text in safe[column]]
        rows[column] = {row for row, value in enumerate(values) if _is_small(value)}
        safe[column] = [
            str(_stand_in(row)) if row in rows[column] else text
            for row, text in enumerate(safe[column])
        ]
    for pair in counts.pairs:
        both = {pair.part, pair.whole}
        if both <= set(safe.columns) and both & set(columns):  # of two that are published, nothing
            given = pair.part if pair.part in columns else pair.whole
            rows[given] |= _keep_apart(safe, sheet, pair, columns)
    share = counts.share
    if share.column in safe and share.column not in counts.protected:
        rows[share.column] |= _blur_share(safe, sheet, columns, share)
    protected = dict.fromkeys(unspoken, len(sheet)) | {c: len(r) for c, r in rows.items()}
    return safe, {c: protected[c] for c in sheet.columns if protected[c]}


def _is_unspoken(cells: pd.Series, column: str, counts: _Counts) -> bool:
    """Tell a column with small figures of which nothing is known, whatever else it holds."""
    if column in {*counts.known, *counts.protected} or column.endswith(_NO_COUNT):
        return False
    return any(_is_small(v) and v == int(v) for v in map(_number, cells.tolist()))


def _keep_apart(safe: _Sheet, sheet: _Sheet, pair: _Pair, protected: Sequence[str]) -> set[int]:
    """Let no subtraction of a part from its whole give a small rest; say in which rows it would."""
    rows = zip(sheet[pair.part], sheet[pair.whole], safe[pair.part], safe[pair.whole], strict=True)
    parts, wholes, kept = [], [], set()
    for row, texts in enumerate(rows):
        part, whole, shown, shown_whole = map(_number, texts)
        if 0 < part < whole or (part == whole and _is_small(whole)):
            rest_is_small = whole >= THRESHOLD and _is_small(whole - part)
            if pair.part in protected:
                shown = _part_of(part, whole, shown, shown_whole, row)
            elif pair.whole in protected:
                shown_whole = part + _stand_in(row) if rest_is_small else max(shown_whole, part)
            if rest_is_small or (pair.part in protected and whole < 2 * THRESHOLD):
                kept.add(row)
        parts.append(_rewritten(texts[2], shown))
        wholes.append(_rewritten(texts[3], shown_whole))
    safe[pair.part], safe[pair.whole] = parts, wholes
    return kept


def _rewritten(text: str, shown: float) -> str:
    """Write a count anew where it is another; a cell that holds none stays as it is."""
    return text if math.isnan(shown) or shown == _number(text) else f"{shown:.0f}"


def _part_of(part: float, whole: float, shown: float, shown_whole: float, row: int) -> float:
    """Give what stands for a part beside a whole."""
    if _is_small(whole):
        return min(shown, shown_whole)
    if whole < 2 * THRESHOLD:  # the part or the rest is small, and either would tell the other
        return shown_whole // 2
    return shown_whole - _stand_in(row) if _is_small(whole - part) else shown


def _blur_share(safe: _Sheet, sheet: _Sheet, protected: Sequence[str], of: _Share) -> set[int]:
    """Take a share from stand-ins where it is of so few that it counts them; say where."""
    wholes = [c for c in of.wholes if c in safe]
    if of.part not in protected:
        wholes = [c for c in wholes if c in protected]
    if not wholes:
        return set()
    base, out, kept = wholes[0], [], set()
    for row, text in enumerate(safe[of.column]):
        share, whole, shown = _number(text), _number(sheet[base].iloc[row]), safe[base].iloc[row]
        few, rest = share * whole, (1 - share) * whole
        if not math.isfinite(few):  # a cell that holds no share, or no count, tells of nobody
            out.append(text)
        elif _is_small(round(few)) or _is_small(round(rest)) or _is_small(whole):
            stand_in = _stand_in(row) / max(_number(shown), 2 * THRESHOLD)
            out.append(f"{stand_in if few <= rest else 1 - stand_in:.4f}")
            kept.add(row)
        else:
            out.append(text)
    safe[of.column] = out
    return kept


def _number(text: object) -> float:
    try:
        return float(str(text).strip())
    except ValueError:
        return math.nan


def _write_copy(study: Study, folder: Path) -> Path:
    """Write the study's tables as the public may see them; hashes are of these alone."""
    folder.mkdir(parents=True)
    kept = [str(row["file"]) for row in study.inputs]
    changed = []
    for name in kept:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)  # a table may lie deeper
        shutil.copyfile(study.folder / name, folder / name)
    for name, counts in _tables(study).items():
        safe, protected = _read_again(study, name, counts)
        if protected:
            changed.append(name)
            (folder / name).write_text(_csv(safe), encoding="utf-8", newline="")
    shapes, outline = study.config.areas.shapes, study.config.study.outline
    if shapes is not None:
        bare_layer(folder / shapes, "id", "geometry")
    if outline not in (None, shapes):  # one file may be both, and its ids are needed
        bare_outline(folder / outline)
    if study.streets is not None:
        _same_file(study.streets, folder / study.streets.name)
    if (study.folder / "manifest.toml").exists():
        shutil.copyfile(study.folder / "manifest.toml", folder / "manifest.toml")
    note = dict.fromkeys(changed, _MARK)
    (folder / "manifest.toml").write_text(
        manifest_text(folder, kept, notes=note), encoding="utf-8", newline="\n"
    )
    return folder


def _same_file(source: Path, target: Path) -> None:
    """Put a file into the copy as well: a second name where that can be, for streets are large."""
    try:
        target.hardlink_to(source.resolve())
    except OSError:  # another disk, or a system without
        shutil.copyfile(source, target)


def _csv(sheet: _Sheet) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(list(sheet.columns))
    writer.writerows(sheet.itertuples(index=False))
    return text.getvalue()
