"""The outlines of areas: read from a file, and joined to the areas by id."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from access.errors import Fault
from access.units import WGS84


def read_shapes(path: Path, areas: pd.DataFrame) -> tuple[gpd.GeoSeries | None, list[Fault]]:
    """Read one polygon an area, and find everything that is wrong with them.

    Parameters
    ----------
    path : Path
        A GeoJSON or GeoPackage with a column ``id``; in any stated CRS. Further shapes are let be.
    areas : DataFrame
        ``id lon lat``.

    Returns
    -------
    GeoSeries or None
        Polygons in WGS84 in the order of `areas`, indexed by id; None where there are faults.
    list of Fault
    """
    if not path.is_file():
        return None, [Fault("study.toml", "areas", "shapes", path.name,
                            f"a GeoJSON or GeoPackage of this name in {path.parent}")]  # fmt: skip
    try:
        frame = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        return None, [Fault(path.name, "", "", "", f"a GeoJSON or GeoPackage ({error})")]
    if "id" not in frame or not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        return None, [Fault(path.name, "", "id", "", "shapes in a stated CRS, with a column id")]
    frame["id"] = frame["id"].astype(str)
    faults = _shape_faults(frame, areas, path.name)
    if faults:
        return None, faults
    return frame.set_index("id").loc[list(areas["id"]), "geometry"].to_crs(WGS84), []


def _shape_faults(frame: gpd.GeoDataFrame, areas: pd.DataFrame, file: str) -> list[Fault]:
    wanted = set(areas["id"])
    own = frame[frame["id"].isin(wanted)]
    faults = [
        Fault(file, id_, "id", "twice or more", "one shape an area")
        for id_ in sorted(set(own.loc[own["id"].duplicated(), "id"]))
    ]
    missing = sorted(wanted - set(own["id"]))
    if missing:
        faults.append(
            Fault(file, "", "id", f"{len(missing)} areas without a shape, first {missing[0]!r}",
                  "a shape for every area")
        )  # fmt: skip
    shapes = own.geometry.to_numpy()
    flat = (shapely.get_dimensions(shapes) == 2) & ~shapely.is_empty(shapes)
    flat &= shapely.is_valid(shapes)
    faults += [
        Fault(file, id_, "geometry", "", "a valid polygon that is not empty")
        for id_ in own["id"].to_numpy()[~flat]
    ]
    return faults
