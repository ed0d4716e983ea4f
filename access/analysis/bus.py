"""A study's minutes by bus: searched in a timetable, or worked out by somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.errors import Fault, StudyError
from access.labels import trip
from access.measure import typical_matrix
from access.measure.distribution import weighted_mean, weighted_quantile
from access.network import Network, TravelMatrix
from access.network.matrix import at_rank
from access.network.windowed import LAST_MARK, WindowedTravel, clock, family_trip
from access.study import Study
from access.study.tables import without_shapes
from access.units import great_circle_m

if TYPE_CHECKING:
    from access.network import Timetable
    from access.network.bus import BusTravel


# Minutes by bus that somebody else worked out: a matrix in long or wide form becomes a mode.

_Floats = NDArray[np.float64]
#: What others call the columns of a matrix in long form, without regard to capitals and marks.
_FROM = ("fromid", "from", "origin", "originid", "area", "areaid", "originlsoa")
_TO = ("toid", "to", "destination", "destinationid", "site", "siteid", "destinationlsoa")
_MINUTES = ("minutes", "traveltime", "traveltimeminutes", "time", "duration", "totalminutes")
_ROWS_AT_ONCE = 1_000_000


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
    if study.knows_cars:
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


# ------------------------------------------------------------------------------
# A study's minutes by bus: there in each service's window, and home after its sessions.

_Window = tuple[str | int, str | int]
#: Families may set out so much earlier or later, where it is asked how firm an order is.
_SHIFT_MINUTES = 60
#: A stop is a site's own within so many metres in a straight line.
NEAR_METRES = 400.0
#: A timetable of a day further from the study's date is warned of.
_DAYS_APART = 366
#: Degrees that a stop may lie past the streets and still join them.
_MARGIN = 0.02
#: The one sentence of every output of a study without a timetable.
BUS_NOT_KNOWN = "By bus: not known, for no timetable was given."


@dataclass(frozen=True, eq=False)
class BusForPage:
    """What an interactive page needs of one service's buses: the one place where it is said.

    A page opens and closes sites on its own, so it must take the least over the open sites at each
    time of setting out and then the percentile, from `each`: the least of single sites'
    percentiles is too long. The way home is from one site, so its percentile will do.

    Parameters
    ----------
    area_ids, site_ids : tuple of str
    marks : tuple of int
        Every time of setting out, minutes after midnight.
    each : ndarray of float32, shape (areas, marks, sites)
        Minutes by bus, or on foot where that is quicker; ``inf`` where there is no way.
    home_marks : tuple of int
        Times of setting out home; empty where the service's sessions have no end.
    home_minutes, home_without : ndarray, shape (areas, sites), or None
        Minutes home at `percentile`, and the share (0 to 1) of times with no journey under
        `limit_minutes`.
    percentile, limit_minutes : float
    day : str
        The timetable's day, as 2023-06-06.
    words : tuple of str
        What must be told beside the figures.
    """

    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    marks: tuple[int, ...]
    each: NDArray[np.float32]
    home_marks: tuple[int, ...]
    home_minutes: _Floats | None
    home_without: _Floats | None
    percentile: float
    limit_minutes: float
    day: str
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class BusTimes:
    """Minutes by bus of one day, service by service.

    Parameters
    ----------
    timetable : Timetable
    there : dict of str to BusTravel
        By service: setting out in its window.
    home : dict of str to BusTravel
        By service with a `session_ends`: from the sites, setting out after it.
    matrices : dict of str to dict of str to TravelMatrix
        By service, then mode: ``bus`` and, where car ownership is known, ``typical``.
    usual : dict of str to dict
        By service, as `_usual_minutes` gives them, where they were asked for.
    """

    timetable: Timetable
    there: Mapping[str, BusTravel]
    home: Mapping[str, BusTravel]
    matrices: Mapping[str, Mapping[str, TravelMatrix]]
    usual: dict[str, Mapping[str, Mapping[str, TravelMatrix]]] = field(default_factory=dict)

    @staticmethod
    def rule_sentences(study: Study, times: BusTimes | None) -> tuple[str, ...]:
        """Say which day, minutes and rules minutes by bus are made with, or that none are known."""
        if times is None:
            return (BUS_NOT_KNOWN if study.config.bus.matrix is None else _elsewhere(study),)
        own, services = study.config.bus, study.config.services
        said = []
        for key, bus in times.there.items():
            words = f"setting out {clock(bus.marks[0])} to {clock(bus.marks[-1] + 1)}"
            if key in times.home:
                home = times.home[key].marks
                words += f", home {clock(home[0])} to {clock(home[-1] + 1)}"
            said.append(f"{services[key].title}, {words}")
        walked = next(iter(times.there.values())).assumptions
        rules = [a for a in walked if a.startswith("At most ")]
        return (
            f"By bus: every departure minute of the window ({'; '.join(said)}), waiting included; "
            "the least over the open centres at each minute, or walking all the way where that is "
            f"quicker; of these the {own.percentile:g}th percentile by nearest rank.",
            *filter(None, [times.of_another_time(study)]),
            *times.timetable.notes,
            *rules,
        )

    def of_another_time(self, study: Study) -> str:
        """Warn of a day of another year than a study; nothing of one of about its date."""
        from access.network.gtfs import spoken

        day, as_of = self.timetable.day, date.fromisoformat(study.config.study.as_of)
        apart = abs((day - as_of).days)
        if apart <= _DAYS_APART:
            return ""
        years = round(apart / 365.25)
        return (
            f"The timetable's day, {spoken(day)}, is "
            f"{f'about {years} years' if years > 1 else 'more than a year'} "
            f"{'after' if day > as_of else 'before'} the date of this study, {spoken(as_of)}: "
            "buses may have run otherwise then."
        )

    def frequencies(self, service: str, sites: pd.DataFrame) -> pd.DataFrame:
        """Departures an hour from stops near each site, in the window there and after the session.

        Of sites ``id name lon lat`` it gives ``id name stops there home``: stops in use within
        `NEAR_METRES` in a straight line, and runs an hour that call at any of them, each once;
        ``home`` is missing without an end.
        """
        stops = self.timetable.stops.iloc[self.timetable.boarding_stops]
        out = sites[["id", "name"]].reset_index(drop=True)
        near = [
            stops.index[
                great_circle_m(lon, lat, stops["lon"], stops["lat"]) <= NEAR_METRES
            ].tolist()
            for lon, lat in zip(sites["lon"], sites["lat"], strict=True)
        ]
        out["stops"] = [len(n) for n in near]
        windows = {"there": self.there[service], "home": self.home.get(service)}
        for way, bus in windows.items():
            out[way] = [
                np.nan if bus is None else self.timetable.runs_an_hour(n, _span(bus)) for n in near
            ]
        return out

    def audit(self, study: Study) -> pd.DataFrame:
        """Tell how far the timetable can be believed; in reach is what the study walks to."""
        metres = study.config.bus.max_walk_minutes * study.config.travel.walk_km_h * 1000 / 60
        return self.timetable.audit(study.areas[["id", "lon", "lat"]], reach_metres=metres)

    def stops_table(self) -> pd.DataFrame:
        """Every stop in use, with departures an hour in each service's windows."""
        table = self.timetable
        out = table.stops.iloc[table.boarding_stops].copy()
        for way, of in (("there", self.there), ("home", self.home)):
            for service, bus in of.items():
                out[f"an_hour_{way}_{service}"] = table.each_stop_an_hour(_span(bus))[out.index]
        return out.reset_index(drop=True)

    def for_page(self, study: Study, service: str) -> BusForPage:
        """Give what a page needs of one service's buses."""
        bus, back, own = self.there[service], self.home.get(service), study.config.bus
        home = None if back is None else back.sites(bus.site_ids)
        return BusForPage(
            area_ids=bus.area_ids,
            site_ids=bus.site_ids,
            marks=bus.marks,
            each=bus.minutes,
            home_marks=() if home is None else home.marks,
            home_minutes=None if home is None else home.percentile(own.percentile).total_minutes,
            home_without=None
            if home is None
            else home.share_without(own.limit_minutes).to_numpy(float),
            percentile=own.percentile,
            limit_minutes=own.limit_minutes,
            day=self.timetable.day.isoformat(),
            words=self.rule_sentences(study, self),
        )


