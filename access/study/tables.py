"""What each table of a study must hold, and how every fault in one is told at once."""

from __future__ import annotations

import difflib
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import ArrayLike, NDArray

from access.errors import Fault, ParameterError, StudyError
from access.escape import text_fault
from access.study.config import StudyConfig, rule_faults
from access.units import WGS84, project

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandera.pandas as pa

_ID = pa.Column(
    str,
    [pa.Check.str_matches(r"\S", error="an id that is not empty")],
    unique=True,
    description="a unique id",
)
_LON = pa.Column(float, nullable=True, description="longitude, WGS84 degrees")
_LAT = pa.Column(float, nullable=True, description="latitude, WGS84 degrees")
_TEXT = pa.Column(str, [pa.Check.str_matches(r"\S", error="a text that is not empty")])
_FREE = pa.Column(str, required=False, nullable=True)
_KNOWN_OR_EMPTY = pa.Column(
    float, pa.Check.ge(0, error="0 or more, or an empty cell for not known"),
    nullable=True, required=False,
)  # fmt: skip
_YES_NO = pa.Column(
    str, pa.Check.isin(["yes", "no"], error="yes or no"), required=False, description="yes or no"
)
_COUNT = pa.Column(float, pa.Check.ge(0, error="a count of 0 or more"), nullable=True)


def _known(check: pa.Check) -> pa.Column:
    """A figure that may be left out altogether, or empty where it is not known."""
    return pa.Column(float, check, nullable=True, required=False)


_TENTH = pa.Check.isin(range(1, 11), error="a tenth from 1 (most deprived) to 10, or empty")
_RANK = pa.Check.ge(1, error="a rank of 1 (most deprived) or more, or empty")
_SCHEMAS: dict[str, pa.DataFrameSchema] = {
    "areas": pa.DataFrameSchema(
        {
            "id": _ID,
            "lon": _LON,
            "lat": _LAT,
            "imd_rank": _known(_RANK),
            "imd_decile": _known(_TENTH),
            "idaci_rank": _known(_RANK),
            "idaci_decile": _known(_TENTH),
            "p_no_car": _known(pa.Check.in_range(0, 1, error="a share from 0 to 1, or empty")),
            "income": _known(pa.Check.gt(0, error="an income above 0, or empty")),
        }
    ),
    "parents": pa.DataFrameSchema({"id": _ID}),
    "centres": pa.DataFrameSchema(
        {
            "id": _ID,
            "name": _TEXT,
            "service": _TEXT,
            "lon": _LON,
            "lat": _LAT,
            "address": _FREE,
            "postcode": _FREE,
            "locality": _FREE,
            "position_error_m": _KNOWN_OR_EMPTY,
            "position_basis": _FREE,
            "assumed": _YES_NO,
            "annual_cost_gbp": _KNOWN_OR_EMPTY,
            "annual_visits": _KNOWN_OR_EMPTY,
            "condition": _FREE,
            "capacity": _KNOWN_OR_EMPTY,
        }
    ),
    "candidates": pa.DataFrameSchema(
        {
            "id": _ID,
            "name": _TEXT,
            "lon": _LON,
            "lat": _LAT,
            "kind": _FREE,
            "locality": _FREE,
            "position_basis": _FREE,
            "annual_cost_gbp": _KNOWN_OR_EMPTY,
            "condition": _FREE,
            "capacity": _KNOWN_OR_EMPTY,
        }
    ),
    "neighbours": pa.DataFrameSchema({"id": _ID, "name": _TEXT, "lon": _LON, "lat": _LAT}),
    "places": pa.DataFrameSchema(
        {"name": _TEXT, "lon": _LON, "lat": _LAT, "rank": _KNOWN_OR_EMPTY}
    ),
    "postcodes": pa.DataFrameSchema({"postcode": _ID, "lon": _LON, "lat": _LAT}),
}
#: Columns of a building register that may be empty: shown as "not known", never filled in.
REGISTER_UNKNOWNS = ("annual_cost_gbp", "annual_visits", "condition", "capacity")


