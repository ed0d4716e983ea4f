"""What each table of a study must hold, and how every fault in one is told at once."""

from __future__ import annotations

import difflib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import Fault
from access.escape import text_fault

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandera.pandas as pa

_ID = pa.Column(
    str,
    [pa.Check.str_matches(r"\S", error="an id that is not empty")],
    unique=True,
    description="a unique id",
)
_LON = pa.Column(float, nullable=True, description="longitude, WGS84 degrees")
_LAT = pa.Column(float, nullable=True, description="latitude, WGS84 degrees")
_TEXT = pa.Column(str, [pa.Check.str_matches(r"\S", error="a text that is not empty")])
_FREE = pa.Column(str, required=False, nullable=True)
_KNOWN_OR_EMPTY = pa.Column(
    float, pa.Check.ge(0, error="0 or more, or an empty cell for not known"),
    nullable=True, required=False,
)  # fmt: skip
_YES_NO = pa.Column(
    str, pa.Check.isin(["yes", "no"], error="yes or no"), required=False, description="yes or no"
)
COUNT = pa.Column(float, pa.Check.ge(0, error="a count of 0 or more"), nullable=True)


def _known(check: pa.Check) -> pa.Column:
    """A figure that may be left out altogether, or empty where it is not known."""
    return pa.Column(float, check, nullable=True, required=False)


_TENTH = pa.Check.isin(range(1, 11), error="a tenth from 1 (most deprived) to 10, or empty")
_RANK = pa.Check.ge(1, error="a rank of 1 (most deprived) or more, or empty")
SCHEMAS: dict[str, pa.DataFrameSchema] = {
    "areas": pa.DataFrameSchema(
        {
            "id": _ID,
            "lon": _LON,
            "lat": _LAT,
            "imd_rank": _known(_RANK),
            "imd_decile": _known(_TENTH),
            "idaci_rank": _known(_RANK),
            "idaci_decile": _known(_TENTH),
            "p_no_car": _known(pa.Check.in_range(0, 1, error="a share from 0 to 1, or empty")),
            "income": _known(pa.Check.gt(0, error="an income above 0, or empty")),
        }
    ),
    "parents": pa.DataFrameSchema({"id": _ID}),
    "centres": pa.DataFrameSchema(
        {
            "id": _ID,
            "name": _TEXT,
            "service": _TEXT,
            "lon": _LON,
            "lat": _LAT,
            "address": _FREE,
            "postcode": _FREE,
            "locality": _FREE,
            "position_error_m": _KNOWN_OR_EMPTY,
            "position_basis": _FREE,
            "assumed": _YES_NO,
            "annual_cost_gbp": _KNOWN_OR_EMPTY,
            "annual_visits": _KNOWN_OR_EMPTY,
            "condition": _FREE,
            "capacity": _KNOWN_OR_EMPTY,
        }
    ),
    "candidates": pa.DataFrameSchema(
        {
            "id": _ID,
            "name": _TEXT,
            "lon": _LON,
            "lat": _LAT,
            "kind": _FREE,
            "locality": _FREE,
            "position_basis": _FREE,
            "annual_cost_gbp": _KNOWN_OR_EMPTY,
            "condition": _FREE,
            "capacity": _KNOWN_OR_EMPTY,
        }
    ),
    "neighbours": pa.DataFrameSchema({"id": _ID, "name": _TEXT, "lon": _LON, "lat": _LAT}),
    "places": pa.DataFrameSchema(
        {"name": _TEXT, "lon": _LON, "lat": _LAT, "rank": _KNOWN_OR_EMPTY}
    ),
    "postcodes": pa.DataFrameSchema({"postcode": _ID, "lon": _LON, "lat": _LAT}),
}
#: Columns of a building register that may be empty: shown as "not known", never filled in.
REGISTER_UNKNOWNS = ("annual_cost_gbp", "annual_visits", "condition", "capacity")


