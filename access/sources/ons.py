"""Areas, boundaries and look-ups of the ONS Open Geography portal."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import pandas as pd

from access.errors import FetchError, StudyError
from access.files import write_file
from access.sources.columns import _plain, _propose, _shown
from access.sources.http import Fetched, Internet, _must_be_json, _NotThereError, _NotWholeError
from access.sources.tables import _read_source, _Source
from access.units import BRITISH_GRID, unproject

SOURCE = "Office for National Statistics, Open Geography portal"
_LICENCE = (
    "Open Government Licence v3.0; contains OS data © Crown copyright and database right; "
    "source: Office for National Statistics"
)
#: Units that a study's areas may be: code column, their parents', words, census year.
_UNITS = {
    "oa21": ("OA21CD", "LSOA21CD", "Output Area 2021", 2021),
    "oa11": ("OA11CD", "LSOA11CD", "Output Area 2011", 2011),
    "lsoa21": ("LSOA21CD", "MSOA21CD", "Lower layer Super Output Area 2021", 2021),
    "lsoa11": ("LSOA11CD", "MSOA11CD", "Lower layer Super Output Area 2011", 2011),
}
_PAGE = 2000
_SMALLEST_PAGE = 50
#: Codes in one question: an address may not be longer than servers bear.
_CODES = 100


@dataclass(frozen=True)
class _Layer:
    """One kind of layer among many hundreds whose names drift.

    Parameters
    ----------
    what : str
        In words.
    names : tuple of str
        Names it has had, tried first and in this order.
    pattern : str
        Regular expression that its name fits, whatever the version.
    fields : tuple of str
        Columns it must have, whatever their case.
    """

    what: str
    names: tuple[str, ...]
    pattern: str
    fields: tuple[str, ...]


_LAYERS = {
    "centroids oa21": _Layer(
        "centroids of Output Areas 2021",
        ("Output_Areas_2021_PWC_V3",),
        r"^(output_areas?|oa)_.*2021.*(pwc|popcentroids?)",
        ("OA21CD",),
    ),
    "centroids oa11": _Layer(
        "centroids of Output Areas 2011",
        ("Output_Areas_Dec_2011_PWC_2022",),
        r"^(output_areas?|oa)_.*2011.*(pwc|popcentroids?)",
        ("OA11CD",),
    ),
    "centroids lsoa21": _Layer(
        "centroids of LSOAs 2021",
        ("LSOA_PopCentroids_EW_2021_V4", "LLSOA_Dec_2021_PWC_for_England_and_Wales_2022"),
        r"^l?lsoa_.*2021.*|^lsoa_popcentroids.*2021",
        ("LSOA21CD",),
    ),
    "centroids lsoa11": _Layer(
        "centroids of LSOAs 2011",
        ("LSOA_Dec_2011_PWC_in_England_and_Wales_2022",),
        r"^l?lsoa_.*2011.*(pwc|popcentroids?)",
        ("LSOA11CD",),
    ),
    "boundaries oa21": _Layer(
        "boundaries of Output Areas 2021",
        (
            "Output_Areas_2021_EW_BGC_V2",
            "Output_Areas_Dec_2021_Boundaries_Generalised_Clipped_EW_BGC_2022",
        ),
        r"^(output_areas?|oa)_.*2021.*bgc",
        ("OA21CD",),
    ),
    "boundaries oa11": _Layer(
        "boundaries of Output Areas 2011",
        ("Output_Areas_Dec_2011_Boundaries_Generalised_Clipped_BGC_EW_V3",),
        r"^(output_areas?|oa)_.*2011.*bgc",
        ("OA11CD",),
    ),
    "boundaries lsoa21": _Layer(
        "boundaries of LSOAs 2021",
        (
            "Lower_layer_Super_Output_Areas_December_2021_Boundaries_EW_BGC_V5",
            "LSOA_Dec_2021_Boundaries_Generalised_Clipped_EW_BGC_V2",
        ),
        r"^(lower_layer_super_output_areas?|lsoa)_.*2021.*bgc",
        ("LSOA21CD",),
    ),
    "boundaries lsoa11": _Layer(
        "boundaries of LSOAs 2011",
        ("Lower_Layer_Super_Output_Areas_Dec_2011_Boundaries_Generalised_Clipped_BGC_EW_V3",),
        r"^(lower_layer_super_output_areas?|lsoa)_.*2011.*bgc",
        ("LSOA11CD",),
    ),
    "lookup oa21": _Layer(
        "look-up of Output Areas 2021",
        ("OA21_LAD22_LSOA21_MSOA21_LEP22_EN_LU_V2",),
        r"^oa21.*lsoa21.*lad\d\d.*lu|^oa21_lad\d\d_lsoa21.*lu",
        ("OA21CD", "LSOA21CD"),
    ),
    "lookup oa11": _Layer(
        "look-up of Output Areas 2011",
        ("OA11_LSOA11_MSOA11_LAD11_EW_LUv2",),
        r"^oa11.*lsoa11.*lad\d\d.*lu",
        ("OA11CD", "LSOA11CD"),
    ),
    "lookup lsoa21": _Layer(
        "look-up of LSOAs 2021 to wards",
        ("LSOA21_WD24_LAD24_EW_LU", "LSOA21_WD25_LAD25_EW_LU"),
        r"^lsoa21_wd\d\d_lad\d\d.*lu",
        ("LSOA21CD",),
    ),
    "lookup lsoa11": _Layer(
        "look-up of LSOAs 2011 to wards",
        ("LSOA11_WD19_LAD19_EW_LU",),
        r"^lsoa11_wd\d\d_lad\d\d.*lu",
        ("LSOA11CD",),
    ),
    "changes lsoa": _Layer(
        "look-up of LSOAs 2011 to 2021",
        ("LSOA11_LSOA21_LAD22_EW_LU",),
        r"^lsoa11_lsoa21_lad\d\d.*lu",
        ("LSOA11CD", "LSOA21CD"),
    ),
    "changes oa": _Layer(
        "look-up of Output Areas 2011 to 2021",
        ("OA11_OA21_LAD22_EW_LU",),
        r"^oa11_oa21_lad\d\d.*lu",
        ("OA11CD", "OA21CD"),
    ),
    "wards": _Layer(
        "boundaries of wards",
        ("WD_MAY_2025_UK_BGC", "Wards_May_2024_Boundaries_UK_BGC"),
        r"^(wd|wards?)_.*20(2[4-9]|3\d).*bgc",
        (),
    ),
    "district": _Layer(
        "boundary of the local authority",
        ("LAD_MAY_2025_UK_BGC", "Local_Authority_Districts_May_2024_Boundaries_UK_BGC"),
        r"^(lad|local_authority_districts?)_.*20(2[3-9]|3\d).*bgc",
        (),
    ),
}


# --- asking ----------------------------------------------------------------------------------


def _service_names(net: Internet) -> list[str]:
    """Names of every service that the portal lists today."""
    url = net.address("ons", "", f="json")
    got = net.get(url, "the list of services", check=_must_be_json, fresh=True)
    listed = json.loads(got.body).get("services", [])
    return [str(s["name"]).rpartition("/")[2] for s in listed if s.get("type") == "FeatureServer"]


def _fetch_layer(
    net: Internet, layer: _Layer, where: str | Sequence[str], path: Path, *, geometry: bool = True
) -> Fetched:
    """Fetch the rows of a layer that a condition picks, page by page, and count them.

    Parameters
    ----------
    net : Internet
    layer : _Layer
    where : str or sequence of str
        Conditions (SQL of the service), tried in this order: names of columns drift too.
    path : Path
        GeoJSON file to write, with exactly the rows that the server counts.
    geometry : bool

    Returns
    -------
    Fetched

    Raises
    ------
    FetchError
        If no layer fits, its columns are others, or rows are missing.
    """
    conditions = [where] if isinstance(where, str) else list(where)
    tried: list[str] = []
    for base, columns in _services(net, layer, tried):
        usable = [c for c in conditions if _names_in(c) <= {f.upper() for f in columns}]
        if not usable:
            tried.append(f"{base}: no column for {' or '.join(conditions)} ({_shown(columns)})")
            continue
        rows = _pages(net, base, layer, usable[0], geometry)
        if rows:
            return _written(net, path, base, rows)
        tried.append(f"{base}: no rows where {usable[0]}")
    raise _none_fits(net, layer, tried)


def _fetch_codes(
    net: Internet,
    layer: _Layer,
    column: str,
    codes: Sequence[str],
    path: Path,
    *,
    geometry: bool = True,
) -> Fetched:
    """Fetch the rows of a layer that have these codes, a hundred at a time, none missing.

    Raises
    ------
    FetchError
        If no layer fits, or some codes are not in it.
    """
    tried: list[str] = []
    for base, columns in _services(net, layer, tried):
        own = next((c for c in columns if c.upper() == column.upper()), None)
        if own is None:
            tried.append(f"{base}: no column {column} ({_shown(columns)})")
            continue
        rows: list[dict[str, Any]] = []
        for start in range(0, len(codes), _CODES):
            listed = ",".join(f"'{code}'" for code in codes[start : start + _CODES])
            rows += _pages(net, base, layer, f"{own} IN ({listed})", geometry)
        missing = sorted(set(codes) - {str(row["properties"].get(own)) for row in rows})
        if not missing:
            return _written(net, path, base, rows)
        tried.append(f"{base}: lacks {len(missing):,} of {len(codes):,} codes ({_shown(missing)})")
    raise _none_fits(net, layer, tried)


def _services(net: Internet, layer: _Layer, tried: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Services that fit a layer and their columns: known names first, then the portal's list."""
    for listed in (False, True):
        names: Sequence[str] = layer.names
        if listed:
            fits = [n for n in _service_names(net) if re.search(layer.pattern, n, re.IGNORECASE)]
            names = [n for n in sorted(fits, reverse=True) if n not in layer.names]
        for name in names:
            base = net.address("ons", f"{name}/FeatureServer/0")
            try:
                columns = _fields(net, base, layer)
            except _NotThereError:
                tried.append(f"{name}: not there")
            except _OtherColumnsError as error:
                tried.append(str(error))
            else:
                yield base, columns


