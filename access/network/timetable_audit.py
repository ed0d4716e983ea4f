"""How far a timetable can be believed: the checks of its audit."""

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pandas as pd

from access.network import service_days as days
from access.network.feed_day import FeedDay
from access.network.stop_times import MS, Rides
from access.units import great_circle_m

FAST_KMH = 130.0


def check(name: str, found: float, of: float, words: str) -> dict[str, object]:
    """One row of the audit."""
    return {"check": name, "found": float(found), "of": float(of), "words": words}


def checks(
    read: list[FeedDay], day: date, counts: pd.DataFrame, all_stops: pd.DataFrame,
    stops: pd.DataFrame, rides: Rides,
) -> pd.DataFrame:  # fmt: skip
    """The whole audit of a day, but for the areas."""
    rows = [_feed_check(feed, day, counts[feed.feed.label]) for feed in read]
    rows += _holiday_checks(read, day, counts)
    used = len(np.unique(np.concatenate([rides.from_stop, rides.to_stop])))
    nowhere = int(all_stops["lon"].isna().sum())
    rows += [
        check("stops unused", len(stops) - used, len(stops),
               f"{len(stops) - used:,} of {len(stops):,} stops are called at by no trip."),
        check("stops without a place", nowhere, len(all_stops),
               f"{nowhere:,} of {len(all_stops):,} stops have no place on the map; they are left "
               "out."),
        *_ride_checks(stops, rides),
    ]  # fmt: skip
    total: Counter[str] = Counter()
    for feed in read:
        total += feed.counts
    for name, n in sorted(total.items()):
        if name == "stop times":
            continue
        rows.append(check(name, n, np.nan, f"{n:,} {name}."))
    inexact = sum(feed.inexact for feed in read)
    if inexact:
        rows.append(check(
            "frequencies without exact times", inexact, np.nan,
            f"{inexact:,} frequencies say how often, not when; they are taken to begin on the dot.",
        ))  # fmt: skip
    return pd.DataFrame(rows)


def _feed_check(feed: FeedDay, day: date, counts: pd.Series) -> dict[str, object]:
    usual, found = days.usual_tuesday(counts.dropna()), float(counts[day])
    span = f"{days.spoken(feed.calendar.first)} to {days.spoken(feed.calendar.last)}"
    return check(
        "trips on the day", found, usual,
        f"{feed.feed.label}: {found:,.0f} trips run on {days.spoken(day)}, against {usual:,.0f} on "
        f"its usual Tuesday; the feed covers {span}.",
    )  # fmt: skip


def _holiday_checks(
    read: list[FeedDay], day: date, counts: pd.DataFrame
) -> list[dict[str, object]]:
    """A bank holiday on the day, and bank holidays that the feed does not seem to know."""
    rows, name = [], days.holiday(day)
    if name:
        rows.append(check("bank holiday", 1, 1, f"{days.spoken(day)} is {name}, a bank holiday."))
    for feed in read:
        column = counts[feed.feed.label].dropna()
        weekday = [d for d in column.index if days.holiday(d) and d.weekday() < 5]
        full = [d for d in weekday if column[d] >= 0.9 * days.usual_tuesday(column) > 0]
        words = (
            f"{feed.feed.label} runs a full service on {len(full)} of {len(weekday)} bank holidays"
            f"{'' if feed.calendar.has_exceptions else ', for its calendar has no exceptions'}; "
            "take no such day."
        )
        rows.append(check("bank holidays with a full service", len(full), len(weekday), words))
    return rows


def _ride_checks(stops: pd.DataFrame, rides: Rides) -> list[dict[str, object]]:
    lon, lat = stops[["lon", "lat"]].to_numpy(float).T
    a, b, n = rides.from_stop, rides.to_stop, len(rides)
    metres = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    hours = (rides.arr - rides.dep) / (3600 * MS)
    fast, still = int((metres / 1000 > FAST_KMH * hours).sum()), int((hours == 0).sum())
    shut = int((~rides.board).sum())
    return [
        check("rides too fast", fast, n,
               f"{fast:,} of {n:,} rides between stops are faster than {FAST_KMH:g} km/h in a "
               "straight line; they are kept."),
        check("rides of no minutes", still, n,
               f"{still:,} of {n:,} rides between stops take no time; they are kept."),
        check("calls without boarding", shut, n,
               f"at {shut:,} of {n:,} departures nobody may get on."),
    ]  # fmt: skip
