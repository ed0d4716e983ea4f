"""Minutes by bus that somebody else worked out: a matrix in long or wide form becomes a mode."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault, StudyError
from access.network import TravelMatrix
from access.network.windowed import WindowedTravel, family_trip
from access.study import Study
from access.study.tables import without_shapes
from access.units import great_circle_m

_Floats = NDArray[np.float64]
#: What others call the columns of a matrix in long form, without regard to capitals and marks.
_FROM = ("fromid", "from", "origin", "originid", "area", "areaid", "originlsoa")
_TO = ("toid", "to", "destination", "destinationid", "site", "siteid", "destinationlsoa")
_MINUTES = ("minutes", "traveltime", "traveltimeminutes", "time", "duration", "totalminutes")
_ROWS_AT_ONCE = 1_000_000


def _knows_cars(study: Study) -> bool:
    return "p_no_car" in study.areas and bool(study.areas["p_no_car"].notna().all())


def _elsewhere(study: Study) -> str:
    """Say whose minutes by bus these are, and what is not known of them."""
    row = next(r for r in study.inputs if r["file"] == study.config.bus.matrix)
    return (
        f"By bus: minutes of {row['file']}, worked out elsewhere (source: {row['source']}; "
        f"{row['vintage']}), or walking all the way where that is quicker. The way home by bus, "
        "how often there is none, and what a bus cut does, are not known."
    )


def _from_elsewhere(
    study: Study, sites: pd.DataFrame, walk: TravelMatrix, drive: TravelMatrix
) -> dict[str, TravelMatrix]:
    """Read minutes by bus that the study brings, and blend the family trip."""
    given, told = _read_minutes(study, sites)
    on_foot = walk.total_minutes
    least = np.minimum(on_foot, given.loc[list(walk.area_ids), list(walk.site_ids)].to_numpy(float))
    ids = {"area_ids": walk.area_ids, "site_ids": walk.site_ids}
    told = (_elsewhere(study), *told)
    out = {"bus": TravelMatrix.from_minutes(least, mode="bus", assumptions=told, **ids)}
    if _knows_cars(study):
        once = WindowedTravel(walk.area_ids, walk.site_ids, "bus", (0,), least[:, None, :],
                              assumptions=told)  # fmt: skip
        family = family_trip(
            once, drive, study.areas.set_index("id")["p_no_car"], walk=walk,
            parking_minutes=study.config.travel.parking_minutes,
        )  # fmt: skip
        out["typical"] = TravelMatrix.from_minutes(
            family.minutes[:, 0, :], mode="typical", assumptions=family.assumptions, **ids
        )
    return out


def _read_minutes(study: Study, sites: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a matrix in long or wide form by the study's areas and sites; ``inf`` where no row."""
    assert study.config.bus.matrix is not None
    path = study.folder / study.config.bus.matrix
    codes = _codes(study)
    wanted = set(codes.to_numpy().ravel().tolist())
    rows, starts = _rows_of_matrix(path, wanted, {*wanted, *map(str, sites["id"])}, study)
    ends = set(rows["to"])
    own = next((c for c in codes if codes[c].isin(starts).all()), None)
    if own is None:
        lost = codes.loc[~codes["id"].isin(starts), "id"].tolist()
        raise StudyError(
            f"{path.name} has no minutes from {len(lost)} of {len(codes)} areas, such as "
            f"{lost[:5]}; expected rows from every area's id{_or_larger(codes)}"
        )
    where, told = _columns_of_sites(study, sites, codes, ends, path.name)
    table = rows.pivot_table("minutes", "from", "to", aggfunc="min", dropna=False)
    table = table.reindex(index=codes[own], columns=where.to_numpy())
    table.index, table.columns = pd.Index(codes["id"]), pd.Index(where.index)
    return table.fillna(np.inf), told


def _codes(study: Study) -> pd.DataFrame:
    """Give every area's id and those of the larger areas that it is part of, as far as known."""
    areas = without_shapes(study.areas)
    names = [
        study.config.areas.parent_key,
        *(str(c) for c in areas if re.match(r"(lsoa|msoa|dz)", str(c))),
    ]
    return areas[["id", *(n for n in dict.fromkeys(names) if n in areas)]].astype(str)


def _or_larger(codes: pd.DataFrame) -> str:
    larger = [str(c) for c in codes if c != "id"]
    return f", or of every one of the column {' or '.join(larger)}" if larger else ""