class _OtherColumnsError(FetchError):
    """A service of the right name with other columns."""


def _none_fits(net: Internet, layer: _Layer, tried: list[str]) -> FetchError:
    return FetchError(
        f"{net.address('ons')} has no {layer.what} that fits: {'; '.join(tried) or 'none listed'}"
    )


def _written(net: Internet, path: Path, base: str, rows: list[dict[str, Any]]) -> Fetched:
    body = json.dumps({"type": "FeatureCollection", "features": rows}).encode()
    write_file(path, body)
    return Fetched(path, base, hashlib.sha256(body).hexdigest(), net.day)


def _names_in(condition: str) -> set[str]:
    return set(re.findall(r"\b[A-Z]+\d*(?:CD|NM)\b", condition.upper().split("'")[0]))


def _fields(net: Internet, base: str, layer: _Layer) -> list[str]:
    got = net.get(f"{base}?f=json", layer.what, check=_is_layer, fresh=True)
    names = [str(f["name"]) for f in json.loads(got.body).get("fields", [])]
    lacking = [f for f in layer.fields if f.upper() not in {n.upper() for n in names}]
    if lacking:
        raise _OtherColumnsError(
            f"{base} has other columns than expected: {', '.join(lacking)} is missing; it has "
            f"{_shown(names)}"
        )
    return names


