"""Heights: OS Terrain 50, the tiles of a box put together as one grid."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np

from access.errors import StudyError
from access.sources.download import Fetched, Internet, must_be
from access.sources.saving import save
from access.sources.tables import check_file, check_packed
from access.units import BRITISH_GRID, project

SOURCE = "Ordnance Survey: OS Terrain 50"
LICENCE = "Open Government Licence v3.0; contains OS data © Crown copyright and database right"
_TILE_M = 10_000
_NO_DATA = -9999.0
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"


def fetch_heights(net: Internet) -> Fetched:
    """Fetch OS Terrain 50 of Great Britain, the zip as it is.

    Raises
    ------
    FetchError
    """
    url = (
        net.address("os", "Terrain50/downloads", area="GB", format="ASCII Grid and GML (Grid)")
        + "&redirect"
    )
    return net.get(url, "OS Terrain 50", check=must_be(b"PK", what="a zip file"))


def tile_name(easting: float, northing: float) -> str:
    """Name of the 10 km square of the National Grid that holds a point.

    Examples
    --------
    >>> tile_name(442_600, 392_800), tile_name(530_000, 180_000)
    ('SK49', 'TQ38')
    """
    e, n = int(easting // 100_000), int(northing // 100_000)
    first = (19 - n) - (19 - n) % 5 + (e + 10) // 5
    second = (19 - n) * 5 % 25 + e % 5
    return (
        f"{_LETTERS[first]}{_LETTERS[second]}"
        f"{int(easting % 100_000 // 10_000)}{int(northing % 100_000 // 10_000)}"
    )


def cut_heights(
    packed: Path, box: tuple[float, float, float, float], out: Path
) -> tuple[int, list[str]]:
    """Put the tiles of a box together as one grid in the usual ASCII form.

    Parameters
    ----------
    packed : Path
        The product's zip, which holds one zip a tile, or a folder of ``.asc`` tiles.
    box : tuple of float
        West, south, east, north, degrees.
    out : Path
        ``.asc`` in EPSG:27700 to write.

    Returns
    -------
    int
        Tiles.
    list of str
        Tiles that the product does not have: sea.

    Raises
    ------
    StudyError
        If no tile of the box is there, or one is damaged.
    """
    west, south, east, north = box
    corners = project([west, west, east, east], [south, north, south, north], BRITISH_GRID)
    x0, y0 = np.floor(corners.min(axis=0) / _TILE_M).astype(int)
    x1, y1 = np.floor(corners.max(axis=0) / _TILE_M).astype(int)
    wanted = {
        tile_name(x * _TILE_M, y * _TILE_M): (x, y)
        for x in range(x0, x1 + 1)
        for y in range(y0, y1 + 1)
    }
    found = _tiles(packed, set(wanted))
    if not found:
        raise StudyError(
            f"{packed.name} holds none of the tiles {', '.join(sorted(wanted))}; expected "
            "OS Terrain 50 as an ASCII grid"
        )
    grids = {name: _read_tile(text, name, wanted[name]) for name, text in found.items()}
    cell = {grid_cell for _, grid_cell in grids.values()}
    if len(cell) != 1:
        raise StudyError(f"{packed.name} has tiles of different cells: {sorted(cell)} m")
    size = round(_TILE_M / cell.pop())
    whole = np.full(((y1 - y0 + 1) * size, (x1 - x0 + 1) * size), _NO_DATA)
    for name, (grid, _) in grids.items():
        x, y = wanted[name]
        top = (y1 - y) * size
        whole[top : top + size, (x - x0) * size : (x - x0 + 1) * size] = grid
    save(out, _as_text(whole, x0 * _TILE_M, y0 * _TILE_M, _TILE_M / size))
    return len(found), sorted(set(wanted) - set(found))


def _tiles(packed: Path, wanted: set[str]) -> dict[str, str]:
    """Texts of the wanted tiles, out of the zips in the zip."""
    found: dict[str, str] = {}
    if packed.is_dir():
        for file in sorted(packed.rglob("*.asc")):
            if file.stem.upper() in wanted:
                found[file.stem.upper()] = file.read_text("ascii", "replace")
        return found
    check_file(packed, most_bytes=3_000_000_000)
    if not zipfile.is_zipfile(packed):
        raise StudyError(f"{packed.name} is no zip file; expected OS Terrain 50")
    with zipfile.ZipFile(packed) as archive:
        for part in sorted(archive.namelist()):
            name = re.match(r"([a-z]{2}\d\d)[_.]", Path(part).name.casefold())
            if name is None or name[1].upper() not in wanted:
                continue
            if part.casefold().endswith(".asc"):
                found[name[1].upper()] = archive.read(part).decode("ascii", "replace")
            elif part.casefold().endswith(".zip"):
                inner = io.BytesIO(archive.read(part))
                check_packed(inner, part, most=50_000_000)
                with zipfile.ZipFile(inner) as tile:
                    for inside in tile.namelist():
                        if inside.casefold().endswith(".asc"):
                            found[name[1].upper()] = tile.read(inside).decode("ascii", "replace")
    return found


def _read_tile(text: str, name: str, corner: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Heights of one tile, northernmost row first, and the size of a cell."""
    lines = text.split("\n")
    head: dict[str, float] = {}
    at = 0
    while at < len(lines) and re.match(r"^\s*[A-Za-z]", lines[at]):
        key, _, value = lines[at].strip().partition(" ")
        head[key.casefold()] = float(value)
        at += 1
    try:
        rows, columns = int(head["nrows"]), int(head["ncols"])
        cell, x, y = head["cellsize"], head["xllcorner"], head["yllcorner"]
        grid = np.array(" ".join(lines[at:]).split(), float).reshape(rows, columns)
    except (KeyError, ValueError) as error:
        raise StudyError(f"tile {name} is damaged ({error}); get OS Terrain 50 again") from error
    if (x, y) != (corner[0] * _TILE_M, corner[1] * _TILE_M) or rows * cell != _TILE_M:
        raise StudyError(
            f"tile {name} lies at {x:g}, {y:g} with {rows} rows of {cell:g} m; expected "
            f"{corner[0] * _TILE_M}, {corner[1] * _TILE_M} and 10 km"
        )
    return np.where(grid == head.get("nodata_value", _NO_DATA), _NO_DATA, grid), cell


def _as_text(grid: np.ndarray, west: int, south: int, cell: float) -> bytes:
    head = [
        f"ncols {grid.shape[1]}",
        f"nrows {grid.shape[0]}",
        f"xllcorner {west}",
        f"yllcorner {south}",
        f"cellsize {cell:g}",
        f"NODATA_value {_NO_DATA:g}",
    ]
    body = [" ".join(f"{value:g}" for value in row) for row in grid]
    return ("\n".join([*head, *body]) + "\n").encode()
