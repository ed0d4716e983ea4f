"""Registers of the Department for Education: children's centres, family hubs, schools."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from access.errors import FetchError, StudyError
from access.sources.cells import shown, tidy
from access.sources.codepoint import Postcodes, tidy_postcode
from access.sources.districts import District
from access.sources.download import Fetched, Internet, NotThereError, is_page
from access.sources.patient import NotWholeError
from access.sources.tables import Source, plain, read_source
from access.units import BRITISH_GRID, great_circle_m, unproject

GIAS = "Department for Education: Get Information About Schools"
HUBS = "Department for Education: list of family hub sites"
LICENCE = "Open Government Licence v3.0"
HUBS_PATH = "media/6980dbf0ec71a16669612e3d/List_of_family_hub_sites.csv"
#: Files of the register by what they hold.
FILES = {"centres": "edubaseallchildrencentre", "schools": "edubasealldata"}
_DAYS_BACK = 7
#: A point this far from its postcode was typed wrong, or the postcode was.
_FAR_M = 3000.0


# --- asking ----------------------------------------------------------------------------------


def fetch_register(net: Internet, kind: str) -> Fetched:
    """Fetch today's file of the register; a day back, up to a week, where it is not there yet.

    Parameters
    ----------
    net : Internet
    kind : str
        ``"centres"`` or ``"schools"``.

    Raises
    ------
    FetchError
    """
    day = datetime.date.fromisoformat(net.day)
    for back in range(_DAYS_BACK + 1):
        stamp = (day - datetime.timedelta(days=back)).strftime("%Y%m%d")
        try:
            return net.get(net.address("gias", f"{FILES[kind]}{stamp}.csv"),
                           f"the register of {kind}", check=_is_register)  # fmt: skip
        except NotThereError:
            continue
    raise FetchError(
        f"{net.address('gias')} has no file of {kind} of the last {_DAYS_BACK + 1} days"
    )


def fetch_hubs(net: Internet) -> Fetched:
    """Fetch the list of family hub sites."""
    return net.get(
        net.address("gov", HUBS_PATH), "the list of family hub sites", check=_is_register
    )


def _is_register(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(4000)
    if is_page(start, kind):
        raise NotWholeError("a web page came in its place")
    first = set(map(plain, start.split(b"\n", 1)[0].decode("cp1252", "replace").split(",")))
    if not first & {"establishmentname", "familyhub"} or "postcode" not in first:
        raise NotWholeError("its first row names no establishments or hubs with postcodes")


# --- reading ---------------------------------------------------------------------------------


def register_kind(source: Source) -> str | None:
    """Which register a table is: ``centres``, ``schools``, ``hubs`` or none."""
    names = set(map(plain, source.frame.columns))
    if {"familyhub", "postcode"} <= names:
        return "hubs"
    if "establishmentname" not in names or "lename" in names:
        return None
    kinds = _column(source, "typeofestablishmentname")
    if (
        kinds is not None
        and source.frame[kinds].str.casefold().str.contains("children's cent").any()
    ):
        return "centres"
    return "schools" if names & {"phaseofeducationname", "easting"} else "centres"


def _column(source: Source, *names: str) -> str | None:
    return next((c for c in source.frame.columns if plain(c) in names), None)


def _texts(source: Source, *names: str) -> pd.Series:
    column = _column(source, *names)
    if column is None:
        return pd.Series([""] * len(source.frame))
    return source.frame[column].map(tidy).reset_index(drop=True)


def parse_register(
    source: Source | Path, postcodes: Postcodes | None
) -> tuple[pd.DataFrame, list[str]]:
    """Establishments with a position each where one is known.

    Parameters
    ----------
    source : Source or Path
        A file of the register (centres or schools) or the list of hubs.
    postcodes : Postcodes or None
        Places those without a position of their own.

    Returns
    -------
    DataFrame
        ``id, name, type, status, phase, authority, address, postcode, lon, lat,
        position_basis``; ``nan`` where no position is known.
    list of str
        What the reader must be told.

    Raises
    ------
    StudyError
        If the columns are others.
    """
    table = source if isinstance(source, Source) else read_source(source)
    kind = register_kind(table)
    if kind is None:
        raise StudyError(f"{table.file} is no register of the Department for Education; it has "
                         f"{shown(list(table.frame.columns))}")  # fmt: skip
    name = _texts(table, "establishmentname", "familyhub")
    parts = [_texts(table, p) for p in ("street", "locality", "address3", "town", "address")]
    address = [", ".join(dict.fromkeys(p for p in row if p)) for row in zip(*parts, strict=True)]
    ids = _texts(table, "urn")
    out = pd.DataFrame({
        "id": [i or f"H{n:04d}" for n, i in enumerate(ids, 1)], "name": name,
        "type": _texts(table, "typeofestablishmentname") if kind != "hubs" else "Family hub",
        "status": _texts(table, "establishmentstatusname"),
        "phase": _texts(table, "phaseofeducationname"),
        "authority": _texts(table, "laname", "localauthority"), "address": address,
        "postcode": [tidy_postcode(p) or p for p in _texts(table, "postcode")],
    })  # fmt: skip
    lonlat, basis, notes = _positions(table, out["postcode"], postcodes)
    out["lon"], out["lat"], out["position_basis"] = lonlat[:, 0], lonlat[:, 1], basis
    if kind == "centres" and (out["status"] != "").any():
        notes.append("The register's status does not tell which centres have closed since: check "
                     "them against your own list.")  # fmt: skip
    return out, notes


def _positions(
    table: Source, postcode: pd.Series, postcodes: Postcodes | None
) -> tuple[np.ndarray, list[str], list[str]]:
    lonlat = np.full((len(postcode), 2), np.nan)
    basis, notes = [""] * len(postcode), []
    east, north = _column(table, "easting"), _column(table, "northing")
    if east and north:
        grid = (
            table.frame[[east, north]]
            .apply(pd.to_numeric, errors="coerce")
            .to_numpy(float, copy=True)
        )
        grid[~((grid > 0).all(axis=1))] = np.nan
        lonlat = unproject(grid, BRITISH_GRID)
    own = np.isfinite(lonlat).all(axis=1)
    lonlat[~own] = np.nan
    if postcodes is not None:
        middle = postcodes.find(postcode)
        far = own & np.isfinite(middle).all(axis=1)
        far[far] = great_circle_m(*lonlat[far].T, *middle[far].T) > _FAR_M
        if far.any():
            notes.append(f"{far.sum():,} establishments stand more than {_FAR_M / 1000:g} km from "
                         "their postcode; the postcode's middle is used.")  # fmt: skip
        use = (~own & np.isfinite(middle).all(axis=1)) | far
        lonlat[use] = middle[use]
        basis = ["postcode centroid" if u else "establishment point" if o else ""
                 for u, o in zip(use, own, strict=True)]  # fmt: skip
    else:
        basis = ["establishment point" if o else "" for o in own]
    return lonlat.round(6), basis, notes


# --- choosing --------------------------------------------------------------------------------


def own_authority(frame: pd.DataFrame, district: District, inside: np.ndarray | None) -> np.ndarray:
    """Rows of a local authority: by its name, and where that is a county, by its boundary."""
    names = {_bare(district.name), _bare(district.spoken)}
    own = frame["authority"].map(_bare).isin(names).to_numpy()
    if not own.any() and inside is not None:
        return inside
    return own


def _bare(name: str) -> str:
    text = re.sub(r"[^a-z ]", " ", name.casefold().replace("&", "and"))
    words = {"council", "borough", "city", "county", "metropolitan", "district", "of", "the", "mbc"}
    return " ".join(sorted(w for w in text.split() if w not in words))


def as_centres(frame: pd.DataFrame, service: str, prefix: str) -> pd.DataFrame:
    """Rows of a register as rows of ``centres.csv``; ids are the register's own."""
    out = pd.DataFrame({
        "id": prefix + frame["id"].astype(str), "name": frame["name"], "service": service,
        "address": frame["address"], "postcode": frame["postcode"], "lon": frame["lon"],
        "lat": frame["lat"], "position_basis": frame["position_basis"], "assumed": "no",
        "register_status": frame["status"], "annual_cost_gbp": "", "annual_visits": "",
        "condition": "", "capacity": "",
    })  # fmt: skip
    return out.reset_index(drop=True)


def as_candidates(frame: pd.DataFrame, prefix: str, kinds: Sequence[str]) -> pd.DataFrame:
    """Rows of a register as rows of ``candidates.csv``."""
    out = pd.DataFrame({
        "id": prefix + frame["id"].astype(str), "name": frame["name"], "kind": list(kinds),
        "address": frame["address"], "postcode": frame["postcode"], "lon": frame["lon"],
        "lat": frame["lat"], "position_basis": frame["position_basis"], "annual_cost_gbp": "",
        "condition": "", "capacity": "",
    })  # fmt: skip
    return out.reset_index(drop=True)