def _columns_of_sites(
    study: Study, sites: pd.DataFrame, codes: pd.DataFrame, ends: set[str], name: str
) -> tuple[pd.Series, tuple[str, ...]]:
    """Say which of the matrix's destinations each site is: itself, or the area it stands in."""
    ids = sites["id"].astype(str)
    centres = ids[sites["kind"] == "centre"]
    if centres.isin(ends).all():
        lost = ids[~ids.isin(ends)].tolist()
        told = (f"{len(lost)} sites that are no centres of today are not in {name}: the way to "
                "them is walked.",) if lost else ()  # fmt: skip
        return pd.Series(ids.to_numpy(), index=ids), told
    areas = study.areas
    metres = np.stack([
        great_circle_m(lon, lat, areas["lon"].to_numpy(), areas["lat"].to_numpy())
        for lon, lat in zip(sites["lon"], sites["lat"], strict=True)
    ])  # fmt: skip
    nearest = metres.argmin(axis=1)
    for column in codes:
        found = codes[column].to_numpy()[nearest]
        if pd.Series(found)[(sites["kind"] == "centre").to_numpy()].isin(ends).all():
            far = float(metres.min(axis=1).max())
            return pd.Series(found, index=ids), (
                f"In {name} a site stands where its nearest area does, up to {far:,.0f} m off.",
            )
    lost = centres[~centres.isin(ends)].tolist()
    raise StudyError(
        f"{name} has no minutes to {len(lost)} centres, such as {lost[:5]}; expected rows or "
        f"columns for the ids of the centres, or for the areas that they stand in"
        f"{_or_larger(codes)}. A table of the time to the nearest service alone does not say what "
        "a closure does"
    )


def _rows_of_matrix(
    path: Path, starts: set[str], ends: set[str], study: Study
) -> tuple[pd.DataFrame, set[str]]:
    """Take ``from to minutes`` of the pairs that matter, block by block: a nation's file fits.

    Beside them the origins that the file has at all.
    """
    parts, seen = [], set()
    try:
        with pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig",
                         skipinitialspace=True, chunksize=_ROWS_AT_ONCE) as blocks:  # fmt: skip
            for block in blocks:
                frame, origins = _long_rows(block, path.name, starts, ends, study)
                parts.append(frame)
                seen |= origins
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{path.name} is no table of comma-separated values: {' '.join(str(error).split())}"
        ) from None
    return pd.concat(parts, ignore_index=True), seen


def _long_rows(
    block: pd.DataFrame, name: str, starts: set[str], ends: set[str], study: Study
) -> tuple[pd.DataFrame, set[str]]:
    """Turn a block of a matrix into rows, whichever of the two forms it has; and its origins."""
    columns = {re.sub(r"[^a-z0-9]", "", str(c).lower()): c for c in block.columns}
    start, end = (next((columns[k] for k in known if k in columns), None) for known in (_FROM, _TO))
    if start is not None and end is not None:
        minutes = _minutes_column(columns, name, study.config.bus.percentile)
        kept = block[block[start].isin(starts) & block[end].isin(ends)]
        frame = pd.DataFrame({"from": kept[start], "to": kept[end], "minutes": kept[minutes]})
    else:
        first, *others = block.columns
        wide = [c for c in others if c in ends]
        if not wide:
            raise StudyError(
                f"{name} has neither columns of origin, destination and minutes (such as from_id, "
                f"to_id, travel_time_p50) nor a column for each site; found {list(block)[:8]}"
            )
        start, kept = first, block[block[first].isin(starts)]
        frame = kept.melt(first, wide, "to", "minutes", ignore_index=False)
        frame = frame.rename(columns={first: "from"})
        minutes = "a site's column"
    found = frame.assign(minutes=_read_column(frame["minutes"], name, str(minutes)))
    return found, set(block[start]) & starts


def _minutes_column(columns: Mapping[str, str], name: str, percentile: float) -> str:
    """Find the column of minutes: of the study's percentile, where there are several."""
    known = {float(m[1]): c for k, c in columns.items()
             if (m := re.fullmatch(r"(?:traveltime)?p0*(\d+)", k))}  # fmt: skip
    if percentile in known:
        return known[percentile]
    if known:
        raise StudyError(
            f"{name} holds minutes of the percentiles {sorted(known)}; expected {percentile:g}, as "
            "bus.percentile of study.toml says"
        )
    plain = next((columns[k] for k in _MINUTES if k in columns), None)
    if plain is None:
        raise StudyError(
            f"{name} has no column of minutes; expected travel_time_p{percentile:g}, travel_time "
            f"or minutes beside origin and destination, found {list(columns.values())[:8]}"
        )
    return plain


def _read_column(cells: pd.Series, name: str, column: str) -> _Floats:
    """Read minutes; an empty cell is no journey, and what is no number is told by its row."""
    texts = cells.str.strip()
    empty = texts.str.lower().isin(["", "na", "nan", "inf", "null"])
    minutes = pd.to_numeric(texts.where(~empty, "inf"), errors="coerce").to_numpy(float)
    wrong = np.isnan(minutes) | (minutes < 0)
    if wrong.any():
        raise StudyError(
            f"{name} has {int(wrong.sum()):,} cells that are no minutes",
            [Fault(name, f"row {cells.index[i] + 2}", column, str(texts.iloc[i])[:60],
                   "minutes, 0 or more, or an empty cell where there is no journey")
             for i in np.flatnonzero(wrong)[:20]],
        )  # fmt: skip
    return minutes
