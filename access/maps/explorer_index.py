"""The names that the explorer's search knows, and how they are packed into its page.

They come from the study's gazetteer, from its street extract and from the streets measured on.
One row is a name, seven letters and a line's end: kind, the place it is in, and a position in a
grid over all of them. Names in any script are kept as they are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from access.analysis.results import StudyResults
from access.network import Timetable
from access.units import WGS84, project

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LETTERS = np.array(list(_ALPHABET), dtype=object)
_BYTES = np.frombuffer(_ALPHABET.encode(), np.uint8)
_POSITION_LEVELS = 4096
_COLUMNS = ["name", "kind", "within", "lon", "lat"]
#: What a gazetteer may call a place where people live; a street; a part that elects councillors.
_PLACE_KINDS = frozenset(
    ("", "place", "locality", "city", "town", "village", "hamlet", "suburb", "quarter",
     "neighbourhood", "estate", "isolated_dwelling", "borough")
)  # fmt: skip
_OTHER_KINDS = {"street": "street", "road": "street", "school": "school", "ward": "ward",
                "stop": "stop"}  # fmt: skip
_MOST_NAMES = 20_000
_NEAR_M = 1500.0


def _in_letters(numbers: ArrayLike) -> str:
    """Write numbers of 0 or more in letters, five bits each; all but a number's last say more."""
    return _letters_of(numbers)[0].decode("ascii")


