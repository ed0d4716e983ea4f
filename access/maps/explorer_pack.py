"""Tables packed as text for the page: minutes as fixed-point numbers, postcodes by sector."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.maps.geometry import ALPHABET
from access.network.matrix import TravelMatrix

POSITION_LEVELS = 4096
_LETTERS = np.array(list(ALPHABET), dtype=object)


def encode_minutes(minutes: NDArray[np.float64], n_bytes: int) -> dict[str, Any]:
    """Pack minutes, shape (areas, sites), as fixed-point numbers.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        ``inf`` where a site cannot be reached.
    n_bytes : int
        Bytes a pair, 1 to 4.

    Returns
    -------
    dict
        ``bytes``, ``step`` (minutes a unit) and ``data`` (base64, site after site).

    Examples
    --------
    >>> encode_minutes(np.array([[0.0, 254.0, np.inf]]), 1)
    {'bytes': 1, 'step': 1.0, 'data': 'AP7/'}
    """
    top = 256**n_bytes - 1
    finite = np.isfinite(minutes)
    most = float(minutes[finite].max()) if finite.any() else 0.0
    step = most / (top - 1) if most > 0 else 1.0
    codes = np.full(minutes.shape, top, dtype="<u4")
    codes[finite] = np.rint(minutes[finite] / step).astype("<u4")
    raw = np.ascontiguousarray(codes.T).view(np.uint8).reshape(-1, 4)[:, :n_bytes]
    return {
        "bytes": n_bytes,
        "step": step,
        "data": base64.b64encode(raw.tobytes()).decode("ascii"),
    }


def encode_matrix(
    matrix: TravelMatrix, area_ids: Sequence[str], site_ids: Sequence[str], today: int
) -> list[dict[str, Any]]:
    """Pack a matrix in two blocks: today's centres finely, candidates a little less so.

    Parameters
    ----------
    matrix : TravelMatrix
    area_ids, site_ids : sequence of str
        The order of the page.
    today : int
        How many of the sites are centres of today; they come first.

    Returns
    -------
    list of two dict
        As `encode_minutes`, four bytes a pair and three.
    """
    minutes = matrix.areas(area_ids).sites(site_ids).total_minutes
    return [encode_minutes(minutes[:, :today], 4), encode_minutes(minutes[:, today:], 3)]


def encode_postcodes(
    postcodes: pd.DataFrame | None, area_ids: Sequence[str]
) -> dict[str, Any] | None:
    """Pack postcodes by sector: last two letters, area, and position in a grid over the box.

    Parameters
    ----------
    postcodes : DataFrame or None
        ``postcode lon lat area_id``. Those of areas that are not in the study are left out: the
        page finds nothing for them.
    area_ids : sequence of str
        The order of the page.

    Returns
    -------
    dict or None
        ``low`` and ``step`` (degrees, lon and lat) of the grid, and ``sectors``: nine letters a
        postcode. ``None`` where nothing is left.

    Examples
    --------
    >>> table = pd.DataFrame({"postcode": ["S60 1AE"], "lon": [-1.36], "lat": [53.43],
    ...                       "area_id": ["a"]})
    >>> encode_postcodes(table, ["a"])["sectors"]
    {'S601': 'AEAAAAAAA'}
    """
    if postcodes is None or postcodes.empty:
        return None
    where = {area: i for i, area in enumerate(area_ids)}
    table = pd.DataFrame(
        {
            "code": postcodes["postcode"].astype(str).str.upper().str.replace(" ", ""),
            "area": postcodes["area_id"].map(where),
            "lon": postcodes["lon"].astype(float),
            "lat": postcodes["lat"].astype(float),
        }
    )
    fits = table["area"].notna() & table["code"].str.fullmatch(r"[A-Z0-9]{2,5}[A-Z]{2}")
    table = table[fits].drop_duplicates("code").sort_values("code")
    if table.empty:
        return None
    low = table[["lon", "lat"]].min().to_numpy()
    span = np.maximum(table[["lon", "lat"]].max().to_numpy() - low, 1e-6)
    grid = np.rint((table[["lon", "lat"]].to_numpy() - low) / span * (POSITION_LEVELS - 1))
    packed = (
        table["code"].str[-2:]
        + _letters(table["area"].to_numpy(np.int64), 3)
        + _letters(grid[:, 0].astype(np.int64), 2)
        + _letters(grid[:, 1].astype(np.int64), 2)
    )
    sectors = packed.groupby(table["code"].str[:-2], sort=True).agg("".join)
    return {
        "low": low.round(6).tolist(),
        "step": (span / (POSITION_LEVELS - 1)).tolist(),
        "sectors": sectors.to_dict(),
    }


def _letters(numbers: NDArray[np.int64], width: int) -> pd.Series | Any:
    out = np.full(len(numbers), "", dtype=object)
    for place in range(width - 1, -1, -1):
        out = out + _LETTERS[(numbers >> (6 * place)) & 63].astype(object)
    return out
