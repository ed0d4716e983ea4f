"""Parts of the explorer's page that stand alone: names to search, minutes by bus, and hubs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from access.analysis.bus import BusForPage
from access.analysis.hub_plans import DEPRIVED, HubsForPage, PlanForPage
from access.analysis.results import HubPlan, StudyResults
from access.network import Timetable
from access.network.matrix import TravelMatrix
from access.siting.plans import Standing
from access.units import WGS84, project

# The names that the explorer's search knows, and how they are packed into its page.
#
# They come from the study's gazetteer, from its street extract and from the streets measured on.
# One row is a name, seven letters and a line's end: kind, the place it is in, and a position in a
# grid over all of them. Names in any script are kept as they are written.

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
#: Rows of one name in one cell of so many decimals of a degree are one.
_SAME_DEGREES = 2


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
    # of a name that stands in several parts of the place each is one: see find.js
    where = {axis: names[axis].astype(float).round(_SAME_DEGREES) for axis in ("lon", "lat")}
    again = names.assign(**where).duplicated(["name", "kind", "within", "lon", "lat"])
    names = names[~again]
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


# ------------------------------------------------------------------------------
# Minutes by bus in the explorer's page: every time of setting out, or the options alone.
#
# The nearest by bus changes from minute to minute, so the page takes the least over the open sites
# at each time of setting out, then the percentile. From a home to a centre the time of arrival is
# the same while one waits for the same bus: runs of equal arrivals hold every minute in little
# room. Where even they are too many, the page holds the figures of the study's own options.

_Floats = NDArray[np.float64]
#: What every minute of setting out may take of the page, letters, and of a telephone, numbers.
_MOST_LETTERS = 450_000
_MOST_NUMBERS = 12_000_000
#: Arrivals are kept to a twentieth of a minute.
_STEPS = 20
#: Nobody waits for a bus that is quicker than walking by less than this, minutes.
_AS_QUICK = 0.01
#: Ways that are listed with their figures, for a rank in the page.
_MOST_WAYS = 1000
_CRITERIA = ("mean", "weighted_mean", "deprived_mean", "deprived_p90", "p90", "worst",
             "share_beyond", "unreached")  # fmt: skip


@dataclass(frozen=True, eq=False)
class _ExplorerBus:
    """Buses of every service, and the ranks that the study found by them.

    Parameters
    ----------
    pages : dict of str to BusForPage
        By service.
    ranks : dict of str to dict of str to list of DataFrame
        By service, then mode: tables of every way to keep as many as a proposal keeps.
    """

    pages: Mapping[str, BusForPage]
    ranks: Mapping[str, Mapping[str, Sequence[pd.DataFrame]]] = field(default_factory=dict)


def _buses_of(results: StudyResults) -> _ExplorerBus | None:
    """Gather what the page needs of a run's buses; None where they are not known."""
    times, study = results.bus, results.study
    if times is None:
        return None
    known = {key: times.for_page(study, key) for key in study.config.services}
    ranks: dict[str, dict[str, list[pd.DataFrame]]] = {}
    for proposal in results.proposals.values():
        for mode in ("bus", "typical"):
            ranking = proposal.rankings.get(mode)
            if ranking is not None and len(ranking.table) <= _MOST_WAYS:
                own = ranks.setdefault(proposal.service, {}).setdefault(mode, [])
                own.append(ranking.table)
    return _ExplorerBus(known, ranks)


@dataclass(frozen=True, eq=False)
class _Ground:
    """What a page has beside buses, rows in the page's order of areas."""

    area_ids: Sequence[str]
    where: Mapping[str, int]
    walk: TravelMatrix
    drive: TravelMatrix | None
    no_car: _Floats | None
    parking_minutes: float