def read_table(
    path: Path, kind: str, counts: tuple[str, ...] = ()
) -> tuple[pd.DataFrame, list[Fault]]:
    """Read one CSV table of a study and find everything that is wrong with it."""
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        return pd.DataFrame(), [Fault(path.name, "", "", "", f"this file in {path.parent}")]
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        return pd.DataFrame(), [Fault(path.name, "", "", "", f"a UTF-8 CSV table ({error})")]
    schema = _SCHEMAS[kind].add_columns(dict.fromkeys(counts, _COUNT))
    faults = _unfit_texts(raw, path.name)
    if faults:
        return pd.DataFrame(), faults
    faults = _missing_columns(raw, schema, path.name)
    frame = raw.apply(lambda column: column.str.strip())
    for name, column in schema.columns.items():
        if name in frame and str(column.dtype) == "float64":
            frame[name], wrong = _numbers(frame[name], path.name, must=name in counts)
            faults += wrong
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        faults += _from_pandera(error.failure_cases, path.name)
    return frame, sorted(set(faults), key=_reading_order)


def _unfit_texts(raw: pd.DataFrame, file: str) -> list[Fault]:
    """Find headings and cells that can be no name: too long, or with control characters."""
    found = [("row 1", name[:60], name) for name in map(str, raw.columns)]
    for name in raw.columns:
        found += [(f"row {i + 2}", str(name)[:60], text) for i, text in enumerate(raw[name])]
    faults = ((where, column, text, text_fault(text)) for where, column, text in found)
    return [Fault(file, w, c, t[:60], expected) for w, c, t, expected in faults if expected]


def _reading_order(fault: Fault) -> tuple[str, int, str]:
    digits = "".join(ch for ch in fault.where if ch.isdigit())
    return fault.file, int(digits or 0), fault.column


def _missing_columns(frame: pd.DataFrame, schema: pa.DataFrameSchema, file: str) -> list[Fault]:
    faults = []
    for name, column in schema.columns.items():
        if column.required and name not in frame:
            close = difflib.get_close_matches(name, frame.columns, n=1, cutoff=0.6)
            hint = f"; is {close[0]!r} meant? rename it" if close else ""
            faults.append(Fault(file, "", name, "", f"a column named {name!r}{hint}"))
    return faults


def _numbers(column: pd.Series, file: str, *, must: bool) -> tuple[pd.Series, list[Fault]]:
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    bad = ~np.isfinite(numbers) & (column != "")
    if must:
        bad |= column == ""
    faults = [
        Fault(file, f"row {i + 2}", str(column.name), column.iloc[i],
              "a number" if column.iloc[i] else "a number; this cell is empty")
        for i in np.flatnonzero(bad)
    ]  # fmt: skip
    return numbers.where(np.isfinite(numbers)), faults


def _from_pandera(cases: pd.DataFrame, file: str) -> list[Fault]:
    faults = []
    for case in cases.to_dict("records"):
        check = str(case["check"])
        if check == "column_in_dataframe" or check.startswith("dtype("):
            continue
        expected = "an id that is used once" if check == "field_uniqueness" else check
        row = "" if case["index"] is None else f"row {int(case['index']) + 2}"
        faults.append(Fault(file, row, str(case["column"]), str(case["failure_case"]), expected))
    return faults


def check_positions(
    frame: pd.DataFrame, box: tuple[float, float, float, float], file: str
) -> list[Fault]:
    """Find points that are missing, swapped, in metres, or outside the study's box."""
    if not {"lon", "lat"} <= set(frame.columns):
        return []
    west, south, east, north = box
    lon, lat = frame["lon"].to_numpy(float), frame["lat"].to_numpy(float)
    inside = (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    faults = []
    for i in np.flatnonzero(~inside):
        if west <= lat[i] <= east and south <= lon[i] <= north:
            expected = "longitude and latitude in that order: these look swapped"
        elif not (np.isfinite(lon[i]) and np.isfinite(lat[i])):
            expected = "a longitude and a latitude in degrees"
        elif abs(lon[i]) > 180 or abs(lat[i]) > 90:
            expected = (
                "WGS84 degrees: these look like metres of a projected grid; "
                "reproject them, for example with frame.to_crs('EPSG:4326')"
            )
        else:
            expected = f"a point inside the study's box {list(box)} (west, south, east, north)"
        faults.append(Fault(file, f"row {i + 2}", "lon, lat", f"{lon[i]:g}, {lat[i]:g}", expected))
    return faults


def parent_faults(areas: pd.DataFrame, parents: pd.DataFrame, config: StudyConfig) -> list[Fault]:
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
            Fault(settings.table, f"row {i + 2}", settings.parent_key,
                  str(areas[settings.parent_key].iloc[i]), f"an id of {file}")
            for i in np.flatnonzero(orphans)
        ]  # fmt: skip
    return faults


