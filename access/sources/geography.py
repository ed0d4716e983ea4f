"""Change of geography: figures of 2011 areas for 2021 areas and back, totals kept."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError, StudyError
from access.sources.columns import _shown
from access.units import BRITISH_GRID, project


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
    out = pd.DataFrame(0.0, index=pd.Index(ids, name="id"), columns=counts.columns)
    for area, parts in pairs.groupby(old, sort=True)[new]:
        weights = people.reindex(parts).to_numpy(float)
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
        for column in counts.columns:
            total = float(counts[column].to_numpy()[counts.index == area][0])
            keep_whole = whole and total.is_integer()
            out.loc[list(parts), column] += _share(total, weights, whole=keep_whole)
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


def _convert_ranks(ranks: pd.DataFrame, lookup: pd.DataFrame, people: pd.Series) -> _Converted:
    """Bring ranks or deciles to other areas: a part takes its whole's, a merged one the mean.

    Parameters
    ----------
    ranks : DataFrame
        Indexed by the old areas' ids.
    lookup : DataFrame
        Old id, new id.
    people : Series
        Residents of the old areas, which weigh the parts of a merged area.

    Returns
    -------
    _Converted
        Rounded to whole ranks; those of split and merged areas are estimates.
    """
    old, new = lookup.columns[:2]
    pairs = lookup[lookup[old].isin(ranks.index)][[old, new]].drop_duplicates()
    weight = people.reindex(pairs[old]).to_numpy(float)
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
        "a part has its whole's rank, a merged area the mean by residents.",
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
