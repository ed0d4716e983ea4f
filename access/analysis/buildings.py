"""One building, several services: what else is at a site that closes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from access.study import Study
from access.text import listed


def _shared(study: Study, site: str) -> pd.DataFrame:
    """List the other centres of the building that a site is in."""
    centres = pd.DataFrame(study.centres)
    if "building" not in centres:
        return centres.iloc[:0]
    held = centres["building"].fillna("").astype(str).str.strip()
    own = held[centres["id"] == site]
    if own.empty or not own.iloc[0]:
        return centres.iloc[:0]
    return centres[(held == own.iloc[0]) & (centres["id"] != site)]


def also_there(study: Study, site: str) -> list[str]:
    """Name the other services of a site's building: "Park View Youth Centre (Youth Centre)"."""
    rows = _shared(study, site)
    services = study.config.services
    return [
        f"{name} ({services[service].one})"
        for name, service in zip(rows["name"], rows["service"], strict=True)
    ]


def knock_on(study: Study, closed: Sequence[str]) -> list[str]:
    """Say what else the buildings of closing sites host: it stays, unless it closes as well."""
    names = dict(zip(study.centres["id"], study.centres["name"], strict=True))
    said = []
    for site in closed:
        others = also_there(study, site)
        if others:
            said.append(
                f"the building of {names.get(site, site)} also hosts {listed(others)}: closing "
                "the one does not close the other, and the building stays in use"
            )
    return said
