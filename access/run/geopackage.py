"""GeoPackages for QGIS, the same bytes for the same layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from access.escape import column_names
from access.results import StudyResults
from access.run.answers_hubs import hub_points
from access.run.tables import area_table
from access.units import WGS84


def write_layers(path: Path, layers: Iterable[tuple[str, pd.DataFrame]]) -> None:
    """Write tables and layers into one GeoPackage.

    Parameters
    ----------
    path : Path
        A ``.gpkg`` that is not there yet.
    layers : iterable of (str, DataFrame or GeoDataFrame)
    """
    # GDAL would write the clock into the file; a fixed date keeps the same inputs the same bytes
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        for number, (name, given) in enumerate(layers):
            own = [c for c in given.columns if c != getattr(given, "_geometry_column_name", None)]
            frame = given.rename(columns=dict(zip(own, column_names(own), strict=True)))
            pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=number > 0)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def study_layers(results: StudyResults) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Give a run's layers: areas, sites, snap lines and networks, in the metric CRS.

    Parameters
    ----------
    results : StudyResults

    Yields
    ------
    str, GeoDataFrame
        ``areas centres hub_candidates snap_lines network_walk network_drive``; minutes that do
        not exist are empty, and the status beside them says why.
    """
    study = results.study
    table = area_table(results)
    finite = table.replace([np.inf, -np.inf], np.nan)
    where = study.areas.geometry if study.shapes is None else study.shapes.to_crs(study.crs)
    yield "areas", gpd.GeoDataFrame(finite, geometry=where.to_numpy(), crs=study.crs)
    points = gpd.points_from_xy(results.sites["lon"], results.sites["lat"], crs=WGS84)
    sites = gpd.GeoDataFrame(results.sites, geometry=points).to_crs(study.crs)
    closes = {i: key for key, p in results.proposals.items() for i in p.closed}
    yield "centres", sites.assign(closed_by=[closes.get(i, "") for i in sites["id"]])
    if results.hubs is not None:
        hubs = hub_points(results.hubs)
        where = gpd.points_from_xy(hubs["lon"], hubs["lat"], crs=WGS84)
        yield "hub_candidates", gpd.GeoDataFrame(hubs, geometry=where).to_crs(study.crs)
    snaps = pd.concat(list(results.snaps.values()), ignore_index=True)
    yield "snap_lines", gpd.GeoDataFrame(snaps, crs=study.crs)
    for mode, network in results.networks.items():
        yield f"network_{mode}", network.edges_frame()