def _read_day(study: Study, network: Network) -> Timetable:
    """Read the study's day from its feeds, as far as its streets for walking reach."""
    from access.network import read_timetable

    return read_timetable(list(study.timetables), day=study.config.bus.day, box=_box(network))


def _box(network: Network) -> tuple[float, float, float, float]:
    west, south, east, north = network.bounds_lonlat
    return (west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)


def _modes_of(study: Study) -> tuple[str, ...]:
    """Name the ways to travel that are measured of a study, before they are."""
    by_bus = bool(study.timetables) or study.config.bus.matrix is not None
    more = (("bus", by_bus), ("typical", study.knows_cars))
    return ("walk", "drive", *(mode for mode, known in more if known))


def _made_of_both(
    study: Study,
    network: Network | None,
    sites: pd.DataFrame,
    walk: TravelMatrix,
    drive: TravelMatrix,
    timetable: Timetable | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> tuple[BusTimes | None, dict[str, TravelMatrix]]:
    """Give the modes that need walking and driving: the bus where it is known, the family trip."""
    if timetable is not None and network is not None:
        times = _bus_times(study, timetable, network, sites, walk, drive, progress)
        return times, dict(times.matrices[next(iter(study.config.services))])
    if study.config.bus.matrix is not None:
        progress("minutes by bus from elsewhere")
        return None, _from_elsewhere(study, sites, walk, drive)
    if not study.knows_cars:
        return None, {}
    progress(f"travel times, {trip('typical')}")
    no_car = study.areas.set_index("id")["p_no_car"]
    parking = study.config.travel.parking_minutes
    return None, {"typical": typical_matrix(walk, drive, no_car, parking)}


def _bus_times(
    study: Study,
    timetable: Timetable,
    network: Network,
    sites: pd.DataFrame,
    walk: TravelMatrix,
    drive: TravelMatrix,
    progress: Callable[[str], None] = lambda step: None,
) -> BusTimes:
    """Measure there and home, each window once, and blend the family trip minute by minute."""
    own = study.config.bus
    made: dict[tuple[str, _Window], BusTravel] = {}

    def measured(direction: str, window: _Window) -> BusTravel:
        if (direction, window) not in made:
            progress(f"travel times, bus, {'there' if direction == 'to_site' else 'home'}")
            made[direction, window] = _travel(study, timetable, network, sites, window, direction)
        return made[direction, window]

    there, home = {}, {}
    blends: dict[int, dict[str, TravelMatrix]] = {}
    for key, service in study.config.services.items():
        there[key] = measured("to_site", service.bus_window or own.window)
        if service.session_ends is not None:
            hour, minute = map(int, service.session_ends.split(":"))
            ends = hour * 60 + minute
            home[key] = measured("from_site", (ends, min(ends + own.home_minutes, LAST_MARK)))
        if id(there[key]) not in blends:
            blends[id(there[key])] = _matrices(study, there[key], walk, drive)
    return BusTimes(timetable, there, home, {k: blends[id(t)] for k, t in there.items()})


def _travel(
    study: Study, timetable: Timetable, network: Network, sites: pd.DataFrame,
    window: _Window, direction: str = "to_site",
) -> BusTravel:  # fmt: skip
    """Measure one window as the study's settings say."""
    from access.network import bus_matrix

    own = study.config.bus
    return bus_matrix(
        network, timetable, study.areas, sites, window=window, direction=direction,
        max_walk_minutes=own.max_walk_minutes, max_change_minutes=own.max_change_minutes,
        boardings=own.boardings, slack_seconds=own.slack_seconds,
        snap_limit_m=study.config.travel.snap_limit_m,
    )  # fmt: skip


def _usual_minutes(
    study: Study,
    times: BusTimes,
    network: Network,
    sites: pd.DataFrame,
    walk: TravelMatrix,
    drive: TravelMatrix,
    service: str,
) -> Mapping[str, Mapping[str, TravelMatrix]]:
    """Measure the way there on other usual days and an hour earlier or later, each by its name.

    The study's own day and window come first. Buses that were cut are known of one day only. What
    would begin before midnight, or end after the night, is cut or left out.
    """
    from access.network.gtfs import spoken
    from access.network.timetable import usual_days

    if service not in times.usual:
        own, found = times.there[service], {}
        other = usual_days(study.timetables, times.timetable.day, box=_box(network))
        for timetable in [times.timetable, *([] if times.timetable.closed else other)]:
            for shift in (0, -_SHIFT_MINUTES, _SHIFT_MINUTES):
                first, after = own.marks[0] + shift, own.marks[-1] + 1 + shift
                window = (max(first, 0), min(after, LAST_MARK))
                if window[0] >= window[1]:
                    continue
                name = f"{spoken(timetable.day)}, {clock(window[0])} to {clock(window[1])}"
                as_given = timetable is times.timetable and shift == 0
                bus = own if as_given else _travel(study, timetable, network, sites, window)
                found[name] = _matrices(study, bus, walk, drive)
        times.usual[service] = found
    return times.usual[service]


def _matrices(
    study: Study, bus: BusTravel, walk: TravelMatrix, drive: TravelMatrix
) -> dict[str, TravelMatrix]:
    out = {"bus": bus.percentile(study.config.bus.percentile)}
    if study.knows_cars:
        no_car = study.areas.set_index("id")["p_no_car"]
        blend = family_trip(
            bus, drive, no_car, walk=walk, parking_minutes=study.config.travel.parking_minutes
        )
        out["typical"] = blend.percentile(study.config.bus.percentile)
    return out


@dataclass(frozen=True, eq=False)
class BusChange:
    """A change by bus, there and home, area by area.

    Parameters
    ----------
    service : str
    areas : DataFrame
        ``id count`` and, before and after: ``there_site_* there_minutes_* there_without_*`` (share
        of the window's minutes without a journey under the limit) and, where sessions have an end,
        ``home_minutes_* home_without_*``: from the centre that is nearest on the way there.
    limit_minutes : float
    """

    service: str
    areas: pd.DataFrame
    limit_minutes: float

    @property
    def has_home(self) -> bool:
        """Whether the service has an end of its sessions."""
        return "home_minutes_before" in self.areas

    def figures(self) -> pd.DataFrame:
        """Sum up: people without a journey, and minutes of those who have one.

        Returns
        -------
        DataFrame
            ``way`` (there or home), ``measure``, ``before``, ``after``: people ``without`` (no
            journey under the limit in half of the minutes or more), ``never`` (in no minute),
            and ``mean``, ``p90`` minutes of those reached.
        """
        count = self.areas["count"].to_numpy(float)
        rows = []
        for way in ("there", "home") if self.has_home else ("there",):
            found = {
                when: _figures(
                    count,
                    self.areas[f"{way}_minutes_{when}"].to_numpy(float),
                    self.areas[f"{way}_without_{when}"].to_numpy(float),
                )
                for when in ("before", "after")
            }
            rows += [
                {"way": way, "measure": name, **{when: found[when][name] for when in found}}
                for name in found["before"]
            ]
        return pd.DataFrame(rows)


def _figures(count: _Floats, minutes: _Floats, without: _Floats) -> dict[str, float]:
    return {
        "people": float(count.sum()),
        "without": float(count[without >= 0.5].sum()),
        "never": float(count[without >= 1].sum()),
        "mean": weighted_mean(minutes, count),
        "p90": weighted_quantile(minutes, count, 0.9),
    }


def _bus_change(
    study: Study,
    service: str,
    before: tuple[BusTimes, Sequence[str]],
    after: tuple[BusTimes, Sequence[str]],
) -> BusChange:
    """Measure a change by bus there and home; either side is its buses and its open sites."""
    demand = study.demand(service)
    own = study.config.bus
    table = pd.DataFrame({"id": demand["id"].astype(str), "count": demand["count"]})
    for when, (times, sites) in (("before", before), ("after", after)):
        there = times.there[service].nearest(
            sorted(set(sites)), q=own.percentile, limit_minutes=own.limit_minutes
        )
        there = there.loc[table["id"]]
        table[f"there_site_{when}"] = there["site_id"].fillna("").to_numpy()
        table[f"there_minutes_{when}"] = there["minutes"].to_numpy()
        table[f"there_without_{when}"] = there["share_without"].to_numpy()
        if service in times.home:
            each = _home_minutes(times.home[service], table["id"], table[f"there_site_{when}"])
            table[f"home_minutes_{when}"] = at_rank(each, own.percentile)
            table[f"home_without_{when}"] = (each >= own.limit_minutes).mean(axis=1)
    return BusChange(service, table.reset_index(drop=True), own.limit_minutes)


def _home_minutes(home: BusTravel, areas: pd.Series, sites: pd.Series) -> _Floats:
    """Minutes home at every minute after the session, from one site an area."""
    rows = pd.Index(home.area_ids).get_indexer(pd.Index(areas))
    columns = pd.Index(home.site_ids).get_indexer(pd.Index(sites))
    each = np.full((len(areas), len(home.marks)), np.inf)
    known = columns >= 0
    each[known] = home.minutes[rows[known], :, columns[known]]
    return each


def _span(bus: BusTravel) -> tuple[int, int]:
    return bus.marks[0], bus.marks[-1] + 1