def cross_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find ids and columns that settings name and tables do not hold."""
    centres, areas = tables["centres"], tables["areas"]
    known = set(centres["id"]) | set(tables["candidates"]["id"])
    faults = [
        Fault(
            "centres.csv", f"row {i + 2}", "service", service, f"one of {sorted(config.services)}"
        )
        for i, service in enumerate(centres["service"])
        if service not in config.services
    ]
    both = sorted(set(centres["id"]) & set(tables["candidates"]["id"]))
    faults += [Fault("candidates.csv", id_, "id", id_, "an id no centre has") for id_ in both]
    faults += _demand_faults(areas, centres, config)
    for key in config.proposals:
        faults += _proposal_faults(key, centres, known, config)
    faults += [
        Fault(
            "study.toml", "hubs.council_choice", "", id_, "an id of centres.csv or candidates.csv"
        )
        for id_ in config.hubs.council_choice
        if id_ not in known
    ]
    return faults + rule_faults(tables, config)


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


def _weight_faults(areas: pd.DataFrame, demand: str, config: StudyConfig) -> list[Fault]:
    """Tell why the weights that are set cannot be made of the areas."""
    chosen = config.weights
    scheme = "none" if chosen.scheme == "linear" and "imd_rank" not in areas else chosen.scheme
    usual = ("none", "linear", "green_book")
    if scheme not in usual and scheme not in areas:
        numeric = areas.select_dtypes("number").columns.difference(["lon", "lat"])
        expected = f"{', '.join(usual)}, or a column of numbers of the areas: {sorted(numeric)}"
        return [Fault("study.toml", "weights", "scheme", scheme[:80], expected)]
    if scheme not in usual and not pd.api.types.is_numeric_dtype(areas[scheme]):
        expected = "a column of numbers of 0 or more; this one holds text"
        return [Fault("study.toml", "weights", "scheme", scheme[:80], expected)]
    if scheme == "green_book" and "income" not in areas:
        return [Fault("study.toml", "weights", "scheme", scheme, "a column income in the areas")]
    bounds = {"linear": ("imd_rank", 1, chosen.national_areas), "green_book": ("income", 0, np.inf)}
    if scheme == "none":
        return []
    column, low, high = bounds.get(scheme, (scheme, 0, np.inf))
    values = pd.to_numeric(areas[column], errors="coerce").to_numpy(float)
    wrong = ~(np.isfinite(values) & (values >= low) & (values <= high))
    wrong |= (values == 0) & (scheme == "green_book")
    if wrong.any() or not (values * areas[demand].to_numpy(float)).sum() > 0:
        expected = f"numbers from {low:g} to {high:g} in {column}, some above 0 where people live"
        found = f"{scheme[:80]}: {int(wrong.sum())} areas without"
        return [Fault("study.toml", "weights", "scheme", found, expected)]
    return []


def _proposal_faults(
    key: str, centres: pd.DataFrame, known: set[str], config: StudyConfig
) -> list[Fault]:
    proposal = config.proposals[key]
    where = f"proposals.{key}"
    own = set(centres.loc[centres["service"] == proposal.service, "id"])
    expected = f"a {proposal.service} of centres.csv: {sorted(own)}"
    faults = [
        Fault("study.toml", where, "close", id_, expected)
        for id_ in proposal.close
        if id_ not in own
    ]
    faults += [
        Fault("study.toml", where, "open", id_, "an id of centres.csv or candidates.csv")
        for id_ in proposal.open
        if id_ not in known
    ]
    faults += [
        Fault("study.toml", where, "open", id_, f"a site that is no open {proposal.service} today")
        for id_ in proposal.open
        if id_ in own
    ]
    if own and len(proposal.close) >= len(own) and not proposal.open:
        found = f"{len(proposal.close)} of {len(own)}"
        faults.append(
            Fault("study.toml", where, "close", found, "at least one centre to stay open")
        )
    return faults


def _share_total(total: int, weights: ArrayLike) -> NDArray[np.int64]:
    """Share a whole number among parts by weight, by the largest-remainder (Hamilton) method."""
    w = np.asarray(weights, dtype=float)
    if total == 0:
        return np.zeros(len(w), dtype=np.int64)
    if total < 0 or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ParameterError(
            f"cannot share {total} by weights {w.tolist()[:5]}; expected a total of 0 or more and "
            "weights of 0 or more with a positive sum"
        )
    exact = total * w / w.sum()
    parts = np.floor(exact).astype(np.int64)
    left = int(total - parts.sum())
    # rounding to 9 places makes equal remainders equal, so that ties go by order alone
    order = np.argsort(-np.round(exact - parts, 9), kind="stable")
    parts[order[:left]] += 1
    return parts


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
    totals = [parents[column].to_numpy(int) for column in columns.values()]
    weights = areas[by].to_numpy(float)
    shares = np.zeros((len(areas), len(columns)), dtype=np.int64)
    for parent, rows in areas.groupby(key, sort=True).indices.items():
        at = parents.index.get_loc(parent)
        for j, total in enumerate(totals):
            shares[rows, j] = _share_total(int(total[at]), weights[rows])
    return pd.DataFrame(shares, index=areas.index, columns=list(columns))


def join_parents(areas: pd.DataFrame, parents: pd.DataFrame, config: StudyConfig) -> pd.DataFrame:
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
    if {"households", "households_no_car"} <= set(settings.shared_counts):
        whole = parents.loc[areas[settings.parent_key]]
        households = whole[settings.shared_counts["households"]].to_numpy(float)
        no_car = whole[settings.shared_counts["households_no_car"]].to_numpy(float)
        joined["p_no_car"] = np.divide(
            no_car, households, out=np.full(len(joined), np.nan), where=households > 0
        )
    return joined


def numbers_where_possible(areas: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns that hold nothing but numbers into numbers; ids stay text."""
    out = areas.copy()
    for column in out.columns.difference(["id"]):
        if pd.api.types.is_numeric_dtype(out[column]):
            continue
        numbers = pd.to_numeric(out[column], errors="coerce")
        if numbers.notna().all():
            out[column] = numbers.astype(float)
    return out


