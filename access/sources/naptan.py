"""Stops of public transport: NaPTAN of the Department for Transport."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import StudyError
from access.sources.cells import read_numbers, shown
from access.sources.columns import propose
from access.sources.download import Fetched, Internet, must_be
from access.sources.tables import Source, plain, read_source
from access.units import BRITISH_GRID, unproject

SOURCE = "Department for Transport: National Public Transport Access Nodes (NaPTAN)"
LICENCE = "Open Government Licence v3.0"


def fetch_stops(net: Internet, area_codes: str = "") -> Fetched:
    """Fetch the stops of some areas (``"370"`` is South Yorkshire), or of all.

    Raises
    ------
    FetchError
    """
    query = {"dataFormat": "csv"} | ({"atcoAreaCodes": area_codes} if area_codes else {})
    check = must_be(b"ATCOCode", b"\xef\xbb\xbfATCOCode", b'"ATCOCode', what="a table of stops")
    return net.get(net.address("naptan", "access-nodes", **query), "stops", check=check)


def parse_stops(source: Source | Path) -> tuple[pd.DataFrame, list[str]]:
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
    table = source if isinstance(source, Source) else read_source(source)
    names = {plain(c): c for c in table.frame.columns}
    id_ = names.get("atcocode") or names.get("id")
    found = propose(list(table.frame.columns), "places").columns
    degrees, metres = {"lon", "lat"} <= set(found), {"easting", "northing"} <= set(found)
    if id_ is None or not (degrees or metres):
        raise StudyError(
            f"{table.file} is no table of stops: it has "
            f"{shown(list(table.frame.columns))}; expected ATCOCode and a position"
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
    return np.column_stack([read_numbers(table.frame[c].tolist()).cells for c in (x, y)])


def places_of(stops: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """Names of localities at the middle of their stops, those with the most stops first.

    Parameters
    ----------
    stops : DataFrame
        As `parse_stops` gives them.
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
