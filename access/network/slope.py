"""Walking up and down hill: heights of a terrain grid, and Tobler's hiking function.

The slope of every straight stretch counts; an edge's minutes are then spread evenly along it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from access.errors import NetworkError, ParameterError
from access.files import read_whole
from access.network.components import _Draft
from access.network.profiles import Profile
from access.units import BRITISH_GRID, project, unproject

_Floats = NDArray[np.float64]

#: Steeper than this is a bridge, a cutting or a slip of the terrain grid, not a footpath.
_STEEPEST = 0.4
_LEVEL = ("ferry", "elevator", "steps")


_MOST_BYTES = 500_000_000


@dataclass(frozen=True, eq=False)
class _Heights:
    """Ground heights on a square grid.

    Parameters
    ----------
    name : str
        What is said of them in the ledger.
    crs : str
        Metric CRS of the grid.
    west, south : float
        Middle of the lower left cell, metres.
    cell_m : float
        Size of a cell.
    metres : ndarray, shape (rows, columns)
        Heights, southernmost row first; ``nan`` where unknown.
    """

    name: str
    crs: str
    west: float
    south: float
    cell_m: float
    metres: _Floats

    def __post_init__(self) -> None:
        grid = np.array(self.metres, float)
        if grid.ndim != 2 or min(grid.shape) < 2 or not self.cell_m > 0:
            raise ParameterError(
                f"heights {self.name!r} have shape {grid.shape} and cells of {self.cell_m!r} m; "
                "expected a grid of at least 2 x 2 cells"
            )
        grid.setflags(write=False)
        object.__setattr__(self, "metres", grid)

    def at(self, xy: ArrayLike) -> _Floats:
        """Heights of points, between cells by bilinear interpolation."""
        points = np.asarray(xy, float).reshape(-1, 2)
        place = (points - (self.west, self.south)) / self.cell_m
        rows, columns = self.metres.shape
        inside = np.logical_and.reduce((place >= 0) & (place <= (columns - 1, rows - 1)), axis=1)
        place = np.where(inside[:, None], place, 0.0)
        low = np.minimum(place.astype(int), (columns - 2, rows - 2))
        (dx, dy), (x, y) = (place - low).T, low.T
        grid = self.metres
        total = np.zeros(len(points))
        for row, column, weight in (
            (y, x, (1 - dx) * (1 - dy)),
            (y, x + 1, dx * (1 - dy)),
            (y + 1, x, (1 - dx) * dy),
            (y + 1, x + 1, dx * dy),
        ):
            total += np.where(weight > 0, weight * grid[row, column], 0.0)
        return np.where(inside, total, np.nan)


def _read_heights(path: str | Path, *, crs: str = BRITISH_GRID) -> _Heights:
    """Read a terrain grid in ESRI ASCII form, as OS Terrain 50 comes."""
    path = Path(path)
    try:
        lines = read_whole(path, _MOST_BYTES).decode("ascii").splitlines()
        start = next(i for i, line in enumerate(lines) if line[:1] in "-0123456789")
        pairs = (line.split() for line in lines[:start])
        head = {key.lower(): float(value) for key, value in pairs}
        grid = np.array([line.split() for line in lines[start:] if line.strip()], float)
        cell = head["cellsize"]
        grid[grid == head.get("nodata_value", np.nan)] = np.nan
        if grid.shape != (int(head["nrows"]), int(head["ncols"])):
            raise ValueError(f"it holds {grid.shape} cells, not what its head says")
        west = head.get("xllcenter", head.get("xllcorner", np.nan) + cell / 2)
        south = head.get("yllcenter", head.get("yllcorner", np.nan) + cell / 2)
    except (OSError, ValueError, KeyError, StopIteration, UnicodeDecodeError) as error:
        raise NetworkError(
            f"{path} cannot be read as a terrain grid ({error}); expected ESRI ASCII (.asc), "
            "for example a tile of OS Terrain 50"
        ) from error
    return _Heights(path.name, crs, west, south, cell, grid[::-1])


def _tobler(slope: ArrayLike) -> _Floats:
    """Walking speed on a slope, as a share of the speed on the flat.

    Notes
    -----
    Tobler (1993), Three presentations on geographical analysis and modeling: speed goes with
    exp(-3.5 |slope + 0.05|); here divided by its value at 0.
    """
    return np.exp(-3.5 * (np.abs(np.asarray(slope, float) + 0.05) - 0.05))


def _add_slope(draft: _Draft, profile: Profile, heights: _Heights, crs: str) -> None:
    """Change the minutes of a draft's edges by the slope of the ground under them."""
    if profile.mode != "walk":
        raise ParameterError(f"heights change walking only; profile {profile.name!r} drives")
    xy = draft.geometry_xy
    if crs != heights.crs:
        lonlat = unproject(xy, crs)
        xy = project(lonlat[:, 0], lonlat[:, 1], heights.crs)
    height = heights.at(xy)
    known = np.isfinite(height)
    draft.counts["heights"] = heights.name
    draft.counts["share_with_heights"] = float(known.mean())
    if not known.any():
        raise ParameterError(
            f"heights {heights.name!r} cover none of the streets; expected a grid of this place "
            f"in {heights.crs}"
        )
    edge = np.repeat(np.arange(len(draft.edge_metres)), np.diff(draft.geometry_offsets))
    step = np.diff(draft.geometry_metres)
    use = (edge[1:] == edge[:-1]) & (step > 0)
    rise = np.diff(height)
    slope = np.divide(rise, step, out=np.zeros_like(step), where=use & np.isfinite(rise))
    slope = np.clip(slope, -_STEEPEST, _STEEPEST)
    length = np.bincount(edge[:-1][use], weights=step[use], minlength=len(draft.edge_metres))
    level = np.array([name in _LEVEL for name in draft.class_names])[draft.edge_class]
    for sign, name in ((1, "edge_minutes_forward"), (-1, "edge_minutes_backward")):
        slower = step / _tobler(sign * slope)
        total = np.bincount(edge[:-1][use], weights=slower[use], minlength=len(length))
        factor = np.divide(total, length, out=np.ones_like(total), where=length > 0)
        setattr(draft, name, getattr(draft, name) * np.where(level, 1.0, factor))
