"""What each table of a study must hold, and how every fault in one is told at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from access.errors import Fault, ParameterError, StudyError
from access.escape import seen
from access.files import check_regular
from access.study.config import StudyConfig, _rule_faults
from access.study.manifest import _read_geometry
from access.study.sheet import (
    STATUSES,
    Check,
    Column,
    _at_least,
    _column_faults,
    _folded,
    _one_of,
    offers_today,
    read_numbers,
    read_sheet,
)
from access.units import WGS84, project, weight_bounds

_ID = Column(str, (Check(lambda ids: ids.map(seen) != "", "an id that is not empty"),), unique=True)
_DEGREES = Column(float)  # WGS84
_TEXT = Column(str, (Check(lambda texts: texts.map(seen) != "", "a text that is not empty"),))
_FREE = Column(str, required=False)
_DATED = Column(
    str,
    (
        Check(
            lambda texts: texts.str.fullmatch(r"(\d{4}(-\d\d(-\d\d)?)?)?"),
            "a date, as 2019 or 2019-05-31",
        ),
    ),
    required=False,
)
_YES_NO = Column(str, (_one_of(["yes", "no"], "yes or no"),), required=False)


def _known(check: Check) -> Column:
    """A figure that may be left out altogether, or empty where it is not known."""
    return Column(float, (check,), required=False)


def _is_count(values: pd.Series) -> pd.Series:
    return (values >= 0) & (values == values.round()) & (values <= 1e9)


_KNOWN_OR_EMPTY = _known(_at_least(0, "0 or more, or an empty cell for not known"))
_WHOLE = Check(_is_count, "a count of 0 or more, a whole number")
_COUNT = Column(float, (_WHOLE,))
_WEIGHT = Column(float, (_at_least(0, "a weight of 0 or more"),))
_TENTH = _one_of(range(1, 11), "a tenth from 1 (most deprived) to 10, or empty")
_FIFTH = _one_of(range(1, 6), "a fifth from 1 (most deprived) to 5, or empty")
_SHARE = Check(lambda shares: shares.between(0, 1), "a share from 0 to 1, or empty")
_INCOME = Check(lambda incomes: incomes > 0, "an income above 0, or empty")
_DAYS = Check(lambda days: (days > 0) & (days <= 7), "above 0 and up to 7, or empty")


def _rank(national_areas: int) -> Column:
    def is_rank(values: pd.Series) -> pd.Series:
        return (values >= 1) & (values <= national_areas) & (values == values.round())

    expected = (
        f"a rank of 1 (most deprived) to {national_areas:,}, weights.national_areas of study.toml, "
        "a whole number, or empty"
    )
    return _known(Check(is_rank, expected))


_SCHEMAS: dict[str, dict[str, Column]] = {
    "areas": {
        "id": _ID,
        "lon": _DEGREES,
        "lat": _DEGREES,
        "imd_decile": _known(_TENTH),
        "imd_fifth": _known(_FIFTH),
        "idaci_decile": _known(_TENTH),
        "p_no_car": _known(_SHARE),
        "income": _known(_INCOME),
    },
    "parents": {"id": _ID},
    "centres": {
        "id": _ID,
        "name": _TEXT,
        "service": _TEXT,
        "lon": _DEGREES,
        "lat": _DEGREES,
        "address": _FREE,
        "postcode": _FREE,
        "locality": _FREE,
        "building": _FREE,
        "position_error_m": _KNOWN_OR_EMPTY,
        "position_basis": _FREE,
        "assumed": _YES_NO,
        "annual_cost_gbp": _KNOWN_OR_EMPTY,
        "annual_visits": _KNOWN_OR_EMPTY,
        "condition": _FREE,
        "capacity": _KNOWN_OR_EMPTY,
        "status": Column(
            str, (_one_of(["", *STATUSES], f"one of {', '.join(STATUSES)}, or empty"),),
            required=False,
        ),
        "days": _known(_DAYS),
    },
    "candidates": {
        "id": _ID,
        "name": _TEXT,
        "lon": _DEGREES,
        "lat": _DEGREES,
        "kind": _FREE,
        "owner": _FREE,
        "open_from": _DATED,
        "locality": _FREE,
        "position_basis": _FREE,
        "annual_cost_gbp": _KNOWN_OR_EMPTY,
        "condition": _FREE,
        "capacity": _KNOWN_OR_EMPTY,
    },
    "neighbours": {"id": _ID, "name": _TEXT, "lon": _DEGREES, "lat": _DEGREES, "service": _FREE},
    "places": {"name": _TEXT, "lon": _DEGREES, "lat": _DEGREES, "rank": _KNOWN_OR_EMPTY},
    "postcodes": {"postcode": _ID, "lon": _DEGREES, "lat": _DEGREES},
    "gazetteer": {
        "name": _TEXT, "lon": _DEGREES, "lat": _DEGREES, "kind": _FREE, "within": _FREE,
    },
}  # fmt: skip
_NEVER_EMPTY = ("areas", "parents", "centres")
_SCHEMES = ("none", "linear", "green_book")
#: Polygon and MultiPolygon, as shapely numbers them: no collection with lines in it.
_POLYGONS = (3, 6)
#: The largest file of outlines that is read, bytes.
_MOST_BYTES = 2_000_000_000
#: Columns of a building register that may be empty: shown as "not known", never filled in.
_REGISTER_UNKNOWNS = ("annual_cost_gbp", "annual_visits", "condition", "capacity")


_RANKS = ("imd_rank", "idaci_rank")
#: Counts that the areas may hold without being told of: taken as numbers, checked as counts.
_USUAL_COUNTS = ("residents", "households", "households_no_car")
#: Names that outputs give columns of their own.
_TAKEN = ("geometry", "count", "weight")


def known_columns(kind: str) -> frozenset[str]:
    """Name the columns of a table that the package knows."""
    return frozenset(_SCHEMAS[kind])


def area_columns(config: StudyConfig) -> dict[str, Column]:
    """Say what the columns of the areas' own table must be that settings speak of.

    A column that neither the package nor a setting takes for a number stays text as written.
    """
    settings = config.areas
    brought = {*settings.shared_counts, *settings.from_parent}
    columns = {name: _rank(config.weights.national_areas) for name in _RANKS}
    usual = (*_USUAL_COUNTS, settings.share_by)
    columns |= {name: _known(_WHOLE) for name in usual}
    needed = {*config.demand_columns}
    needed |= {settings.share_by} if settings.parent_table else set()
    columns |= dict.fromkeys(sorted(needed), _COUNT)
    groups = {name: _known(_WHOLE) for group in config.groups for name in group.columns}
    columns |= {name: column for name, column in groups.items() if name not in needed}
    own = config.weights.scheme
    if own not in (*_SCHEMAS["areas"], *columns, *_SCHEMES):
        columns[own] = replace(_WEIGHT, required=False)
    return {name: column for name, column in columns.items() if name not in brought}


def _parent_columns(config: StudyConfig) -> dict[str, Column]:
    """Say what the columns of the parents must be that the areas take from them."""
    settings = config.areas
    figures = _SCHEMAS["areas"] | {name: _rank(config.weights.national_areas) for name in _RANKS}
    counts = {*config.demand_columns, settings.share_by, *_USUAL_COUNTS}
    counts |= {name for group in config.groups for name in group.columns}
    columns: dict[str, Column] = {}
    for ours, theirs in settings.from_parent.items():
        kind = _COUNT if ours in counts else figures.get(ours)
        if kind is None and ours == config.weights.scheme:
            kind = _WEIGHT
        if kind is not None and theirs != "id":
            columns[theirs] = Column(float, kind.checks, required=False)
    return columns | dict.fromkeys(settings.shared_counts.values(), _known(_WHOLE))


def read_table(
    path: Path, kind: str, more: Mapping[str, Column] | None = None,
    needed: Collection[str] = (),
) -> tuple[pd.DataFrame, list[Fault]]:  # fmt: skip
    """Read one CSV table of a study, and find everything that is wrong with it.

    The table is indexed by the rows of its sheet; cells of the columns `needed` are not empty.
    """
    file = path.name
    frame, faults = read_sheet(path)
    if faults:
        return pd.DataFrame(), faults
    columns = _SCHEMAS[kind] | dict(more or {})
    if frame.empty and kind in _NEVER_EMPTY:
        faults.append(Fault(file, "", "", "headings alone", "at least one row below them"))
    faults += _missing_columns(frame, columns, file)
    faults += [
        Fault(file, "", name, "", "another name: outputs have a column of this name of their own")
        for name in _TAKEN
        if name in frame
    ]
    for name, column in columns.items():
        if name in frame and column.kind is float:
            frame[name], wrong = read_numbers(frame[name], file, needed=name in needed)
            faults += wrong
    faults += _column_faults(frame, columns, file)
    faults += _look_alikes(frame, file)
    return frame, sorted(set(faults), key=_reading_order)


def _look_alikes(frame: pd.DataFrame, file: str) -> list[Fault]:
    """Find ids that differ from another only by what is not seen."""
    if "id" not in frame:
        return []
    looks = frame["id"].map(seen)
    twins = looks[
        looks.duplicated(keep=False) & ~frame["id"].duplicated(keep=False) & (looks != "")
    ]
    expected = "an id that does not look like another's: they differ by marks that are not seen"
    return [
        Fault(file, f"row {row}", "id", ascii(frame["id"][row])[1:-1][:60], expected)
        for row in twins.index
    ]


def _reading_order(fault: Fault) -> tuple[str, int, str]:
    digits = "".join(ch for ch in fault.where if ch.isdigit())
    return fault.file, int(digits or 0), fault.column


def _missing_columns(frame: pd.DataFrame, columns: Mapping[str, Column], file: str) -> list[Fault]:
    faults = []
    for name, column in columns.items():
        if column.required and name not in frame:
            alike = {_folded(heading): heading for heading in frame.columns}
            close = difflib.get_close_matches(_folded(name), alike, n=1, cutoff=0.6)
            hint = f"; is {alike[close[0]][:60]!r} meant? rename it" if close else ""
            faults.append(Fault(file, "", name, "", f"a column named {name!r}{hint}"))
    return faults


def _part_faults(frame: pd.DataFrame, part: str, whole: str, file: str) -> list[Fault]:
    """Find rows where a part counts more than the whole that it is of."""
    if not {part, whole} <= set(frame.columns):
        return []
    many, all_ = frame[part].to_numpy(float), frame[whole].to_numpy(float)
    expected = f"at most what the column {whole} counts in the same row"
    return [
        Fault(file, f"row {frame.index[i]}", part, f"{many[i]:g} of {all_[i]:g}", expected)
        for i in np.flatnonzero(many > all_).tolist()
    ]


def check_positions(
    frame: pd.DataFrame, box: tuple[float, float, float, float], file: str,
    told: Collection[str] = (),
) -> list[Fault]:  # fmt: skip
    """Find points that are missing, swapped, in metres, or outside the study's box.

    Rows in `told` have been told of already.
    """
    if not {"lon", "lat"} <= set(frame.columns):
        return []
    west, south, east, north = box
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    turned = _turned(lon, lat)
    faults = []
    for i in np.flatnonzero(~inside | turned).tolist():
        where = f"row {frame.index[i]}"
        if where in told:
            continue
        if turned[i] or (west <= lat[i] <= east and south <= lon[i] <= north):
            expected = "longitude and latitude in that order: these look swapped"
        elif not (np.isfinite(lon[i]) and np.isfinite(lat[i])):
            expected = "a longitude and a latitude in degrees"
        elif abs(lon[i]) > 180 or abs(lat[i]) > 90:
            expected = (
                "WGS84 degrees: these look like metres of a projected grid; "
                "reproject them, for example with frame.to_crs('EPSG:4326')"
            )
        else:
            expected = (
                f"a point inside the study's box {list(box)} (west, south, east, north); mend the "
                "point, or the box in study.toml"
            )
        found = f"{lon[i]:g}, {lat[i]:g}".replace("nan", "an empty cell")
        faults.append(Fault(file, where, "lon, lat", found, expected))
    return faults


def _turned(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell points that lie far from the others and, were lon and lat swapped, would lie near."""
    if len(lon) < 3 or not (np.isfinite(lon).any() and np.isfinite(lat).any()):
        return np.zeros(len(lon), dtype=bool)
    middle = np.nanmedian(lon), np.nanmedian(lat)
    as_written = np.hypot(lon - middle[0], lat - middle[1])
    swapped = np.hypot(lat - middle[0], lon - middle[1])
    return (as_written > 5) & (swapped < as_written / 10)