def _encode_bus(
    bus: _ExplorerBus,
    open_sets: Mapping[str, Sequence[Sequence[str]]],
    ground: _Ground,
    pack: Callable[[_Floats], Any],
) -> dict[str, Any]:
    """Pack the buses; `open_sets` are the sites open today and under each proposal, by service."""
    windows = _windows(bus, open_sets, ground)
    letters = sum(len(w["runs"] or "") for w in windows)
    whole = all(w["runs"] is not None for w in windows) and letters <= _MOST_LETTERS
    at = {id(page.each): k for k, page in enumerate(_distinct(bus))}
    out = []
    for key, page in bus.pages.items():
        own: dict[str, Any] = {
            "service": key,
            "window": at[id(page.each)],
            "ends": page.home_marks[0] if page.home_marks else None,
            "home": None,
            "options": [],
            "ways": _ways(bus.ranks.get(key, {}), ground.where),
        }
        if whole and page.home_minutes is not None and page.home_without is not None:
            rows = _rows(page, ground)
            columns = _columns(page, windows[own["window"]]["ids"])
            cut = np.ix_(rows, columns)
            own["home"] = {
                "minutes": pack(page.home_minutes[cut]),
                "without": np.rint(1000 * page.home_without[cut].T).astype(int).ravel().tolist(),
            }
        if not whole:
            sets = dict.fromkeys(tuple(sorted(s)) for s in open_sets[key])
            own["options"] = [_option(page, sites, ground, pack) for sites in sets]
        out.append(own)
    first = next(iter(bus.pages.values()))
    return {
        "percentile": first.percentile,
        "limit": first.limit_minutes,
        "day": first.day,
        "steps": _STEPS,
        "windows": [
            {k: v for k, v in w.items() if k != "ids"} | ({} if whole else {"runs": None})
            for w in windows
        ],
        "services": out,
    }


def _distinct(bus: _ExplorerBus) -> list[BusForPage]:
    """Give a page of each window: services with the same window share their minutes."""
    return list({id(page.each): page for page in bus.pages.values()}.values())


def _windows(
    bus: _ExplorerBus, open_sets: Mapping[str, Sequence[Sequence[str]]], ground: _Ground
) -> list[dict[str, Any]]:
    windows = []
    for page in _distinct(bus):
        services = [key for key, own in bus.pages.items() if own.each is page.each]
        wanted = {i for key in services for some in open_sets[key] for i in some}
        ids = sorted((i for i in wanted if i in page.site_ids), key=ground.where.__getitem__)
        numbers = len(ids) * len(ground.area_ids) * len(page.marks)
        windows.append(
            {
                "from": page.marks[0],
                "marks": len(page.marks),
                "sites": [ground.where[i] for i in ids],
                "ids": ids,
                "runs": _runs(page, ids, ground) if numbers <= _MOST_NUMBERS else None,
            }
        )
    return windows


def _rows(page: BusForPage, ground: _Ground) -> NDArray[np.intp]:
    return pd.Index(page.area_ids).get_indexer(pd.Index(ground.area_ids))


def _columns(page: BusForPage, ids: Sequence[str]) -> NDArray[np.intp]:
    return pd.Index(page.site_ids).get_indexer(pd.Index(ids))


def _runs(page: BusForPage, ids: Sequence[str], ground: _Ground) -> str:
    """Pack site after site, area after area: how many minutes each arrival holds, and the ride.

    A pair of numbers a run: its minutes, and 0 where one walks, else 1 and the ride in twentieths
    of a minute for who sets out in the run's last minute.
    """
    rows, marks = _rows(page, ground), len(page.marks)
    walk = ground.walk.areas(ground.area_ids).sites(ids).total_minutes
    out = []
    for k, column in enumerate(_columns(page, ids)):
        minutes = page.each[rows, :, column].astype(float)
        ride = minutes < walk[:, k, None] - _AS_QUICK
        arrival = np.where(ride, minutes, 0.0) + np.arange(marks)
        keys = np.where(ride, 1 + np.rint(arrival * _STEPS).astype(np.int64), 0)
        starts = np.ones(keys.shape, bool)
        starts[:, 1:] = keys[:, 1:] != keys[:, :-1]
        first = np.flatnonzero(starts)
        length = np.diff(first, append=keys.size)
        last = first % marks + length - 1
        key = keys.ravel()[first]
        value = np.where(key > 0, 1 + np.maximum(key - 1 - _STEPS * last, 0), 0)
        out.append(_in_letters(np.column_stack([length, value]).ravel()))
    return "".join(out)