def read_table(
    path: Path, kind: str, counts: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read one CSV table of a study and find everything that is wrong with it.

    Parameters
    ----------
    path : Path
        A UTF-8 CSV with a header row.
    kind : str
        A key of `SCHEMAS`.
    counts : tuple of str
        Further columns that must hold numbers of 0 or more.

    Returns
    -------
    DataFrame
        Text columns as str; number columns as float64, ``nan`` where empty or not a number.
    list of Fault
        Rows are counted as a spreadsheet shows them (the header is row 1).
    """
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        return pd.DataFrame(), [Fault(path.name, "", "", "", f"this file in {path.parent}")]
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        return pd.DataFrame(), [Fault(path.name, "", "", "", f"a UTF-8 CSV table ({error})")]
    schema = SCHEMAS[kind].add_columns(dict.fromkeys(counts, COUNT))
    faults = _unfit_texts(raw, path.name)
    if faults:
        return pd.DataFrame(), faults
    faults = _missing_columns(raw, schema, path.name)
    frame = raw.apply(lambda column: column.str.strip())
    for name, column in schema.columns.items():
        if name in frame and str(column.dtype) == "float64":
            frame[name], wrong = _numbers(frame[name], path.name, must=name in counts)
            faults += wrong
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        faults += _from_pandera(error.failure_cases, path.name)
    return frame, sorted(set(faults), key=_reading_order)


def _unfit_texts(raw: pd.DataFrame, file: str) -> list[Fault]:
    """Find headings and cells that can be no name: too long, or with control characters."""
    found = [("row 1", name[:60], name) for name in map(str, raw.columns)]
    for name in raw.columns:
        found += [(f"row {i + 2}", str(name)[:60], text) for i, text in enumerate(raw[name])]
    faults = ((where, column, text, text_fault(text)) for where, column, text in found)
    return [Fault(file, w, c, t[:60], expected) for w, c, t, expected in faults if expected]


def _reading_order(fault: Fault) -> tuple[str, int, str]:
    digits = "".join(ch for ch in fault.where if ch.isdigit())
    return fault.file, int(digits or 0), fault.column


def _missing_columns(frame: pd.DataFrame, schema: pa.DataFrameSchema, file: str) -> list[Fault]:
    faults = []
    for name, column in schema.columns.items():
        if column.required and name not in frame:
            close = difflib.get_close_matches(name, frame.columns, n=1, cutoff=0.6)
            hint = f"; is {close[0]!r} meant? rename it" if close else ""
            faults.append(Fault(file, "", name, "", f"a column named {name!r}{hint}"))
    return faults


def _numbers(column: pd.Series, file: str, *, must: bool) -> tuple[pd.Series, list[Fault]]:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers) & (column != "")
    if must:
        bad |= column == ""
    faults = [
        Fault(file, f"row {i + 2}", str(column.name), column.iloc[i],
              "a number" if column.iloc[i] else "a number; this cell is empty")
        for i in np.flatnonzero(bad)
    ]  # fmt: skip
    return numbers.where(np.isfinite(numbers)), faults


def _from_pandera(cases: pd.DataFrame, file: str) -> list[Fault]:
    faults = []
    for case in cases.to_dict("records"):
        check = str(case["check"])
        if check == "column_in_dataframe" or check.startswith("dtype("):
            continue
        expected = "an id that is used once" if check == "field_uniqueness" else check
        row = "" if case["index"] is None else f"row {int(case['index']) + 2}"
        faults.append(Fault(file, row, str(case["column"]), str(case["failure_case"]), expected))
    return faults


def check_positions(
    frame: pd.DataFrame, box: tuple[float, float, float, float], file: str
) -> list[Fault]:
    """Find points that are missing, swapped, in metres, or outside the study's box.

    Parameters
    ----------
    frame : DataFrame
        Columns ``lon`` and ``lat``, WGS84 degrees.
    box : tuple of float
        West, south, east, north, degrees.
    file : str
        Name for the message.

    Returns
    -------
    list of Fault

    Examples
    --------
    >>> points = pd.DataFrame({"id": ["a"], "lon": [53.4], "lat": [-1.3]})
    >>> check_positions(points, (-2, 53, -1, 54), "centres.csv")[0].expected
    'longitude and latitude in that order: these look swapped'
    """
    if not {"lon", "lat"} <= set(frame.columns):
        return []
    west, south, east, north = box
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    faults = []
    for i in np.flatnonzero(~inside):
        if west <= lat[i] <= east and south <= lon[i] <= north:
            expected = "longitude and latitude in that order: these look swapped"
        elif not (np.isfinite(lon[i]) and np.isfinite(lat[i])):
            expected = "a longitude and a latitude in degrees"
        elif abs(lon[i]) > 180 or abs(lat[i]) > 90:
            expected = (
                "WGS84 degrees: these look like metres of a projected grid; "
                "reproject them, for example with frame.to_crs('EPSG:4326')"
            )
        else:
            expected = f"a point inside the study's box {list(box)} (west, south, east, north)"
        faults.append(Fault(file, f"row {i + 2}", "lon, lat", f"{lon[i]:g}, {lat[i]:g}", expected))
    return faults
