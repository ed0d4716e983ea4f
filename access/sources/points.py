"""Where postcodes and stops lie: Code-Point Open, NaPTAN, and tables like them."""

from __future__ import annotations

import csv
import difflib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import StudyError
from access.sources.columns import _columns_of, _plain, _propose, _read_numbers, _shown
from access.sources.http import Fetched, Internet, _must_be
from access.sources.tables import Source, _check_packed, _decode, _read_source
from access.units import BRITISH_GRID, unproject

#: Columns of a file without headers, as the product's guide gives them.
_COLUMNS = (
    "postcode",
    "quality",
    "easting",
    "northing",
    "country",
    "nhs_region",
    "nhs_ha",
    "county",
    "district",
    "ward",
)
_POSTCODE = re.compile(r"^([A-Z]{1,2}[0-9][A-Z0-9]?)\s*([0-9][A-Z]{2})$")
#: Positional quality at which the product gives no position.
_NO_POSITION = 90
POSTCODES_LICENCE = (
    "Open Government Licence v3.0; contains OS data © Crown copyright and database right; "
    "contains Royal Mail data © Royal Mail copyright and database right; contains National "
    "Statistics data © Crown copyright and database right"
)
POSTCODES_SOURCE = "Ordnance Survey: Code-Point Open"


@dataclass(frozen=True)
class Postcodes:
    """Postcodes with their positions.

    Parameters
    ----------
    frame : DataFrame
        Indexed by postcode (``S60 1AE``): ``lon, lat`` (WGS84 degrees), ``district``, ``ward``.
    notes : tuple of str
        How it was read.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()

    def find(self, postcodes: Iterable[str]) -> np.ndarray:
        """Longitude and latitude of each postcode; ``nan`` where it is not in the file."""
        wanted = [_tidy_postcode(p) or "" for p in postcodes]
        return self.frame.reindex(wanted)[["lon", "lat"]].to_numpy(float)

    def near(self, postcode: str) -> str:
        """A postcode that differs in a letter, for a message; empty where there is none."""
        tidy = _tidy_postcode(postcode) or postcode
        sector = tidy[:-2]
        same = [p for p in self.frame.index if p.startswith(sector)][:200]
        return next(iter(difflib.get_close_matches(tidy, same, n=1, cutoff=0.8)), "")


def _tidy_postcode(text: str) -> str | None:
    """A postcode as it is written (``S60 1AE``); None where a text is not one.

    Examples
    --------
    >>> _tidy_postcode(" s601ae "), _tidy_postcode("Town Hall")
    ('S60 1AE', None)
    """
    found = _POSTCODE.match("".join(str(text).upper().split()))
    return f"{found[1]} {found[2]}" if found else None


def _is_code_point(row: Sequence[str]) -> bool:
    """Whether a first row is one of the product, which has no headers."""
    return len(row) >= len(_COLUMNS) and bool(_tidy_postcode(row[0])) and row[1].strip().isdigit()


def _read_postcodes(
    path: Path,
    *,
    districts: Sequence[str] | None = None,
    near: tuple[float, float, float, float] | None = None,
) -> Postcodes:
    """Read Code-Point Open (zip, folder or CSV), or any table with postcodes and positions.

    Parameters
    ----------
    path : Path
    districts : sequence of str, optional
        District codes that are kept: a postcode's outcode does not tell its council.
    near : tuple of float, optional
        West, south, east, north in degrees: only postcodes inside are kept.

    Returns
    -------
    Postcodes

    Raises
    ------
    StudyError
        If the file is of another form, or holds none of the districts.
    """
    path = Path(path)
    frames, headed = [], False
    for name, body in _files(path):
        text, _ = _decode(body, name)
        first = next(csv.reader(io.StringIO(text)), [])
        if _is_code_point(first):
            frame = pd.read_csv(
                io.StringIO(text),
                header=None,
                dtype=str,
                keep_default_na=False,
                usecols=range(len(_COLUMNS)),
            )
            frame.columns = pd.Index(_COLUMNS)
            frames.append(frame)
        elif path.is_file() and path.suffix.casefold() != ".zip":
            frames, headed = [_headed(path)], True
        elif _plain(first[0] if first else "") not in ("pc", "postcode"):
            raise StudyError(
                f"{path.name}: {name} is no file of Code-Point Open (its first row is "
                f"{_shown(first)}); expected postcode, quality, easting, northing, ..."
            )
    if not frames:
        raise StudyError(f"{path} holds no postcodes; expected the CSV files of Code-Point Open")
    return _placed(pd.concat(frames, ignore_index=True), path.name, districts, near, headed)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        files = sorted(p for p in path.rglob("*.csv") if p.is_file() and "Doc" not in p.parts)
        for file in files:
            yield file.name, file.read_bytes()
    elif path.suffix.casefold() == ".zip":
        _check_packed(path, path.name)
        with zipfile.ZipFile(path) as archive:
            for part in sorted(archive.namelist()):
                if part.casefold().endswith(".csv") and "/csv/" in f"/{part.casefold()}":
                    yield part, archive.read(part)
    else:
        if not path.is_file():
            raise StudyError(f"{path} is not there; expected Code-Point Open as CSV, zip or folder")
        yield path.name, path.read_bytes()


def _headed(path: Path) -> pd.DataFrame:
    """A table with headers: ours, the ONS directory's, a council's."""
    source = _read_source(
        path, known=frozenset().union(*(c.headers() for c in _columns_of("postcodes")))
    )
    found = _propose(list(source.frame.columns), "postcodes").columns
    if "postcode" not in found or not (
        {"lon", "lat"} <= set(found) or {"easting", "northing"} <= set(found)
    ):
        raise StudyError(
            f"{path.name} has no postcode with a position; its columns are "
            f"{_shown(list(source.frame.columns))}"
        )
    frame = source.frame.rename(columns={theirs: ours for ours, theirs in found.items()})
    for ours, names in (
        ("district", ("ladcd", "district", "oslaua", "lad", "laua", "lad24cd", "lad25cd")),
        ("ward", ("wardcd", "ward", "osward", "wd24cd", "wd25cd")),
        ("quality", ("positionalquality", "quality", "osgrdind")),
    ):
        if ours not in frame:
            at = next((c for c in frame if _plain(c) in names), None)
            frame[ours] = frame[at] if at else ""
    return frame


def _placed(
    frame: pd.DataFrame,
    name: str,
    districts: Sequence[str] | None,
    near: tuple[float, float, float, float] | None,
    headed: bool,
) -> Postcodes:
    notes = []
    postcode = frame["postcode"].map(_tidy_postcode)
    bad = frame.loc[postcode.isna(), "postcode"].tolist()
    if bad:
        notes.append(f"{len(bad):,} rows without a readable postcode left out ({_shown(bad)}).")
    frame = frame.assign(postcode=postcode)[postcode.notna()]
    total = len(frame)
    if districts is not None and (frame["district"] != "").any():
        own = frame["district"].isin(list(districts))
        if not own.any():
            have = _shown(sorted(set(frame["district"]))[:5])
            raise StudyError(
                f"{name} holds no postcode of {_shown(list(districts))}; it holds {have}"
            )
        notes.append(f"{total:,} postcodes read; {(~own).sum():,} of them lie in other districts.")
        frame = frame[own]
    quality = pd.to_numeric(frame["quality"], errors="coerce").fillna(10)
    if headed and {"lon", "lat"} <= set(frame):
        lonlat = frame[["lon", "lat"]].apply(pd.to_numeric, errors="coerce").to_numpy()
    else:
        grid = (
            frame[["easting", "northing"]]
            .apply(pd.to_numeric, errors="coerce")
            .to_numpy(float, copy=True)
        )
        grid[(grid <= 0).any(axis=1)] = np.nan
        lonlat = unproject(grid, BRITISH_GRID).round(6)
    ok = np.isfinite(lonlat).all(axis=1) & (quality < _NO_POSITION).to_numpy()
    if (~ok).any():
        notes.append(f"{(~ok).sum():,} postcodes have no position in the file and are left out.")
    if near is not None:
        inside = (near[0] <= lonlat[:, 0]) & (lonlat[:, 0] <= near[2])
        inside &= (near[1] <= lonlat[:, 1]) & (lonlat[:, 1] <= near[3])
        ok &= inside
    out = pd.DataFrame(
        {
            "postcode": frame["postcode"].to_numpy()[ok],
            "lon": lonlat[ok, 0],
            "lat": lonlat[ok, 1],
            "district": frame["district"].to_numpy()[ok],
            "ward": frame["ward"].to_numpy()[ok],
        }
    )
    twice = out["postcode"].duplicated()
    if twice.any():
        notes.append(f"{twice.sum():,} postcodes stand twice; the first of each is kept.")
    return Postcodes(out[~twice].set_index("postcode").sort_index(), tuple(notes))


def _fetch_postcodes(net: Internet) -> Fetched:
    """Fetch Code-Point Open of Great Britain, the zip as it is.

    Raises
    ------
    FetchError
    """
    url = net.address("os", "CodePointOpen/downloads", area="GB", format="CSV") + "&redirect"
    return net.get(url, "Code-Point Open", check=_must_be(b"PK", what="a zip file"))


STOPS_SOURCE = "Department for Transport: National Public Transport Access Nodes (NaPTAN)"
STOPS_LICENCE = "Open Government Licence v3.0"


def fetch_stops(net: Internet, area_codes: str = "") -> Fetched:
    """Fetch the stops of some areas (``"370"`` is South Yorkshire), or of all.

    Raises
    ------
    FetchError
    """
    query = {"dataFormat": "csv"} | ({"atcoAreaCodes": area_codes} if area_codes else {})
    check = _must_be(b"ATCOCode", b"\xef\xbb\xbfATCOCode", b'"ATCOCode', what="a table of stops")
    return net.get(net.address("naptan", "access-nodes", **query), "stops", check=check)


def _parse_stops(source: Source | Path) -> tuple[pd.DataFrame, list[str]]:
    """Stops with a position.

    Parameters
    ----------
    source : Source or Path
        The service's CSV, or a table like it.

    Returns
    -------
    DataFrame
        ``id, name, lon, lat, locality, type``.
    list of str
        What was converted or left out.

    Raises
    ------
    StudyError
        If a column is missing.
    """
    table = source if isinstance(source, Source) else _read_source(source)
    names = {_plain(c): c for c in table.frame.columns}
    id_ = names.get("atcocode") or names.get("id")
    found = _propose(list(table.frame.columns), "places").columns
    degrees, metres = {"lon", "lat"} <= set(found), {"easting", "northing"} <= set(found)
    if id_ is None or not (degrees or metres):
        raise StudyError(
            f"{table.file} is no table of stops: it has "
            f"{_shown(list(table.frame.columns))}; expected ATCOCode and a position"
        )
    lonlat = np.full((len(table.frame), 2), np.nan)
    notes = []
    if metres:
        lonlat = unproject(_pair(table, found["easting"], found["northing"]), BRITISH_GRID)
    if degrees:
        own = _pair(table, found["lon"], found["lat"])
        lonlat = np.where(np.isfinite(own).all(axis=1)[:, None], own, lonlat)
    status = (
        table.frame[names["status"]].str.casefold()
        if "status" in names
        else pd.Series("", index=table.frame.index)
    )
    gone = status.isin(["inactive", "del", "deleted"]).to_numpy()
    placed = np.isfinite(lonlat).all(axis=1)
    if gone.any():
        notes.append(f"{gone.sum():,} stops that are not in use are left out.")
    if (~placed & ~gone).any():
        notes.append(f"{(~placed & ~gone).sum():,} stops without a position are left out.")
    keep = placed & ~gone
    text = {
        ours: names.get(theirs)
        for ours, theirs in (
            ("name", "commonname"),
            ("locality", "localityname"),
            ("type", "stoptype"),
        )
    }
    text["name"] = text["name"] or names.get("name")
    out = pd.DataFrame(
        {"id": table.frame[id_], "lon": lonlat[:, 0].round(6), "lat": lonlat[:, 1].round(6)}
    )
    for ours, theirs in text.items():
        out[ours] = table.frame[theirs] if theirs else ""
    return out[keep].reset_index(drop=True), notes


def _pair(table: Source, x: str, y: str) -> np.ndarray:
    return np.column_stack([_read_numbers(table.frame[c].tolist()).cells for c in (x, y)])


def _places_of(stops: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """Names of localities at the middle of their stops, those with the most stops first.

    Parameters
    ----------
    stops : DataFrame
        As `_parse_stops` gives them.
    most : int

    Returns
    -------
    DataFrame
        ``name, lon, lat, rank``.
    """
    named = stops[stops["locality"] != ""]
    groups = named.groupby("locality", sort=True)
    frame = groups[["lon", "lat"]].median().round(6).assign(stops=groups.size())
    frame = frame.sort_values("stops", ascending=False, kind="stable").head(most)
    frame["rank"] = range(1, len(frame) + 1)
    return frame.reset_index(names="name")[["name", "lon", "lat", "rank"]]