def _parent_faults(areas: pd.DataFrame, parents: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    """Find areas without a parent, and columns that `study.toml` takes but no table has."""
    settings = config.areas
    file = str(settings.parent_table)
    faults = [
        Fault(file, "", column, "", f"this column: study.toml takes {ours!r} from it")
        for ours, column in (settings.shared_counts | settings.from_parent).items()
        if column not in parents
    ]
    faults += [
        Fault(settings.table, "", ours, "", f"no column {ours!r}: study.toml brings one of this "
              f"name from {file}, which would overwrite it; rename either")
        for ours in settings.shared_counts | settings.from_parent
        if ours in areas
    ]  # fmt: skip
    if settings.parent_key not in areas:
        faults.append(Fault(settings.table, "", settings.parent_key, "", "the parent's id"))
    elif "id" in parents:
        orphans = ~areas[settings.parent_key].isin(set(parents["id"]))
        faults += [
            Fault(settings.table, f"row {areas.index[i]}", settings.parent_key,
                  str(areas[settings.parent_key].iloc[i]), f"an id of {file}")
            for i in np.flatnonzero(orphans).tolist()
        ]  # fmt: skip
    return faults


def _cross_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find ids and columns that settings name and tables do not hold."""
    centres, areas = tables["centres"], tables["areas"]
    known = set(centres["id"]) | set(tables["candidates"]["id"])
    faults = [
        Fault("centres.csv", f"row {i}", "service", service, f"one of {sorted(config.services)}")
        for i, service in centres["service"].items()
        if service not in config.services
    ]
    faults += _shared_ids(tables, config)
    faults += _demand_faults(areas, centres, config) + _group_faults(areas, config)
    for key in config.proposals:
        faults += _proposal_faults(key, centres, known, config)
    faults += _new_site_faults(config)
    faults += _hub_faults(tables, known, config)
    return faults + _headline_faults(tables, config) + _rule_faults(tables, config)


def _shared_ids(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find candidates and neighbours of an id that another site of the study has already."""
    new = {c.opens for p in config.proposals.values() for c in p.change if c.lon is not None}
    taken: dict[object, str] = {}
    faults = []
    for kind, file, ids in (
        ("centre", "centres.csv", tables["centres"]["id"]),
        ("candidate", "candidates.csv", tables["candidates"]["id"]),
        ("new site", "study.toml", new),  # what is wrong with it is told of it
        ("neighbour", "neighbours.csv", tables["neighbours"]["id"]),
    ):
        if kind in ("candidate", "neighbour"):
            both = sorted({*ids} & taken.keys())
            faults += [Fault(file, i, "id", i, f"an id no {taken[i]} has") for i in both]
        taken = dict.fromkeys(ids, kind) | taken
    return faults


def _hub_faults(
    tables: dict[str, pd.DataFrame], known: Collection[str], config: StudyConfig
) -> list[Fault]:
    hubs, areas, candidates = config.hubs, tables["areas"], tables["candidates"]
    faults = [
        Fault("study.toml", f"hubs.{name}", "", id_, "an id of centres.csv or candidates.csv")
        for name in ("council_choice", "must", "never")
        for id_ in getattr(hubs, name)
        if id_ not in known
    ]
    faults += [
        Fault("study.toml", f"hubs.offers.{key}", "demand", column,
              f"a column of the areas: {sorted(areas.columns)}")
        for key, offer in hubs.offers.items()
        for column in offer.columns
        if column not in areas
    ]  # fmt: skip
    kinds = {"centre"}
    for column in ("kind", "owner"):
        if column in candidates:
            kinds |= set(candidates[column].dropna().astype(str))
    wanted = [("hubs.at_most", kind) for kind in hubs.at_most]
    wanted += [(f"hubs.among, {name}", k) for name, some in hubs.among.items() for k in some]
    faults += [
        Fault("study.toml", where, "", kind, f"a kind or owner of candidates.csv: {sorted(kinds)}")
        for where, kind in wanted
        if kind not in kinds
    ]
    faults += [
        Fault("study.toml", "report.mitigation", "site", m.site, "an id of centres.csv")
        for m in config.report.mitigation
        if m.site not in set(tables["centres"]["id"])
    ]
    return faults


def _headline_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Tell what leads and cannot be measured, and neighbours of no service of the study."""
    faults = []
    no_car = tables["areas"].get("p_no_car")
    if config.measures.headline == "family" and (no_car is None or no_car.isna().any()):
        expected = (
            "walk or drive, or in the areas p_no_car (the share of households without a car), or "
            "households and households_no_car, in every row"
        )
        faults.append(Fault("study.toml", "measures", "headline", "family", expected))
    of = tables["neighbours"].get("service", pd.Series(dtype=str))
    return faults + [
        Fault(
            "neighbours.csv", f"row {i}", "service", str(service)[:80],
            f"one of {sorted(config.services)}, or empty: of every service",
        )
        for i, service in of.items()
        if service not in ("", *config.services)
    ]  # fmt: skip


def _demand_faults(areas: pd.DataFrame, centres: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    faults = []
    for key, service in config.services.items():
        if service.demand not in areas:
            expected = f"a column of the areas: {sorted(areas.columns)}"
            faults.append(
                Fault("study.toml", f"services.{key}", "demand", service.demand, expected)
            )
        elif float(areas[service.demand].sum()) <= 0:
            expected = f"somebody to serve ({service.noun})"
            faults.append(
                Fault(config.areas.table, "", service.demand, "0 in every area", expected)
            )
        else:
            faults += _weight_faults(areas, service.demand, config)
        if not (centres["service"] == key).any():
            faults.append(Fault("centres.csv", "", "service", "", f"at least one {key}"))
    return faults


def _group_faults(areas: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    return [
        Fault("study.toml", group.label[:60], "groups", name,
              f"a column of the areas: {sorted(areas.columns)}")
        for group in config.groups
        for name in group.columns
        if name not in areas
    ]  # fmt: skip


def _weight_faults(areas: pd.DataFrame, demand: str, config: StudyConfig) -> list[Fault]:
    """Tell why the weights that are set cannot be made of the areas."""
    chosen = config.weights
    scheme = "none" if chosen.scheme == "linear" and "imd_rank" not in areas else chosen.scheme
    if scheme == "none":
        return []
    column, low, high = weight_bounds(scheme, chosen.national_areas)
    if column not in areas or column in ("id", "lon", "lat"):
        expected = f"a column {column} in the areas"
        if scheme not in _SCHEMES:
            numeric = areas.select_dtypes("number").columns.difference(["lon", "lat"])
            expected = (
                f"{', '.join(_SCHEMES)}, or a column of numbers of the areas: {sorted(numeric)}"
            )
        return [Fault("study.toml", "weights", "scheme", scheme[:80], expected)]
    values = pd.to_numeric(areas[column], errors="coerce").to_numpy(float)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= low) & (values <= high))).tolist()
    expected = (
        f"a number from {low:g} to {high:g} in every area, for weights.scheme {scheme[:80]!r} of "
        "study.toml; fill it in, or set the scheme to 'none'"
    )
    if len(wrong):
        file = config.areas.table
        return [
            Fault(file, f"row {areas.index[i]}", column, _cell(values[i]), expected) for i in wrong
        ]
    if not (values * areas[demand].to_numpy(float)).sum() > 0:
        expected = f"numbers in {column}, some above 0 where people live"
        return [Fault("study.toml", "weights", "scheme", scheme[:80], expected)]
    return []


def _cell(value: float) -> str:
    return f"{value:g}" if np.isfinite(value) else "an empty cell"


def _proposal_faults(
    key: str, centres: pd.DataFrame, known: set[str], config: StudyConfig
) -> list[Fault]:
    proposal = config.proposals[key]
    where = f"proposals.{key}"
    of_service = centres["service"] == proposal.service
    own = set(centres.loc[of_service, "id"])
    offers = set(centres.loc[of_service & offers_today(centres), "id"])
    shut = set(centres.loc[centres["status"] == "closed", "id"]) if "status" in centres else set()
    new = {c.opens for c in proposal.change if c.lon is not None}
    today = f"a {proposal.service} of centres.csv: {sorted(own)}"
    place = "an id of centres.csv or candidates.csv"
    faults = [Fault("study.toml", where, "close", i, today) for i in proposal.close if i not in own]
    faults += [
        Fault("study.toml", where, "close", i, f"a {proposal.service} that is open today: its "
              "status in centres.csv says that it is not")
        for i in proposal.close
        if i in own - offers
    ]  # fmt: skip
    faults += [
        Fault("study.toml", where, "open", i, place) for i in proposal.open if i not in known
    ]
    opened = set(proposal.open)
    for number, change in enumerate(proposal.change):
        at = f"{where}.change.{number}"
        if change.action != "open" and change.site not in own | opened:
            faults.append(Fault("study.toml", at, "site", change.site, today))
        if change.action == "move" and change.site in shut - opened:
            expected = f"a {proposal.service} that is not closed today: there is no offer to move"
            faults.append(Fault("study.toml", at, "site", change.site, expected))
        column = "to" if change.action == "move" else "site"
        if change.opens is not None and change.opens not in known | new:
            expected = f"{place}, or a lon and a lat for a new site"
            faults.append(Fault("study.toml", at, column, change.opens, expected))
        if change.lon is not None and change.opens in known:
            expected = (
                "an id of its own for a new position: a site of this id has its place already"
            )
            faults.append(Fault("study.toml", at, column, str(change.opens), expected))
        if change.lon is not None and change.lat is not None:
            spot = pd.DataFrame({"lon": [change.lon], "lat": [change.lat]})
            told = check_positions(spot, config.study.box, "study.toml")
            faults += [replace(fault, where=at) for fault in told]
        opened |= {change.opens} if change.opens else set()
    faults += [
        Fault("study.toml", where, "open", id_, f"a site that is no open {proposal.service} today")
        for id_ in proposal.opens
        if id_ in offers
    ]
    if own and len(proposal.closes) >= len(offers) and not proposal.opens:
        found = f"{len(proposal.closes)} of {len(offers)}"
        faults.append(
            Fault("study.toml", where, "close", found, "at least one centre to stay open")
        )
    return faults


def _new_site_faults(config: StudyConfig) -> list[Fault]:
    """Find new sites of one id that two proposals set at two places."""
    seen: dict[str, tuple[str, tuple[float | None, float | None]]] = {}
    faults = []
    for key, proposal in config.proposals.items():
        for number, change in enumerate(proposal.change):
            if change.lon is None or change.opens is None:
                continue
            first, spot = seen.setdefault(change.opens, (key, (change.lon, change.lat)))
            if spot != (change.lon, change.lat):
                faults.append(
                    Fault("study.toml", f"proposals.{key}.change.{number}", "site", change.opens,
                          f"another id, or the place that proposals.{first} gives it: {spot}")
                )  # fmt: skip
    return faults


def _share_total(total: ArrayLike, weights: ArrayLike) -> NDArray[np.int64]:
    """Share whole numbers among parts by weight, by the largest-remainder (Hamilton) method.

    Of several totals each has a column.
    """
    totals, w = np.atleast_1d(np.asarray(total, np.int64)), np.asarray(weights, dtype=float)
    fit = np.isfinite(w).all() and (w >= 0).all() and w.sum() > 0
    for wrong in totals[totals != 0 if not fit else totals < 0].tolist():
        raise ParameterError(
            f"cannot share {wrong} by weights {w.tolist()[:5]}; expected a total of 0 or more and "
            "weights of 0 or more with a positive sum"
        )
    exact = totals * w[:, None] / w.sum() if fit else np.zeros((len(w), len(totals)))
    parts: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    # rounding to 9 places makes equal remainders equal, so that ties go by order alone
    order = np.argsort(-np.round(exact - parts, 9), axis=0, kind="stable")
    place = np.argsort(order, axis=0)
    parts += place < totals - parts.sum(axis=0)
    return parts if np.ndim(total) else parts[:, 0]


def _share_counts(
    areas: pd.DataFrame, parents: pd.DataFrame, *, key: str, by: str, columns: dict[str, str]
) -> pd.DataFrame:
    """Share each parent's counts among its areas."""
    unknown = sorted(set(areas[key]) - set(parents.index))
    if unknown:
        raise ParameterError(
            f"areas name {key} {unknown[:5]}, which the parent table does not hold"
        )
    childless = sorted(set(parents.index) - set(areas[key]))
    lost = [p for p in childless if parents.loc[p, list(columns.values())].sum() > 0]
    if lost:
        raise ParameterError(
            f"{key} {lost[:5]} hold counts but no area belongs to them; they would be lost"
        )
    # plain arrays: asking a table anew for each parent and column takes ten times as long
    totals = parents[list(columns.values())].to_numpy(np.int64)
    weights = areas[by].to_numpy(float)
    shares = np.zeros((len(areas), len(columns)), dtype=np.int64)
    for parent, rows in areas.groupby(key, sort=True).indices.items():
        shares[rows] = _share_total(totals[parents.index.get_loc(parent)], weights[rows])
    return pd.DataFrame(shares, index=areas.index, columns=list(columns))


def _join_parents(areas: pd.DataFrame, parents: pd.DataFrame, config: StudyConfig) -> pd.DataFrame:
    """Bring the figures of larger areas down to theirs."""
    settings = config.areas
    try:
        shared = _share_counts(
            areas, parents, key=settings.parent_key, by=settings.share_by,
            columns=settings.shared_counts,
        )  # fmt: skip
    except ParameterError as error:
        raise StudyError(f"{settings.parent_table}: {error}") from error
    copied = parents.loc[areas[settings.parent_key], list(settings.from_parent.values())]
    copied.columns = pd.Index(list(settings.from_parent))
    copied.index = areas.index
    joined = pd.concat([areas, shared, copied], axis=1)
    # a share is taken from the parent's own totals: rounding to parts must not bend it
    counted = {"households", "households_no_car"} <= set(settings.shared_counts)
    if counted and "p_no_car" not in joined:
        whole = parents.loc[areas[settings.parent_key]]
        households = whole[settings.shared_counts["households"]].to_numpy(float)
        no_car = whole[settings.shared_counts["households_no_car"]].to_numpy(float)
        joined["p_no_car"] = np.divide(
            no_car, households, out=np.full(len(joined), np.nan), where=households > 0
        )
    return joined


def _with_shares(areas: pd.DataFrame) -> pd.DataFrame:
    """Give the share of households without a car, where the areas count both and have none.

    An area where no household lives has no share of its own: that of all households stands there.
    """
    if "p_no_car" not in areas and {"households", "households_no_car"} <= set(areas.columns):
        households = areas["households"].to_numpy(float)
        share = np.divide(areas["households_no_car"].to_numpy(float), households,
                          out=np.full(len(areas), np.nan), where=households > 0)  # fmt: skip
        areas = areas.assign(p_no_car=share)
    empty, everywhere = _share_of_all(areas)
    bare = empty & areas["p_no_car"].isna() if empty.any() else empty
    return (
        areas.assign(p_no_car=areas["p_no_car"].where(~bare, everywhere)) if bare.any() else areas
    )


def _share_of_all(areas: pd.DataFrame) -> tuple[pd.Series, float]:
    """Mark areas where no household lives, and give the share without a car of all households."""
    if not {"households", "p_no_car"} <= set(areas.columns):
        return pd.Series(False, index=areas.index), np.nan
    households = pd.to_numeric(areas["households"], errors="coerce").to_numpy(float)
    share = areas["p_no_car"].to_numpy(float)
    known = (households > 0) & np.isfinite(share)
    whole = households[known].sum()
    everywhere = float((share * households)[known].sum() / whole) if whole > 0 else np.nan
    return pd.Series(households == 0, index=areas.index), everywhere


def _with_tenths(areas: pd.DataFrame, national_areas: int) -> pd.DataFrame:
    """Give the tenth of deprivation where only the rank is known: every table by it asks for it."""
    if "imd_rank" not in areas or {"imd_decile", "imd_fifth"} & set(areas.columns):
        return areas
    rank = pd.to_numeric(areas["imd_rank"], errors="coerce").to_numpy(float)
    return areas.assign(imd_decile=np.ceil(rank * 10 / national_areas))


def _with_points(frame: pd.DataFrame, crs: str) -> pd.DataFrame:
    """Give a table of lon/lat its geometry in the metric CRS.

    It stays a plain table till all is added: with a table of places each step takes ten times as
    long.
    """
    xy = project(frame["lon"], frame["lat"], crs) if len(frame) else np.empty((0, 2))
    frame = frame.reset_index(drop=True)  # the rows of the sheet have served
    frame["geometry"] = gpd.points_from_xy(xy[:, 0], xy[:, 1], crs=crs)
    return frame


def without_shapes(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Give a table of places as a plain table, which takes a tenth of the time for each step."""
    plain = pd.DataFrame(table)
    del plain["geometry"]
    return plain


def _with_register(sites: pd.DataFrame) -> pd.DataFrame:
    """Give every register column, so that what is not known is seen to be not known."""
    texts = {"assumed": "no", "locality": "", "position_basis": ""}
    usual = [c for c in (*_REGISTER_UNKNOWNS, *texts, "position_error_m") if c not in sites]
    out = sites.reindex(columns=[*sites.columns, *usual])
    for column in texts.keys() & set(usual):
        out[column] = texts[column]
    out["assumed"] = (out["assumed"] == "yes").astype(bool)
    out["proxy"] = out["position_basis"].astype(str).str.startswith("proxy").astype(bool)
    return out


def _with_localities(
    areas: pd.DataFrame, centres: pd.DataFrame, config: StudyConfig
) -> pd.DataFrame:
    """Infer an area's locality from its nearest centre, in a straight line; ties go by order."""
    service = config.areas.locality_from
    if service is None or "locality" not in centres:
        return areas
    own = centres[centres["service"] == service]
    here, there = (shapely.get_coordinates(t["geometry"].to_numpy()) for t in (areas, own))
    away = here[:, None] - there[None, :]
    nearest = np.argmin(np.hypot(away[..., 0], away[..., 1]), axis=1)
    return areas.assign(locality=own["locality"].to_numpy()[nearest])


def _read_shapes(path: Path, areas: pd.DataFrame) -> tuple[gpd.GeoSeries | None, list[Fault]]:
    """Read one polygon an area, and find everything that is wrong with them."""
    try:
        check_regular(path, _MOST_BYTES)
    except OSError as error:
        expected = f"a GeoJSON or GeoPackage of this name in {path.parent}: {error.strerror}"
        return None, [Fault("study.toml", "areas", "shapes", path.name, expected)]
    try:
        frame = _read_geometry(path)
    except ValueError as error:
        return None, [Fault(path.name, "", "", "", f"a GeoJSON or GeoPackage ({error})")]
    if "id" not in frame or not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        return None, [Fault(path.name, "", "id", "", "shapes in a stated CRS, with a column id")]
    frame["id"] = frame["id"].astype(str)
    faults = _shape_faults(frame, areas, path.name)
    if faults:
        return None, faults
    return frame.set_index("id").loc[list(areas["id"]), "geometry"].to_crs(WGS84), []


def _shape_faults(frame: gpd.GeoDataFrame, areas: pd.DataFrame, file: str) -> list[Fault]:
    wanted = set(areas["id"])
    own = frame[frame["id"].isin(wanted)]
    faults = [
        Fault(file, id_, "id", "twice or more", "one shape an area")
        for id_ in sorted(set(own.loc[own["id"].duplicated(), "id"]))
    ]
    missing = sorted(wanted - set(own["id"]))
    if missing:
        faults.append(
            Fault(file, "", "id", f"{len(missing)} areas without a shape, first {missing[0]!r}",
                  "a shape for every area")
        )  # fmt: skip
    shapes = own.geometry.to_numpy()
    flat = (shapely.get_dimensions(shapes) == 2) & ~shapely.is_empty(shapes)
    flat &= shapely.is_valid(shapes) & np.isin(shapely.get_type_id(shapes), _POLYGONS)
    faults += [
        Fault(file, id_, "geometry", "", "a valid polygon that is not empty")
        for id_ in own["id"].to_numpy()[~flat]
    ]
    return faults
