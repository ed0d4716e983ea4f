"""An invented small town, to try the explorer and the maps on without any study."""

from __future__ import annotations

import numpy as np
import pandas as pd

from access.maps.explorer_data import ExplorerData, ExplorerService
from access.network.matrix import TravelMatrix
from access.units import great_circle_m

_WEST, _SOUTH = -1.36, 53.42


def example_data(**changes: object) -> ExplorerData:
    """Give the explorer's input for an invented town of 48 areas, five and four centres.

    Parameters
    ----------
    **changes
        Fields of `ExplorerData` to set otherwise.

    Returns
    -------
    ExplorerData
        Straight lines x 1.3 on foot and by car; nothing in it is of a real place.

    Examples
    --------
    >>> data = example_data(title="A test")
    >>> data.title, len(data.areas), data.services[0].closing
    ('A test', 48, ('CC4', 'CC5'))
    """
    areas, sites, candidates = _areas(), _sites(), _candidates()
    every = pd.concat([sites, candidates], ignore_index=True)
    metres = 1.3 * great_circle_m(
        areas["lon"].to_numpy()[:, None], areas["lat"].to_numpy()[:, None],
        every["lon"].to_numpy()[None, :], every["lat"].to_numpy()[None, :],
    )  # fmt: skip
    ids = {"area_ids": areas["id"].tolist(), "site_ids": every["id"].tolist()}
    fields: dict[str, object] = {
        "title": "Children's centres and youth centres in Exampleton",
        "place": "Exampleton",
        "services": (
            ExplorerService(
                "childrens_centre", "Children's centres", "children's centre",
                "children under five", "children_0_4",
                ("CC1", "CC2", "CC3", "CC4", "CC5"), ("CC1", "CC2", "CC3"),
            ),
            ExplorerService(
                "youth_centre", "Youth centres", "youth centre", "young people aged 11 to 18",
                "young_11_18", ("YC1", "YC2", "YC3", "YC4"), ("YC1", "YC2"),
            ),
        ),
        "areas": areas,
        "sites": sites,
        "candidates": candidates,
        "walk": TravelMatrix.from_minutes(metres / 80, mode="walk", **ids),
        "drive": TravelMatrix.from_minutes(metres / 500 + 1, mode="drive", **ids),
        "places": pd.DataFrame(
            {
                "name": ["Exampleton", "Upper Example", "Little Example"],
                "lon": [_WEST + 0.035, _WEST + 0.06, _WEST + 0.01],
                "lat": [_SOUTH + 0.012, _SOUTH + 0.022, _SOUTH + 0.004],
                "rank": [1, 2, 2],
            }
        ),
        "as_of": "an invented date",
        "assumptions": ("The town is invented.",),
        "weights_note": "Families in the most deprived areas count up to twice.",
    }  # fmt: skip
    return ExplorerData(**{**fields, **changes})  # type: ignore[arg-type]


def _areas() -> pd.DataFrame:
    column, row = np.meshgrid(np.arange(8), np.arange(6))
    k = np.arange(48)
    return pd.DataFrame(
        {
            "id": [f"A{i:02d}" for i in k],
            "lon": (_WEST + 0.009 * column.ravel() + 0.001 * (k % 3)).round(5),
            "lat": (_SOUTH + 0.005 * row.ravel() + 0.0007 * (k % 2)).round(5),
            "ward": [f"Ward {1 + c // 3}" for c in column.ravel()],
            "locality": np.where(column.ravel() < 4, "West", "East"),
            "imd_decile": 1 + (k * 7) % 10,
            "p_no_car": 0.1 + 0.4 * ((k * 7) % 10) / 10,
            "weight": 2.0 - ((k * 7) % 10) / 10,
            "children_0_4": 3 + (k * 5) % 23,
            "young_11_18": 2 + (k * 11) % 31,
        }
    )


def _sites() -> pd.DataFrame:
    spots = {
        "CC1": (0.005, 0.004), "CC2": (0.033, 0.013), "CC3": (0.060, 0.020),
        "CC4": (0.012, 0.024), "CC5": (0.058, 0.003),
        "YC1": (0.030, 0.009), "YC2": (0.055, 0.024), "YC3": (0.004, 0.021), "YC4": (0.062, 0.006),
    }  # fmt: skip
    names = ["Mill Lane", "Market Square", "Hilltop", "Northfield", "Riverside"]
    kind = {"CC": "Children's Centre", "YC": "Youth Centre"}
    return pd.DataFrame(
        {
            "id": list(spots),
            "name": [f"{names[int(i[2]) - 1]} {kind[i[:2]]}" for i in spots],
            "service": ["childrens_centre" if i[0] == "C" else "youth_centre" for i in spots],
            "address": [f"{names[int(i[2]) - 1]} Road" for i in spots],
            "lon": [_WEST + x for x, _ in spots.values()],
            "lat": [_SOUTH + y for _, y in spots.values()],
            "assumed": [i == "YC2" for i in spots],
            "position_error_m": [500.0 if i == "YC3" else 50.0 for i in spots],
        }
    )


def _candidates() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["L1", "L2"],
            "name": ["Central Library", "East School"],
            "kind": ["library", "school"],
            "address": ["Market Square", "Riverside Road"],
            "lon": [_WEST + 0.036, _WEST + 0.057],
            "lat": [_SOUTH + 0.012, _SOUTH + 0.008],
        }
    )
