"""Postcodes and where they lie: Code-Point Open of the Ordnance Survey, or a table like it."""

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
from access.sources.cells import shown
from access.sources.columns import columns_of, propose
from access.sources.download import Fetched, Internet, must_be
from access.sources.tables import check_packed, decode, plain, read_source
from access.units import BRITISH_GRID, unproject

#: Columns of a file without headers, as the product's guide gives them.
COLUMNS = (
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
POSTCODE = re.compile(r"^([A-Z]{1,2}[0-9][A-Z0-9]?)\s*([0-9][A-Z]{2})$")
#: Positional quality at which the product gives no position.
_NO_POSITION = 90
LICENCE = (
    "Open Government Licence v3.0; contains OS data © Crown copyright and database right; "
    "contains Royal Mail data © Royal Mail copyright and database right; contains National "
    "Statistics data © Crown copyright and database right"
)
SOURCE = "Ordnance Survey: Code-Point Open"


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
        wanted = [tidy_postcode(p) or "" for p in postcodes]
        return self.frame.reindex(wanted)[["lon", "lat"]].to_numpy(float)

    def near(self, postcode: str) -> str:
        """A postcode that differs in a letter, for a message; empty where there is none."""
        tidy = tidy_postcode(postcode) or postcode
        sector = tidy[:-2]
        same = [p for p in self.frame.index if p.startswith(sector)][:200]
        return next(iter(difflib.get_close_matches(tidy, same, n=1, cutoff=0.8)), "")


def tidy_postcode(text: str) -> str | None:
    """A postcode as it is written (``S60 1AE``); None where a text is not one.

    Examples
    --------
    >>> tidy_postcode(" s601ae "), tidy_postcode("Town Hall")
    ('S60 1AE', None)
    """
    found = POSTCODE.match("".join(str(text).upper().split()))
    return f"{found[1]} {found[2]}" if found else None


def is_code_point(row: Sequence[str]) -> bool:
    """Whether a first row is one of the product, which has no headers."""
    return len(row) >= len(COLUMNS) and bool(tidy_postcode(row[0])) and row[1].strip().isdigit()


def read_postcodes(
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
        text, _ = decode(body, name)
        first = next(csv.reader(io.StringIO(text)), [])
        if is_code_point(first):
            frame = pd.read_csv(
                io.StringIO(text),
                header=None,
                dtype=str,
                keep_default_na=False,
                usecols=range(len(COLUMNS)),
            )
            frame.columns = pd.Index(COLUMNS)
            frames.append(frame)
        elif path.is_file() and path.suffix.casefold() != ".zip":
            frames, headed = [_headed(path)], True
        elif plain(first[0] if first else "") not in ("pc", "postcode"):
            raise StudyError(
                f"{path.name}: {name} is no file of Code-Point Open (its first row is "
                f"{shown(first)}); expected postcode, quality, easting, northing, ..."
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
        check_packed(path, path.name)
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
    source = read_source(
        path, known=frozenset().union(*(c.headers() for c in columns_of("postcodes")))
    )
    found = propose(list(source.frame.columns), "postcodes").columns
    if "postcode" not in found or not (
        {"lon", "lat"} <= set(found) or {"easting", "northing"} <= set(found)
    ):
        raise StudyError(
            f"{path.name} has no postcode with a position; its columns are "
            f"{shown(list(source.frame.columns))}"
        )
    frame = source.frame.rename(columns={theirs: ours for ours, theirs in found.items()})
    for ours, names in (
        ("district", ("ladcd", "district", "oslaua", "lad", "laua", "lad24cd", "lad25cd")),
        ("ward", ("wardcd", "ward", "osward", "wd24cd", "wd25cd")),
        ("quality", ("positionalquality", "quality", "osgrdind")),
    ):
        if ours not in frame:
            at = next((c for c in frame if plain(c) in names), None)
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
    postcode = frame["postcode"].map(tidy_postcode)
    bad = frame.loc[postcode.isna(), "postcode"].tolist()
    if bad:
        notes.append(f"{len(bad):,} rows without a readable postcode left out ({shown(bad)}).")
    frame = frame.assign(postcode=postcode)[postcode.notna()]
    total = len(frame)
    if districts is not None and (frame["district"] != "").any():
        own = frame["district"].isin(list(districts))
        if not own.any():
            have = shown(sorted(set(frame["district"]))[:5])
            raise StudyError(
                f"{name} holds no postcode of {shown(list(districts))}; it holds {have}"
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


def fetch_postcodes(net: Internet) -> Fetched:
    """Fetch Code-Point Open of Great Britain, the zip as it is.

    Raises
    ------
    FetchError
    """
    url = net.address("os", "CodePointOpen/downloads", area="GB", format="CSV") + "&redirect"
    return net.get(url, "Code-Point Open", check=must_be(b"PK", what="a zip file"))