def _option(
    page: BusForPage, sites: Sequence[str], ground: _Ground, pack: Callable[[_Floats], Any]
) -> dict[str, Any]:
    """Give one option's figures by bus and by the family trip, and home from its centres."""
    rows, columns = _rows(page, ground), _columns(page, sites)
    out: dict[str, Any] = {"open": [ground.where[i] for i in sites]}
    for mode in ("bus", "typical"):
        minutes = _each(page, sites, mode, ground)
        if minutes is None:
            continue
        near, site = _nearest(minutes, page.percentile)
        out[mode] = {
            "minutes": pack(near[:, None]),
            "site": np.where(np.isfinite(near), np.array(out["open"])[site], -1).tolist(),
            "without": _thousandths((minutes.min(axis=2) >= page.limit_minutes).mean(axis=1)),
        }
        if mode == "bus" and page.home_minutes is not None and page.home_without is not None:
            from_site = (rows, columns[site])
            out["home"] = {
                "minutes": pack(page.home_minutes[from_site][:, None]),
                "without": _thousandths(page.home_without[from_site]),
            }
    return out


def _each(page: BusForPage, sites: Sequence[str], mode: str, ground: _Ground) -> _Floats | None:
    """Give every minute's trips to some sites by a mode that buses have a part in.

    The family trip is blended as `access.network.windowed.family_trip` does; None where it is not
    known.
    """
    each = page.each[_rows(page, ground)][:, :, _columns(page, sites)].astype(float)
    if mode == "bus":
        return each
    if ground.drive is None or ground.no_car is None:
        return None
    walk, drive = (
        m.areas(ground.area_ids).sites(sites).total_minutes for m in (ground.walk, ground.drive)
    )
    p = ground.no_car[:, None, None]
    car = np.minimum(walk, drive + ground.parking_minutes)[:, None, :]
    family: _Floats = np.where(p > 0, each, 0.0) * p + np.where(p < 1, car, 0.0) * (1 - p)
    return family


def _least_by_minute(
    page: BusForPage, sites: Sequence[str], mode: str, ground: _Ground
) -> _Floats | None:
    """Give each area's minutes to the nearest of some sites, as the page works them out."""
    each = _each(page, sites, mode, ground)
    return None if each is None else _nearest(each, page.percentile)[0]


def _nearest(minutes: _Floats, percentile: float) -> tuple[_Floats, NDArray[np.intp]]:
    """Take the least at every minute, then the percentile by nearest rank; and its site."""
    which = minutes.argmin(axis=2)
    least = np.take_along_axis(minutes, which[..., None], axis=2)[..., 0]
    rank = int(np.ceil(percentile / 100 * least.shape[1] - 1e-9)) - 1
    at = np.argsort(least, axis=1, kind="stable")[:, rank]
    rows = np.arange(len(least))
    return least[rows, at], which[rows, at]


def _thousandths(share: _Floats) -> list[int]:
    found: list[int] = np.rint(1000 * share).astype(int).tolist()
    return found


def _ways(
    ranks: Mapping[str, Sequence[pd.DataFrame]], where: Mapping[str, int]
) -> list[dict[str, Any]]:
    """List the ways that the study ranked, the first by the ids closed last."""
    out: dict[tuple[str, int], dict[str, Any]] = {}
    for mode, tables in ranks.items():
        for table in tables:
            back = table.iloc[::-1]
            sets = [sorted(where[i] for i in kept) for kept in back["kept"]]
            if not sets:
                continue
            values = {name: _numbers(back[name]) for name in _CRITERIA if name in back}
            out[mode, len(sets[0])] = {"mode": mode, "keep": len(sets[0]), "sets": sets, **values}
    return list(out.values())