def to_points(frame: pd.DataFrame, crs: str) -> gpd.GeoDataFrame:
    """Give a table of lon/lat its geometry in the metric CRS."""
    xy = project(frame["lon"], frame["lat"], crs) if len(frame) else np.empty((0, 2))
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=crs)


def with_register(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give every register column, so that what is not known is seen to be not known."""
    out = sites.copy()
    for column in REGISTER_UNKNOWNS:
        if column not in out:
            out[column] = np.nan
    for column, default in {"assumed": "no", "locality": "", "position_basis": ""}.items():
        if column not in out:
            out[column] = default
    if "position_error_m" not in out:
        out["position_error_m"] = np.nan
    out["assumed"] = (out["assumed"] == "yes").astype(bool)
    out["proxy"] = out["position_basis"].astype(str).str.startswith("proxy").astype(bool)
    return out


def with_localities(
    areas: gpd.GeoDataFrame, centres: gpd.GeoDataFrame, config: StudyConfig
) -> gpd.GeoDataFrame:
    """Infer an area's locality from its nearest centre, in a straight line; ties go by order."""
    service = config.areas.locality_from
    if service is None or "locality" not in centres:
        return areas
    own = centres[centres["service"] == service]
    dx = areas.geometry.x.to_numpy()[:, None] - own.geometry.x.to_numpy()[None, :]
    dy = areas.geometry.y.to_numpy()[:, None] - own.geometry.y.to_numpy()[None, :]
    nearest = np.argmin(np.hypot(dx, dy), axis=1)
    return areas.assign(locality=own["locality"].to_numpy()[nearest])


def read_shapes(path: Path, areas: pd.DataFrame) -> tuple[gpd.GeoSeries | None, list[Fault]]:
    """Read one polygon an area, and find everything that is wrong with them."""
    if not path.is_file():
        return None, [Fault("study.toml", "areas", "shapes", path.name,
                            f"a GeoJSON or GeoPackage of this name in {path.parent}")]  # fmt: skip
    try:
        frame = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
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
    flat &= shapely.is_valid(shapes)
    faults += [
        Fault(file, id_, "geometry", "", "a valid polygon that is not empty")
        for id_ in own["id"].to_numpy()[~flat]
    ]
    return faults
