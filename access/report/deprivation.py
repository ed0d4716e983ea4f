"""Deprivation as the report reads it, whichever way a table of areas holds it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def tenths(areas: pd.DataFrame) -> pd.Series | None:
    """Read the national deprivation tenth of each area.

    Parameters
    ----------
    areas : DataFrame
        Perhaps with ``imd_decile``, as numbers or as text.

    Returns
    -------
    Series of float or None
        1 is the most deprived; ``nan`` where missing, ``None`` without the column.

    Examples
    --------
    >>> tenths(pd.DataFrame({"imd_decile": ["1", "10", ""]})).tolist()
    [1.0, 10.0, nan]
    """
    if "imd_decile" not in areas:
        return None
    return pd.to_numeric(areas["imd_decile"], errors="coerce").astype(float)


def most_deprived(areas: pd.DataFrame) -> NDArray[np.bool_] | None:
    """Mark the areas in England's most deprived fifth.

    Parameters
    ----------
    areas : DataFrame

    Returns
    -------
    ndarray of bool or None
        ``None`` where deprivation is not known of any area.

    Examples
    --------
    >>> most_deprived(pd.DataFrame({"imd_decile": ["1", "2", "3"]})).tolist()
    [True, True, False]
    """
    found = tenths(areas)
    if found is None or not found.notna().any():
        return None
    marked: NDArray[np.bool_] = found.isin([1, 2]).to_numpy(bool)
    return marked
