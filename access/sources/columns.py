"""Which column of a sheet is which column of a study: matched by name, kept as a mapping."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from access.errors import Fault, ParameterError, StudyError
from access.sources.column_names import MUST, TABLES, Column
from access.sources.saving import save
from access.sources.tables import plain


def known_headers(table: str) -> frozenset[str]:
    """Every plain header that a table's columns go by."""
    return frozenset().union(*(column.headers() for column in columns_of(table)))


def columns_of(table: str) -> tuple[Column, ...]:
    """Columns that a table of a study may have."""
    if table not in TABLES:
        raise ParameterError(f"no table {table!r}; expected one of {sorted(TABLES)}")
    return TABLES[table]


@dataclass(frozen=True)
class Mapping:
    """How the columns of one sheet become those of one table.

    Parameters
    ----------
    columns : mapping of str to str
        Ours to the sheet's header.
    fixed : mapping of str to str
        Ours to one value for every row, such as ``service = "childrens_centre"``.
    meanings : mapping of str to mapping
        Ours to what each text of the sheet means.
    sheet : str
        Worksheet or layer; empty for the first that fits.
    suppressed : float or None
        What ``<5`` is taken for; not known when not given.

    Examples
    --------
    >>> propose(["Site Name", "Postcode", "Sq m"], "candidates").columns
    {'name': 'Site Name', 'postcode': 'Postcode'}
    """

    columns: AnyMapping[str, str] = field(default_factory=dict)
    fixed: AnyMapping[str, str] = field(default_factory=dict)
    meanings: AnyMapping[str, AnyMapping[str, str]] = field(default_factory=dict)
    sheet: str = ""
    suppressed: float | None = None


def propose(headers: Sequence[str], table: str) -> Mapping:
    """Match headers with a table's columns by name, our own names before others.

    Parameters
    ----------
    headers : sequence of str
    table : str
        A key of `TABLES`.

    Returns
    -------
    Mapping
    """
    left = {plain(header): header for header in headers}
    found: dict[str, str] = {}
    for own in (True, False):
        for column in columns_of(table):
            names = [column.name] if own else list(column.also)
            for name in map(plain, names):
                if column.name not in found and name in left:
                    found[column.name] = left.pop(name)
    order = [column.name for column in columns_of(table)]
    return Mapping({name: found[name] for name in order if name in found})


def mapping_faults(
    mapping: Mapping, headers: Sequence[str], table: str, file: str, *, placed: bool
) -> list[Fault]:
    """Find columns of a mapping that the sheet lacks, and of the table that nothing fills."""
    faults = []
    have = {plain(header): header for header in headers}
    for ours, theirs in mapping.columns.items():
        if plain(theirs) not in have:
            near = difflib.get_close_matches(plain(theirs), have, n=1, cutoff=0.5)
            hint = f"; is {have[near[0]]!r} meant? Change the mapping" if near else ""
            faults.append(Fault(file, "", ours, "", f"a column headed {theirs!r}{hint}"))
    filled = {*mapping.columns, *mapping.fixed}
    for name in MUST[table]:
        if name not in filled:
            faults.append(
                Fault(
                    file,
                    "",
                    name,
                    "",
                    f"a column for {name!r} (or one value for all rows, under "
                    f"fixed in the mapping); the sheet has {', '.join(map(repr, headers))[:300]}",
                )
            )
    ways = ({"lon", "lat"}, {"easting", "northing"}, {"postcode"})
    if not placed and not any(way <= filled for way in ways):
        faults.append(
            Fault(
                file,
                "",
                "lon, lat",
                "",
                "longitude and latitude, easting and northing, or a postcode for every row",
            )
        )
    return faults


def read_mapping(path: Path, table: str) -> Mapping | None:
    """Read the mapping of one table from a study's ``import.toml``; None where there is none.

    Raises
    ------
    StudyError
        If the file is not TOML or holds something else.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig")).get(table)
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise StudyError(f"{path} cannot be read as TOML: {error}") from error
    if raw is None:
        return None
    allowed = {
        "columns": dict,
        "fixed": dict,
        "meanings": dict,
        "sheet": str,
        "suppressed": (int, float),
    }
    wrong = [k for k, v in raw.items() if k not in allowed or not isinstance(v, allowed[k])]  # type: ignore[arg-type]
    known = {column.name for column in columns_of(table)}
    wrong += [f"columns.{name}" for name in raw.get("columns", {}) if name not in known]
    if wrong:
        raise StudyError(
            f"{path}, [{table}]: {', '.join(wrong)} is not understood; expected "
            f"{', '.join(allowed)}, and columns among {', '.join(sorted(known))}"
        )
    return Mapping(**raw)


def write_mapping(path: Path, table: str, mapping: Mapping) -> None:
    """Keep the mapping of one table in ``import.toml``, those of other tables unchanged."""
    kept: dict[str, Mapping] = {}
    for name in TABLES:
        there = read_mapping(path, name)
        if there is not None:
            kept[name] = there
    kept[table] = mapping
    lines = [
        "# How sheets become the tables of this study: ours = the sheet's header.",
        "# Next year's sheet is read the same way; change a line where a header changed.",
        "",
    ]
    for name, one in sorted(kept.items()):
        lines += [f"[{name}]"]
        lines += [f"sheet = {quoted(one.sheet)}"] if one.sheet else []
        lines += [] if one.suppressed is None else [f"suppressed = {one.suppressed:g}"]
        for part, pairs in (("columns", one.columns), ("fixed", one.fixed)):
            if pairs:
                lines += ["", f"[{name}.{part}]"]
                lines += [f"{key(k)} = {quoted(v)}" for k, v in pairs.items()]
        for ours, texts in one.meanings.items():
            lines += ["", f"[{name}.meanings.{key(ours)}]"]
            lines += [f"{quoted(k)} = {quoted(v)}" for k, v in texts.items()]
        lines.append("")
    save(path, "\n".join(lines).encode())


def quoted(text: str) -> str:
    """A text as TOML holds it, whatever is in it."""
    out = text.replace("\\", "\\\\").replace('"', '\\"')
    out = re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", out)
    return f'"{out}"'


def key(text: str) -> str:
    """A key as TOML holds it."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else quoted(text)
