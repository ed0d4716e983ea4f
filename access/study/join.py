"""Joining what a study read: parents' figures to areas, points to the metric CRS, localities."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from access.errors import ParameterError, StudyError
from access.study.config import StudyConfig
from access.study.schema import REGISTER_UNKNOWNS
from access.study.shares import share_counts
from access.units import project


def join_parents(areas: pd.DataFrame, parents: pd.DataFrame, config: StudyConfig) -> pd.DataFrame:
    """Bring the figures of larger areas down to theirs.

    Parameters
    ----------
    areas : DataFrame
    parents : DataFrame
        Indexed by id.
    config : StudyConfig

    Returns
    -------
    DataFrame
        Rows as `areas`; counts shared with totals kept, other figures copied, and ``p_no_car``
        (share of households, 0 to 1) from the parents' own totals.

    Raises
    ------
    StudyError
        If counts cannot be shared.
    """
    settings = config.areas
    try:
        shared = share_counts(
            areas, parents, key=settings.parent_key, by=settings.share_by,
            columns=settings.shared_counts,
        )  # fmt: skip
    except ParameterError as error:
        raise StudyError(f"{settings.parent_table}: {error}") from error
    copied = parents.loc[areas[settings.parent_key], list(settings.from_parent.values())]
    copied.columns = pd.Index(list(settings.from_parent))
    copied.index = areas.index
    joined = pd.concat([areas, shared, copied], axis=1)
    # a share is taken from the parent's own totals: rounding to parts must not bend it
    if {"households", "households_no_car"} <= set(settings.shared_counts):
        whole = parents.loc[areas[settings.parent_key]]
        households = whole[settings.shared_counts["households"]].to_numpy(float)
        no_car = whole[settings.shared_counts["households_no_car"]].to_numpy(float)
        joined["p_no_car"] = np.divide(
            no_car, households, out=np.full(len(joined), np.nan), where=households > 0
        )
    return joined


def numbers_where_possible(areas: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns that hold nothing but numbers into numbers; ids stay text.

    Parameters
    ----------
    areas : DataFrame

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["1"], "ward": ["Wath"], "disabled": ["12"]})
    >>> [str(t) for t in numbers_where_possible(frame)[["id", "disabled"]].dtypes][1]
    'float64'
    """
    out = areas.copy()
    for column in out.columns.difference(["id"]):
        if pd.api.types.is_numeric_dtype(out[column]):
            continue
        numbers = pd.to_numeric(out[column], errors="coerce")
        if numbers.notna().all():
            out[column] = numbers.astype(float)
    return out


def to_points(frame: pd.DataFrame, crs: str) -> gpd.GeoDataFrame:
    """Give a table of lon/lat its geometry in the metric CRS.

    Parameters
    ----------
    frame : DataFrame
        ``lon, lat`` in WGS84 degrees.
    crs : str

    Returns
    -------
    GeoDataFrame
    """
    xy = project(frame["lon"], frame["lat"], crs) if len(frame) else np.empty((0, 2))
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=crs)


def with_register(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give every register column, so that what is not known is seen to be not known.

    Parameters
    ----------
    sites : GeoDataFrame

    Returns
    -------
    GeoDataFrame
        With costs, visits, condition and capacity (``nan`` where not known), ``assumed`` and
        ``proxy`` as booleans.
    """
    out = sites.copy()
    for column in REGISTER_UNKNOWNS:
        if column not in out:
            out[column] = np.nan
    for column, default in {"assumed": "no", "locality": "", "position_basis": ""}.items():
        if column not in out:
            out[column] = default
    if "position_error_m" not in out:
        out["position_error_m"] = np.nan
    out["assumed"] = (out["assumed"] == "yes").astype(bool)
    out["proxy"] = out["position_basis"].astype(str).str.startswith("proxy").astype(bool)
    return out


def with_localities(
    areas: gpd.GeoDataFrame, centres: gpd.GeoDataFrame, config: StudyConfig
) -> gpd.GeoDataFrame:
    """Infer an area's locality from its nearest centre, in a straight line; ties go by order.

    Parameters
    ----------
    areas, centres : GeoDataFrame
        In the metric CRS.
    config : StudyConfig

    Returns
    -------
    GeoDataFrame
        `areas` with ``locality``, unless the study has no rule for it.
    """
    service = config.areas.locality_from
    if service is None or "locality" not in centres:
        return areas
    own = centres[centres["service"] == service]
    dx = areas.geometry.x.to_numpy()[:, None] - own.geometry.x.to_numpy()[None, :]
    dy = areas.geometry.y.to_numpy()[:, None] - own.geometry.y.to_numpy()[None, :]
    nearest = np.argmin(np.hypot(dx, dy), axis=1)
    return areas.assign(locality=own["locality"].to_numpy()[nearest])
