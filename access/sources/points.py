"""Where postcodes and stops lie, and figures of areas changed from one geography to another."""

from __future__ import annotations

import csv
import difflib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError, StudyError
from access.sources.columns import _columns_of, _plain, _propose, _read_numbers, _shown
from access.sources.http import Fetched, Internet, _is_zip, _must_be
from access.sources.tables import _check_packed, _decode, _read_source, _Source
from access.units import BRITISH_GRID, project, unproject

# Where postcodes and stops lie: Code-Point Open, NaPTAN, and tables like them.

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
_POSTCODES_LICENCE = (
    "Open Government Licence v3.0; contains OS data © Crown copyright and database right; "
    "contains Royal Mail data © Royal Mail copyright and database right; contains National "
    "Statistics data © Crown copyright and database right"
)
_POSTCODES_SOURCE = "Ordnance Survey: Code-Point Open"


@dataclass(frozen=True)
class _Postcodes:
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
    *pieces: Path,
    districts: Sequence[str] | None = None,
    near: tuple[float, float, float, float] | None = None,
) -> _Postcodes:
    """Read Code-Point Open (zip, folder or CSV), or any table with postcodes and positions.

    Parameters
    ----------
    path : Path
    *pieces : Path
        Further files of Code-Point Open, which is one a postcode area.
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
    for name, body in (part for one in (path, *pieces) for part in _files(one)):
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
    names = ", ".join(one.name for one in (path, *pieces))
    return _placed(pd.concat(frames, ignore_index=True), names, districts, near, headed)


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
        ("district", r"lad(\d\d)?(cd)?|district|oslaua|laua"),
        ("ward", r"wd(\d\d)?(cd)?|ward(cd)?|osward"),
        ("quality", "positionalquality|quality|osgrdind"),
    ):
        if ours not in frame:
            at = next((c for c in frame if re.fullmatch(names, _plain(c))), None)
            frame[ours] = frame[at] if at else ""
    return frame


def _placed(
    frame: pd.DataFrame,
    name: str,
    districts: Sequence[str] | None,
    near: tuple[float, float, float, float] | None,
    headed: bool,
) -> _Postcodes:
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
    # the ONS directories put a postcode without a position at a latitude of 99.999999
    there = np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat[:, 1]) <= 90)
    ok = there & (quality < _NO_POSITION).to_numpy()
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
    return _Postcodes(out[~twice].set_index("postcode").sort_index(), tuple(notes))


def _fetch_postcodes(net: Internet) -> Fetched:
    """Fetch Code-Point Open of Great Britain, the zip as it is.

    Raises
    ------
    FetchError
    """
    url = net.address("os", "CodePointOpen/downloads", area="GB", format="CSV") + "&redirect"
    return net.get(url, "Code-Point Open", check=_is_zip)


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


def _parse_stops(source: _Source | Path) -> tuple[pd.DataFrame, list[str]]:
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
    table = source if isinstance(source, _Source) else _read_source(source)
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


def _pair(table: _Source, x: str, y: str) -> np.ndarray:
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


# ------------------------------------------------------------------------------
# Change of geography: figures of 2011 areas for 2021 areas and back, totals kept.


@dataclass(frozen=True)
class _Converted:
    """Figures on other areas than they were published for.

    Parameters
    ----------
    frame : DataFrame
        Indexed by the new areas' ids; counts sum to the old ones' totals.
    estimated : Series of bool
        Areas whose figures are estimates: split, merged with another, or both.
    notes : tuple of str
        What was done, in sentences for the study's notes.
    """

    frame: pd.DataFrame
    estimated: pd.Series
    notes: tuple[str, ...]


def _convert_counts(
    counts: pd.DataFrame, lookup: pd.DataFrame, people: pd.Series, *, whole: bool = True
) -> _Converted:
    """Bring counts from one set of areas to another.

    Parameters
    ----------
    counts : DataFrame
        Indexed by the old areas' ids; numbers of 0 or more.
    lookup : DataFrame
        Two columns, old id and new id, each pair once: unchanged, split, merged or both.
    people : Series
        Residents of the new areas, by which a split area is shared.
    whole : bool
        Keep counts whole (largest remainder) where they were.

    Returns
    -------
    _Converted

    Raises
    ------
    StudyError
        If an old area with counts has no new one, or nobody lives in any of its parts.

    Examples
    --------
    >>> counts = pd.DataFrame({"children": [11, 5, 4]}, index=["A", "B", "C"])
    >>> pairs = pd.DataFrame({"old": ["A", "A", "B", "C"], "new": ["A1", "A2", "M", "M"]})
    >>> people = pd.Series({"A1": 200, "A2": 100, "M": 300})
    >>> _convert_counts(counts, pairs, people).frame["children"].to_dict()
    {'A1': 7, 'A2': 4, 'M': 9}
    """
    old, new = lookup.columns[:2]
    pairs = lookup[[old, new]].drop_duplicates()
    lost = counts.index[(counts.sum(axis=1) > 0) & ~counts.index.isin(pairs[old])].tolist()
    if lost:
        raise StudyError(
            f"{len(lost):,} areas hold counts and are not in the look-up ({_shown(lost)}): it is "
            "of another place or year; their counts would be lost"
        )
    if not counts.index.is_unique:
        raise ParameterError("counts must have every area once")
    pairs = pairs[pairs[old].isin(counts.index)]
    ids = list(dict.fromkeys(pairs[new]))
    index = pd.Index(ids, name="id")
    shared = np.zeros((len(ids), counts.shape[1]))
    living = people.reindex(ids).to_numpy(float)
    totals = dict(zip(counts.index, counts.to_numpy(float), strict=True))
    for area, parts in pairs.groupby(old, sort=True)[new]:
        places = index.get_indexer(parts)
        weights = living[places]
        if len(parts) == 1:
            weights = np.ones(1)
        elif not np.isfinite(weights).all():
            missing = parts[~np.isfinite(weights)].tolist()
            raise StudyError(
                f"residents of {_shown(missing)} are not known: {area} cannot be shared"
            )
        elif weights.sum() <= 0:
            raise StudyError(
                f"nobody lives in the parts of {area} ({_shown(list(parts))}); its "
                "counts cannot be shared by residents"
            )
        for column, total in enumerate(totals[area].tolist()):
            keep_whole = whole and total.is_integer()
            shared[places, column] += _share(total, weights, whole=keep_whole)
    out = pd.DataFrame(shared, index=index, columns=counts.columns)
    estimated = _touched(pairs, old, new).reindex(ids)
    if whole and all(pd.api.types.is_integer_dtype(t) for t in counts.dtypes):
        out = out.astype("int64")
    return _Converted(out, estimated, _words(pairs, old, new, estimated))


def _share(total: float, weights: ArrayLike, *, whole: bool) -> NDArray[np.float64]:
    """Share a total by weights; whole numbers by largest remainder, ties to the earlier part.

    Examples
    --------
    >>> _share(10, [1, 1, 1], whole=True).tolist()
    [4.0, 3.0, 3.0]
    """
    w = np.asarray(weights, float)
    exact: NDArray[np.float64] = total * w / w.sum()
    if not whole:
        return exact
    parts: NDArray[np.float64] = np.floor(np.round(exact, 9))
    order = np.argsort(-np.round(exact - parts, 9), kind="stable")
    parts[order[: round(total - parts.sum())]] += 1
    return parts


def _touched(pairs: pd.DataFrame, old: str, new: str) -> pd.Series:
    """Whether a new area takes from an old one that was split."""
    parts = pairs.groupby(old)[new].transform("size")
    return (parts > 1).groupby(pairs[new]).any()


def _words(pairs: pd.DataFrame, old: str, new: str, estimated: pd.Series) -> tuple[str, ...]:
    split = int((pairs.groupby(old)[new].size() > 1).sum())
    merged = int((pairs.groupby(new)[old].size() > 1).sum())
    same = len(estimated) - int(estimated.sum()) - merged
    said = [
        f"Figures brought from {pairs[old].nunique():,} areas to {len(estimated):,}: "
        f"{max(same, 0):,} as they were, {merged:,} merged (added up), {split:,} split."
    ]
    if estimated.any():
        said.append(
            f"{int(estimated.sum()):,} areas are parts of split ones: their counts are "
            "estimates, shared by residents, totals kept."
        )
    return tuple(said)


def _convert_ranks(
    ranks: pd.DataFrame, lookup: pd.DataFrame, people: pd.Series | None
) -> _Converted:
    """Bring ranks or deciles to other areas: a part takes its whole's, a merged one the mean.

    Parameters
    ----------
    ranks : DataFrame
        Indexed by the old areas' ids.
    lookup : DataFrame
        Old id, new id.
    people : Series or None
        Residents of the old areas, which weigh the parts of a merged area; None where nobody
        knows them: the parts then count alike.

    Returns
    -------
    _Converted
        Rounded to whole ranks; those of split and merged areas are estimates.
    """
    old, new = lookup.columns[:2]
    pairs = lookup[lookup[old].isin(ranks.index)][[old, new]].drop_duplicates()
    weight = (pd.Series() if people is None else people).reindex(pairs[old]).to_numpy(float)
    rows = {}
    for area, at in pairs.reset_index(drop=True).groupby(new, sort=True).groups.items():
        w = weight[at]
        w = np.where(np.isfinite(w) & (w > 0), w, 0)
        w = w if w.sum() > 0 else np.ones(len(at))
        values = ranks.loc[pairs[old].iloc[at]].to_numpy(float)
        rows[area] = np.round(np.average(values, axis=0, weights=w))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(ranks.columns))
    merged = pairs.groupby(new)[old].size() > 1
    estimated = (_touched(pairs, old, new) | merged).reindex(frame.index)
    note = (
        f"Ranks of {int(estimated.sum()):,} areas that were split or merged are estimates: "
        "a part has its whole's rank, a merged area the "
        f"{'plain mean of its parts' if people is None else 'mean by residents'}.",
    )
    return _Converted(frame, estimated, note if estimated.any() else ())


def _boundaries_from_former(
    areas: pd.DataFrame, former: gpd.GeoSeries, parents: gpd.GeoSeries
) -> tuple[gpd.GeoSeries, int]:
    """Boundaries of areas, most of which kept their code, their extent and so their boundary.

    Parameters
    ----------
    areas : DataFrame
        ``id, parent, lon, lat``.
    former : GeoSeries
        Polygons (WGS84) of the census before, by code.
    parents : GeoSeries
        Polygons (WGS84) of today's larger areas, by code.

    Returns
    -------
    GeoSeries
        One polygon an area (WGS84), in the order of `areas`.
    int
        How many are estimates: what the parent's other areas leave, each spot to the nearest
        of the new areas' centroids.

    Raises
    ------
    StudyError
        If an area has neither a former boundary nor a parent's to be cut from.
    """
    kept = areas["id"].isin(former.index).to_numpy()
    shapes = pd.Series(index=areas["id"], dtype=object)
    metric = former.to_crs(BRITISH_GRID)
    shapes.loc[areas["id"][kept]] = metric.loc[areas["id"][kept]].to_numpy()
    whole = parents.to_crs(BRITISH_GRID)
    for parent, rows in areas[~kept].groupby("parent", sort=True):
        if parent not in whole.index:
            raise StudyError(f"no boundary of {parent}, in which {_shown(rows['id'].tolist())} lie")
        others = areas[kept & (areas["parent"] == parent).to_numpy()]["id"]
        left = shapely.make_valid(whole.loc[parent])
        if len(others):
            left = shapely.difference(left, shapely.union_all(shapes.loc[others].to_list()))
        points = project(rows["lon"], rows["lat"], BRITISH_GRID)
        for id_, shape in zip(rows["id"], _nearest_parts(left, points), strict=True):
            shapes.loc[id_] = shape
    done = gpd.GeoSeries([_flat(s) for s in shapes], index=areas["id"], crs=BRITISH_GRID)
    return done.to_crs(4326), int((~kept).sum())


def _nearest_parts(ground: shapely.Geometry, points: NDArray[np.float64]) -> list[shapely.Geometry]:
    """Ground cut into what lies nearest to each point."""
    if len(points) == 1:
        return [ground]
    cells = shapely.get_parts(
        shapely.voronoi_polygons(
            shapely.multipoints(points), extend_to=shapely.envelope(ground).buffer(1000)
        )
    )
    holder = shapely.STRtree(cells).query(shapely.points(points), predicate="intersects")
    cell = {int(p): cells[c] for p, c in zip(*holder, strict=True)}
    return [shapely.intersection(ground, cell[i]) for i in range(len(points))]


def _flat(shape: shapely.Geometry) -> shapely.Geometry:
    """Only what is ground of a shape: no stray points and lines, no slivers of a metre."""
    valid = shapely.make_valid(shape)
    parts = [p for p in shapely.get_parts(shapely.get_parts(valid)) if p.geom_type == "Polygon"]
    wide = [p for p in parts if p.area > 50] or parts
    return shapely.union_all(wide) if len(wide) != 1 else wide[0]
