"""Minutes by bus in the explorer's page: every time of setting out, or the options alone.

The nearest by bus changes from minute to minute, so the page takes the least over the open sites
at each time of setting out, then the percentile. From a home to a centre the time of arrival is
the same while one waits for the same bus: runs of equal arrivals hold every minute in little
room. Where even they are too many, the page holds the figures of the study's own options.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.analysis.bus import BusForPage, bus_for_page
from access.analysis.results import StudyResults
from access.maps.explorer_index import _in_letters
from access.network.matrix import TravelMatrix

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
    services = results.study.config.services
    pages = {key: bus_for_page(results.study, results.bus, key) for key in services}
    known = {key: page for key, page in pages.items() if page is not None}
    if not known:
        return None
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
