"""A study of Newport, made from real streets, real Output Areas and real places.

The proposal is made up: it closes three of eighteen libraries and community centres. Everybody
counts (no ages by area are at hand); there are no deprivation and no car figures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

SETTINGS = """
[study]
name = "newport"
title = "Libraries and community centres in Newport (a made-up proposal)"
place = "Newport"
as_of = "2023-06-13"
box = [-3.25, 51.45, -2.75, 51.75]
notes = [
  "The proposal is made up to try the toolkit on real streets.",
  "The residents of UNKNOWN areas are not known (-1 in the source): they are mapped, and count 0.",
]

[areas]
unit = "Output Area 2021"
vintage = "Census 2021 residents"

[services.place]
title = "Libraries and community centres"
one = "place"
demand = "residents"
noun = "residents"

[proposals.places_18_to_15]
title = "Places from 18 to 15"
service = "place"
close = ["N02", "N10", "N11"]
"""


def make_newport(folder: Path, shared_data: Callable[[str], Path]) -> Path:
    """Write the study folder; skips the test where the real data are not beside the checkout."""
    folder.mkdir(parents=True, exist_ok=True)
    areas = pd.read_csv(shared_data("newport/output_areas_2021.csv"))
    areas = areas.rename(columns={"oa21cd": "id", "lsoa21cd": "lsoa"})
    unknown = int((areas["residents"] < 0).sum())
    areas["residents"] = areas["residents"].clip(lower=0)
    areas[["id", "lsoa", "lon", "lat", "residents"]].to_csv(folder / "areas.csv", index=False)
    places = pd.read_csv(shared_data("newport/places.csv")).assign(service="place")
    places[["id", "name", "service", "lon", "lat"]].to_csv(folder / "centres.csv", index=False)
    (folder / "study.toml").write_text(SETTINGS.replace("UNKNOWN", str(unknown)), encoding="utf-8")
    return folder