def _no_error(path: Path, kind: str) -> None:
    """Errors come with status 200 and say so inside."""
    _must_be_json(path, kind)
    error = json.loads(path.read_bytes()).get("error")
    if error:
        code = error.get("code")
        if code in (404, 400) and "invalid url" in str(error.get("message", "")).lower():
            raise _NotThereError(f"no such service: {error.get('message')}")
        raise _NotWholeError(f"the server says: {error.get('message') or code}")


def _is_layer(path: Path, kind: str) -> None:
    _no_error(path, kind)
    if not json.loads(path.read_bytes()).get("fields"):
        raise _NotWholeError("the reply does not describe a layer")


def _pages(
    net: Internet, base: str, layer: _Layer, where: str, geometry: bool
) -> list[dict[str, Any]]:
    """All rows, smaller pages where a server cannot bear large ones."""
    count_url = f"{base}/query?" + _query(where=where, returnCountOnly="true", f="json")
    total = int(
        json.loads(net.get(count_url, layer.what, check=_no_error, fresh=True).body).get(
            "count", -1
        )
    )
    if total < 0:
        raise FetchError(f"{base} does not count its rows; expected a number")
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    page = _PAGE
    while len(rows) < total:
        url = f"{base}/query?" + _query(
            where=where,
            outFields="*",
            resultRecordCount=page,
            resultOffset=len(rows),
            returnGeometry=str(geometry).lower(),
            outSR=4326,
            f="geojson",
        )
        try:
            got = net.get(url, layer.what, check=_whole_page, fresh=True)
        except _NotThereError:
            raise
        except FetchError:
            if page <= _SMALLEST_PAGE:
                raise
            page = max(_SMALLEST_PAGE, page // 2)
            continue
        new = json.loads(got.body)["features"]
        if not new:
            break
        texts = {json.dumps(row, sort_keys=True) for row in new}
        if len(texts) < len(new) or texts & seen:  # as many as were counted, and others missing
            raise FetchError(
                f"{base} gives the same rows of {layer.what} twice: it passes over where a page "
                "begins; nothing is taken from it"
            )
        seen |= texts
        rows += new
    if len(rows) != total:
        raise FetchError(
            f"{base} counts {total:,} rows of {layer.what} and gave {len(rows):,}; nothing is "
            "taken from a reply that is not whole"
        )
    return rows


def _query(**query: object) -> str:
    return urlencode(query)


def _whole_page(path: Path, kind: str) -> None:
    _no_error(path, kind)
    body = json.loads(path.read_bytes())
    if body.get("type") != "FeatureCollection" or not isinstance(body.get("features"), list):
        raise _NotWholeError("the reply is no collection of features")


# --- reading ---------------------------------------------------------------------------------


def _code_column(source: _Source, wanted: str) -> str | None:
    """The column that holds a code such as ``OA21CD``, whatever its case and spelling."""
    stem = wanted.casefold().removesuffix("cd")
    names = {stem + "cd", stem + "code", stem}
    return next((c for c in source.frame.columns if _plain(c) in names), None)


def _parse_centroids(source: _Source | Path, unit: str) -> pd.DataFrame:
    """Codes and population-weighted centroids of areas.

    Parameters
    ----------
    source : Source or Path
        A table or layer with a code column and positions in degrees or metres.
    unit : str
        A key of `_UNITS`.

    Returns
    -------
    DataFrame
        ``id, lon, lat``; other columns as they stand.

    Raises
    ------
    StudyError
        If a column is missing: the message says which were there.
    """
    table = source if isinstance(source, _Source) else _read_source(source)
    code = _code_column(table, _UNITS[unit][0])
    if code is None:
        raise StudyError(
            f"{table.file} has no column {_UNITS[unit][0]}; it has "
            f"{_shown(list(table.frame.columns))}"
        )
    found = _propose([c for c in table.frame.columns if c != code], "places").columns
    if table.lonlat is not None and table.shapes is None:
        lonlat = table.lonlat
    elif {"lon", "lat"} <= set(found):
        lonlat = _numbers(table.frame, [found["lon"], found["lat"]])
        if np.nanmax(np.abs(lonlat)) > 180:
            lonlat = unproject(lonlat, BRITISH_GRID)
    elif {"easting", "northing"} <= set(found):
        lonlat = unproject(
            _numbers(table.frame, [found["easting"], found["northing"]]), BRITISH_GRID
        )
    else:
        raise StudyError(
            f"{table.file} has no positions of its areas; "
            f"it has {_shown(list(table.frame.columns))}"
        )
    # a column called id is the file's own number of a row
    out = table.frame.drop(columns=[c for c in table.frame if c in (code, "id")]).assign(
        lon=lonlat[:, 0].round(6), lat=lonlat[:, 1].round(6)
    )
    out.insert(0, "id", table.frame[code].to_numpy())
    return out


def _numbers(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    return np.asarray(frame[columns].apply(pd.to_numeric, errors="coerce"), float)


def _parse_boundaries(source: _Source | Path, code: str) -> gpd.GeoSeries:
    """Polygons by code, in WGS84.

    Raises
    ------
    StudyError
        If the file holds no polygons, or no such code.
    """
    table = source if isinstance(source, _Source) else _read_source(source)
    column = _code_column(table, code)
    if table.shapes is None or column is None:
        raise StudyError(
            f"{table.file} holds no polygons with a column {code}; it has "
            f"{_shown(list(table.frame.columns))}"
        )
    series = gpd.GeoSeries(table.shapes.to_numpy(), index=table.frame[column].to_numpy(), crs=4326)
    return series[~series.index.duplicated()]


def _parse_lookup(source: _Source | Path, left: str, right: str) -> pd.DataFrame:
    """Pairs of codes: what belongs to what.

    Returns
    -------
    DataFrame
        Two columns, `left` and `right` in small letters, each pair once.
    """
    table = source if isinstance(source, _Source) else _read_source(source)
    columns = [_code_column(table, left), _code_column(table, right)]
    if None in columns:
        raise StudyError(
            f"{table.file} lacks {left} or {right}; it has {_shown(list(table.frame.columns))}"
        )
    out = table.frame[columns].copy()
    out.columns = pd.Index([left.lower(), right.lower()])
    return out[(out != "").all(axis=1)].drop_duplicates(ignore_index=True)