def _letters_of(numbers: ArrayLike) -> tuple[bytes, NDArray[np.intp]]:
    """Write numbers in letters, and say how many letters each took."""
    left = np.asarray(numbers, np.int64)[:, None]
    groups = max(1, -(-int(left.max(initial=0)).bit_length() // 5))
    shifted = left >> (5 * np.arange(groups + 1))
    letters = (shifted[:, :-1] & 31) | np.where(shifted[:, 1:] > 0, 32, 0)
    said = shifted[:, :-1] > 0
    said[:, 0] = True
    return _BYTES[letters[said]].tobytes(), said.sum(axis=1)


def _index_names(results: StudyResults) -> pd.DataFrame | None:
    """Gather every name beside those of areas and sites: ``name kind within lon lat``."""
    study = results.study
    frames = [pd.DataFrame(study.gazetteer)]
    places = pd.concat([study.places, _places_of(study.gazetteer)], ignore_index=True)
    if results.ground is not None and results.surroundings is not None:
        named = _near_areas(results.ground.names, results)
        frames.append(named[named["kind"] != "street"])
        # what lies in a place is said by the place's own name, whatever others call it
        places = pd.concat([places, _places_of(named[named["main"]])], ignore_index=True)
        frames.append(_within(named[named["kind"] == "street"], places, results))
    elif not results.modelled:
        frames.append(_within(_near_areas(_network_streets(results), results), places, results))
    if results.bus is not None:
        frames.append(_within(_near_areas(_stops(results.bus.timetable), results), places, results))
    names = pd.concat([f.reindex(columns=_COLUMNS) for f in frames], ignore_index=True)
    names = names.assign(**{c: names[c].astype(object).fillna("") for c in ("kind", "within")})
    names = names.drop_duplicates(["name", "kind", "within"])
    return names.head(_MOST_NAMES).reset_index(drop=True) if len(names) else None


def _places_of(names: pd.DataFrame) -> pd.DataFrame:
    if "kind" not in names:
        return names
    return names[names["kind"].fillna("").str.lower().isin(_PLACE_KINDS)]


def _stops(timetable: Timetable) -> pd.DataFrame:
    """Give the stops where somebody gets on, by their names."""
    used = timetable.stops.iloc[timetable.boarding_stops]
    named = used[used["name"].astype(str).str.strip() != ""]
    return named[["name", "lon", "lat"]].assign(kind="stop", within="")


def _network_streets(results: StudyResults) -> pd.DataFrame:
    """Give each piece of a named street, at its middle."""
    frame = results.networks["walk"].edges_frame(crs=WGS84)
    frame = frame[frame["name"].astype(str).str.len() > 0]
    middle = shapely.get_coordinates(
        shapely.line_interpolate_point(frame.geometry.to_numpy(), 0.5, normalized=True)
    )
    return pd.DataFrame(
        {"name": frame["name"].astype(str).to_numpy(), "kind": "street", "within": "",
         "lon": middle[:, 0], "lat": middle[:, 1]}
    )  # fmt: skip


def _metres(frame: pd.DataFrame, results: StudyResults) -> Any:
    return shapely.points(project(frame["lon"], frame["lat"], results.study.crs))


def _near_areas(names: pd.DataFrame, results: StudyResults) -> pd.DataFrame:
    """Leave out what lies far from everybody who is counted: it could not be answered."""
    if names.empty:
        return names
    tree = shapely.STRtree(results.study.areas.geometry.to_numpy())
    rows = tree.query_nearest(
        _metres(names, results), max_distance=_NEAR_M, all_matches=False
    )[0]  # fmt: skip
    return names.iloc[np.unique(rows)]


def _within(streets: pd.DataFrame, places: pd.DataFrame, results: StudyResults) -> pd.DataFrame:
    """Make one row of each street in each place: the piece nearest to the middle of them."""
    if streets.empty:
        return streets
    if len(places):
        tree = shapely.STRtree(_metres(places, results))
        near = places["name"].to_numpy()[tree.nearest(_metres(streets, results))]
        streets = streets.assign(within=near)
    groups = streets.groupby(["name", "within"], sort=True)
    off = (streets["lon"] - groups["lon"].transform("median")).abs() + (
        streets["lat"] - groups["lat"].transform("median")
    ).abs()
    first = streets.assign(off=off).sort_values(["name", "within", "off", "lon", "lat"])
    return first.drop_duplicates(["name", "within"]).drop(columns="off")


def _kind_of(kind: str) -> tuple[str, str]:
    """Sort a kind: what the page calls it, and its own words where the page has none."""
    low = kind.strip().lower()
    if low in _PLACE_KINDS:
        return "place", ""
    known = _OTHER_KINDS.get(low)
    return (known, "") if known else ("site", kind.strip())


def _encode_names(names: pd.DataFrame | None) -> dict[str, Any] | None:
    """Pack the names; None where there are none."""
    if names is None or names.empty:
        return None
    table = names.reindex(columns=_COLUMNS)
    table = table.assign(
        **{c: table[c].astype(object).fillna("").astype(str) for c in ("kind", "within")}
    )
    table["name"] = [" ".join(str(name).split()) for name in table["name"]]
    table = table.sort_values(["name", "within", "kind", "lon", "lat"])
    kinds = sorted({_kind_of(kind) for kind in table["kind"]})[:64]
    rank = {kind: i for i, kind in enumerate(kinds)}
    within = sorted(set(table["within"]))[:4096]
    place = {name: i for i, name in enumerate(within)}
    spots = table[["lon", "lat"]].to_numpy(float)
    low = spots.min(axis=0)
    span = np.maximum(spots.max(axis=0) - low, 1e-6)
    grid = np.rint((spots - low) / span * (_POSITION_LEVELS - 1)).astype(np.int64)
    last = len(kinds) - 1
    at = (
        _letters(np.array([rank.get(_kind_of(k), last) for k in table["kind"]], np.int64), 1)
        + _letters(np.array([place.get(w, 0) for w in table["within"]], np.int64), 2)
        + _letters(grid[:, 0], 2)
        + _letters(grid[:, 1], 2)
    )
    return {
        "kinds": [list(kind) for kind in kinds],
        "within": within,
        "names": "\n".join(table["name"]),
        "at": "".join(at),
        "low": low.round(6).tolist(),
        "step": (span / (_POSITION_LEVELS - 1)).tolist(),
    }


def _encode_postcodes(
    postcodes: pd.DataFrame | None, area_ids: Sequence[str]
) -> dict[str, Any] | None:
    """Pack postcodes by sector: last two letters, area, and position in a grid over the box."""
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
    grid = np.rint((table[["lon", "lat"]].to_numpy() - low) / span * (_POSITION_LEVELS - 1))
    packed = (
        table["code"].str[-2:]
        + _letters(table["area"].to_numpy(np.int64), 3)
        + _letters(grid[:, 0].astype(np.int64), 2)
        + _letters(grid[:, 1].astype(np.int64), 2)
    )
    sectors = packed.groupby(table["code"].str[:-2], sort=True).agg("".join)
    return {
        "low": low.round(6).tolist(),
        "step": (span / (_POSITION_LEVELS - 1)).tolist(),
        "sectors": sectors.to_dict(),
    }


def _letters(numbers: NDArray[np.int64], width: int) -> pd.Series | Any:
    out = np.full(len(numbers), "", dtype=object)
    for place in range(width - 1, -1, -1):
        out = out + _LETTERS[(numbers >> (6 * place)) & 63].astype(object)
    return out