def _numbers(values: Iterable[float]) -> list[float | None]:
    """Give numbers with six decimals; None is infinite."""
    return [round(float(v), 6) if np.isfinite(v) else None for v in values]


# ------------------------------------------------------------------------------
# Hubs in the explorer's page: where they could go, plans side by side, and the rules of a rank.


def _encode_hubs(
    hubs: HubsForPage | None,
    area_ids: Sequence[str],
    where: Mapping[str, int],
    counts: Callable[[NDArray[np.float64]], list[Any]],
    pack: Callable[[NDArray[np.float64]], Any],
) -> dict[str, Any] | None:
    """Pack hubs; sites are numbers among the page's, people in the page's order of areas.

    None where there are none, or where a site is not in the page. `counts` pools small counts
    where they are not open; `pack` packs minutes.
    """
    if hubs is None or not set(hubs.site_ids) <= set(where):
        return None
    rows = pd.Index(hubs.area_ids).get_indexer(pd.Index(area_ids))
    sites = [where[i] for i in hubs.site_ids]
    places = np.array(sites)
    return {
        "mode": hubs.mode,
        "sites": sites,
        "localities": list(hubs.localities),
        "offers": [
            {"title": o.title, "ages": o.ages, "share": o.share, "people": counts(o.people[rows])}
            for o in hubs.offers
        ],
        "must": places[hubs.must].tolist(),
        "may": places[hubs.may].tolist(),
        "sums": [
            {
                "amounts": {str(sites[k]): float(amounts[k]) for k in np.flatnonzero(amounts)},
                "low": low if np.isfinite(low) else None,
                "high": high if np.isfinite(high) else None,
            }
            for amounts, low, high in hubs.sums
        ],
        "rule": [
            {"name": rule.name, "sites": [where[i] for i in rule.sites], "least": rule.count}
            for rule in hubs.locality_rule
        ],
        "reach": list(hubs.reach_minutes),
        "deprived": None if hubs.deprived is None else np.flatnonzero(hubs.deprived[rows]).tolist(),
        "plans": [
            _plan(plan, hubs.labels, where)
            | ({} if plan.measured is None else _measured(plan.measured, hubs, rows, pack))
            for plan in hubs.plans
        ],
        "fixed": hubs.by_the_minute,
        "source": hubs.source,
    }  # fmt: skip


def _measured(
    plan: HubPlan,
    hubs: HubsForPage,
    rows: NDArray[np.intp],
    pack: Callable[[NDArray[np.float64]], Any],
) -> dict[str, Any]:
    """Give a plan as the study measured it; minutes that offers share stand once."""
    figures, ways = plan.figures, [plan.near[offer.key] for offer in hubs.offers]
    distinct: list[NDArray[np.float64]] = []
    at = []
    for way in ways:
        held = [k for k, other in enumerate(distinct) if np.array_equal(way, other)]
        at.append(held[0] if held else len(distinct))
        if not held:
            distinct.append(way)
    return {
        "figures": {
            "joint": _known(figures.joint),
            "deprived": _known(figures.by_group.get(DEPRIVED, np.nan)),
            "worst": _known(figures.worst_minutes),
            "reach": list(figures.reach.values()),
            "unserved": figures.unserved,
        },
        "standing": {"ruled": _standing(plan.standing), "freely": _standing(plan.freely)},
        "near": [pack(way[rows, None]) for way in distinct],
        "near_of": at,
    }


def _standing(found: Standing | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"inside": found.within_rules, "sets": found.sets, "ranks": dict(found.rank)}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plan(plan: PlanForPage, labels: Mapping[str, str], where: Mapping[str, int]) -> dict[str, Any]:
    kind = plan.key.split("_")[0]
    return {
        "key": plan.key,
        "kind": kind if kind in ("among", "size", "asked") else plan.key,
        "label": labels.get(plan.key, ""),
        "title": plan.title,
        "rule": plan.rule,
        "sure": plan.sure,
        "sites": sorted(where[i] for i in plan.chosen),
    }
