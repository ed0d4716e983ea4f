"""The explorer's input on the real tables: Rotherham, with times from straight lines x 1.29."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from access.maps.explorer_data import _ExplorerData, _ExplorerService
from access.measure import deprivation_weights
from access.network.matrix import TravelMatrix
from access.units import great_circle_m

DETOUR = 1.29
PLACES_FROM_LIBRARIES = {
    "LIB01": ("Swallownest", 3), "LIB02": ("Brinsworth", 2), "LIB04": ("Dinnington", 1),
    "LIB05": ("Greasbrough", 3), "LIB06": ("Kimberworth", 2), "LIB07": ("Kiveton Park", 2),
    "LIB08": ("Maltby", 1), "LIB10": ("Rawmarsh", 1), "LIB11": ("Rotherham", 1),
    "LIB12": ("Swinton", 1), "LIB13": ("Thorpe Hesley", 2), "LIB14": ("Thurcroft", 2),
    "LIB15": ("Wath upon Dearne", 1), "LIB16": ("Wickersley", 2),
}  # fmt: skip


def rotherham_data(postcodes: Path | None = None, **changes) -> _ExplorerData:
    """Make the input; postcodes, where given, from the Code-Point Open table."""
    from access import load_study

    study = load_study()
    areas = pd.DataFrame(study.areas.drop(columns="geometry"))
    areas["weight"] = deprivation_weights(areas.assign(count=1.0), "linear").per_family
    centres = pd.DataFrame(study.centres.drop(columns="geometry"))
    candidates = pd.DataFrame(study.candidates.drop(columns="geometry"))
    every = pd.concat([centres[["id", "lon", "lat"]], candidates[["id", "lon", "lat"]]])
    metres = DETOUR * great_circle_m(
        areas["lon"].to_numpy()[:, None], areas["lat"].to_numpy()[:, None],
        every["lon"].to_numpy()[None, :], every["lat"].to_numpy()[None, :],
    )  # fmt: skip
    ids = {"area_ids": areas["id"].tolist(), "site_ids": every["id"].tolist()}
    services = []
    for key, settings in study.config.services.items():
        before = tuple(centres.loc[centres["service"] == key, "id"])
        closing = {i for p in study.config.proposals.values() if p.service == key for i in p.closes}
        services.append(
            _ExplorerService(key, settings.title, settings.one, settings.noun, settings.demand,
                            before, tuple(i for i in before if i not in closing))
        )  # fmt: skip
    at = candidates.set_index("id")
    fields = {
        "title": study.config.study.title,
        "place": study.config.study.place,
        "services": tuple(services),
        "areas": areas,
        "sites": centres,
        "candidates": candidates,
        "walk": TravelMatrix.from_minutes(metres / 80, mode="walk", **ids),
        "drive": TravelMatrix.from_minutes(metres / 500 + 1, mode="drive", **ids),
        "places": pd.DataFrame(
            [
                {"name": name, "rank": rank, "lon": at.loc[i, "lon"], "lat": at.loc[i, "lat"]}
                for i, (name, rank) in PLACES_FROM_LIBRARIES.items()
            ]
        ),
        "postcodes": _postcodes(postcodes, set(areas["id"])) if postcodes else None,
        "as_of": study.config.study.as_of,
        "weights_note": "Children and young people in the most deprived areas of England count "
        "up to twice as much as those in the least deprived.",
        "vintages": (study.config.areas.vintage,),
        "attributions": (
            "Office for National Statistics, MHCLG and DfE, Open Government Licence v3.0.",
            "Contains OS data © Crown copyright and database right; contains Royal Mail data "
            "© Royal Mail copyright.",
        ),
        "assumptions": ("Straight lines x 1.29 stand for streets.", *study.config.study.notes),
    }
    return _ExplorerData(**{**fields, **changes})


def _postcodes(path: Path, areas: set[str]) -> pd.DataFrame:
    table = pd.read_csv(path, dtype=str)
    table = table[table["oa11cd"].isin(areas)]
    return pd.DataFrame(
        {
            "postcode": table["postcode"],
            "lon": table["lng"].astype(float),
            "lat": table["lat"].astype(float),
            "area_id": table["oa11cd"],
        }
    )
