"""The settings of a study, `study.toml`: every one named, checked, and all faults told at once."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from access.errors import Fault, StudyError
from access.escape import LONGEST_KEY, file_inside, seen, settings_faults
from access.files import read_whole
from access.labels import trip
from access.study.sheet import ACTIONS, ALWAYS, OPEN_STATUSES, value_faults
from access.units import LSOAS_ENGLAND_2011

#: The largest file of settings that is read, bytes.
MOST_BYTES = 5_000_000
#: Two numbers of one list that are nearer than this read as one.
_APART = 0.01
#: Columns of the areas that are never a count of people.
_PLACE_COLUMNS = frozenset({"id", "lon", "lat", "geometry", "count", "weight"})
_NOT_COUNTS = _PLACE_COLUMNS | {
    "imd_rank", "imd_decile", "idaci_rank", "idaci_decile",
    "p_no_car", "income", "locality", "ward",
}  # fmt: skip


def _said(value: str) -> str:
    if not seen(value):
        raise ValueError("a text that is not empty")
    return value


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({v for v in values if values.count(v) > 1})
    if twice:
        raise ValueError(f"every entry once; {', '.join(map(repr, twice))[:80]} is there again")
    return values


def _rising(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(after - before < _APART for before, after in pairwise((0.0, *values))):
        raise ValueError(f"numbers in rising order, each once, at least {_APART:g} apart")
    return values


def _rising_counts(values: tuple[int, ...]) -> tuple[int, ...]:
    _rising(values)
    return values


def _written_date(value: Any) -> Any:
    """Take a date as TOML writes it, too; a clock time is more than a date."""
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


def _real_date(value: str) -> str:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            raise ValueError
        datetime.date.fromisoformat(value)
    except ValueError:
        raise ValueError("a date that exists, as year-month-day: 2018-03-12") from None
    return value


def _clock_time(value: str) -> str:
    hour, colon, minute = value.partition(":")
    ok = colon and re.fullmatch(r"\d{1,2}", hour, re.ASCII) and re.fullmatch(r"[0-5]\d", minute)
    if not (ok and int(hour) <= 28):
        raise ValueError('a time of day in quotes, "09:00", up to "28:00" (4 in the morning)')
    return f"{int(hour):02d}:{minute}"


def _later(window: tuple[str, str]) -> tuple[str, str]:
    if not window[0] < window[1]:
        raise ValueError('a time and a later one: ["09:00", "12:00"]')
    return window


def _known_date(value: str) -> str:
    """Check a date that may be known to the year or month alone."""
    if re.fullmatch(r"\d{4}", value, re.ASCII):
        return value
    if re.fullmatch(r"\d{4}-\d{2}", value, re.ASCII):
        _real_date(f"{value}-01")
        return value
    try:
        return _real_date(value)
    except ValueError:
        raise ValueError("a date, as year, year-month or year-month-day: 2019, 2018-10") from None


# Strict: neither "4.8" in quotes nor `true` is a number.
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Whole = Annotated[int, Field(strict=True, le=10**9)]
_Positive = Annotated[_Number, Field(gt=0)]
_NotNegative = Annotated[_Number, Field(ge=0)]
_Share = Annotated[_Number, Field(ge=0, le=1)]
_Speed = Annotated[_Number, Field(ge=0.1, le=200)]  # km/h
_Minutes = Annotated[_Number, Field(ge=0, le=10_000)]
_Metres = Annotated[_Number, Field(gt=0, le=10_000_000)]
#: A key that becomes part of file names: short, and without anything a file system reads.
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=LONGEST_KEY)]
_Title = Annotated[str, AfterValidator(_said)]
_FileName = Annotated[_Title, AfterValidator(file_inside)]
_Date = Annotated[str, BeforeValidator(_written_date), AfterValidator(_real_date)]
#: A year, a month or a day: as exactly as it is known.
_Written = Annotated[str, BeforeValidator(_written_date), AfterValidator(_known_date)]
# a pattern that counts its letters takes 10 ms to make out
_Nation = Annotated[_Title, Field(pattern=r"^[^\W\d_][\w .'-]+$", max_length=60)]
_Names = Annotated[tuple[_Title, ...], AfterValidator(_each_once)]
_Clock = Annotated[str, AfterValidator(_clock_time)]
_Window = Annotated[tuple[_Clock, _Clock], AfterValidator(_later)]
_SomeNames = Annotated[tuple[_Name, ...], Field(min_length=1), AfterValidator(_each_once)]
_Rising = Annotated[tuple[_Positive, ...], Field(min_length=1), AfterValidator(_rising)]


def _setting(default: Any, means: str, *, changes: str = "", **rules: Any) -> Any:
    """Describe a setting: what it means, and what changes with it; the reference prints both."""
    return Field(default, description=means, json_schema_extra={"changes": changes}, **rules)


class _Settings(BaseModel):
    """Frozen, and deaf to no misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _PlaceSettings(_Settings):
    """Which place, as of when, and the lon/lat box every point must lie in."""

    name: _Name = _setting(
        ..., "short name of the study, as in maps/<name>/", changes="names of folders and files"
    )
    title: _Title = _setting(
        ..., "title of the study", changes="headings of the report, the maps and the explorer"
    )
    place: _Title = _setting(..., "the place, as sentences name it", changes="wording everywhere")
    as_of: _Date = _setting(
        ...,
        "date of the figures, year-month-day",
        changes="the date on outputs, which print no clock",
    )
    language: Literal["en", "cy"] = _setting(
        "en",
        "language of the public page: en or cy",
        changes="the explorer's words, dates, numbers",
    )
    box: tuple[_Number, _Number, _Number, _Number] = _setting(
        ..., "west, south, east, north in degrees (WGS84)", changes="a point outside it is refused"
    )
    outline: _FileName | None = _setting(
        None,
        "the place's boundary: GeoJSON or GeoPackage, or a CSV of corners (lon, lat)",
        changes="maps draw it, and areas without shapes of their own are drawn within it",
    )
    nation: _Nation | None = _setting(
        None,
        "whose law applies, and whose ranks of deprivation these are: Wales; when not given, as "
        "the codes of the areas or weights.national_areas say",
        changes="the legal duties that the report names; every sentence, table and map on "
        "deprivation",
    )
    notes: _Names = _setting(
        (), "what every reader must be told", changes="the list of assumptions, in every output"
    )

    @model_validator(mode="after")
    def _box_is_degrees(self) -> _PlaceSettings:
        west, south, east, north = self.box
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise ValueError(
                "box must be [west, south, east, north] in degrees, west < east, south < north"
            )
        return self


class _AreaSettings(_Settings):
    """The areas' table, and how figures of larger areas come down to them."""

    table: _FileName = _setting("areas.csv", "file of the areas", changes="what is read")
    unit: _Title = _setting(
        "area", "what one area is", changes="wording of tables, maps and assumptions"
    )
    vintage: _Title = _setting(
        "not stated", "date and origin of the areas' figures", changes="wording of the assumptions"
    )
    parent_table: _FileName | None = _setting(
        None,
        "file of larger areas whose figures come down to the areas",
        changes="which counts the areas have",
    )
    parent_key: _Title = _setting(
        "lsoa",
        "column of the areas: the id of each one's larger area",
        changes="which larger area an area takes from",
    )
    share_by: _Title = _setting(
        "residents",
        "column of the areas by which a larger area's counts are shared",
        changes="counts by area; totals stay",
    )
    locality_from: _Title | None = _setting(
        None,
        "service whose nearest centre gives an area its locality",
        changes="tables by locality",
    )
    shared_counts: dict[_Name, _Title] = _setting(
        {},
        "our name = column of parent_table, shared by largest remainder",
        changes="columns of counts that the areas have",
    )
    from_parent: dict[_Name, _Title] = _setting(
        {},
        "our name = column of parent_table, the same for all its areas",
        changes="columns that the areas have",
    )
    shapes: _FileName | None = _setting(
        None,
        "GeoJSON or GeoPackage of the areas' polygons, by id",
        changes="maps and GeoPackages show polygons in place of points",
    )

    @model_validator(mode="after")
    def _nothing_is_overwritten(self) -> _AreaSettings:
        ours = _PLACE_COLUMNS | {self.share_by, self.parent_key}
        ours |= {"locality"} if self.locality_from else set()
        wrong = [f"shared_counts.{k}" for k in self.shared_counts if k in ours | _NOT_COUNTS]
        wrong += [f"from_parent.{k}" for k in self.from_parent if k in ours]
        wrong += [f"from_parent.{k}" for k in self.from_parent if k in self.shared_counts]
        if wrong:
            raise ValueError(
                f"{', '.join(sorted(set(wrong)))}: another name, for a column of this name means "
                "something else already and would be overwritten"
            )
        if self.parent_table is None and (self.shared_counts or self.from_parent):
            raise ValueError("parent_table, the table that shared_counts and from_parent are from")
        return self


class _ServiceSettings(_Settings):
    """One service: its words and the column of the areas that counts who it is for."""

    title: _Title = _setting(..., "name of the service", changes="headings and legends")
    one: _Title = _setting(..., "name of one of its centres", changes="wording of sentences")
    demand: _Name = _setting(
        ..., "column of the areas that counts who it is for", changes="every figure of the service"
    )
    noun: _Title = _setting(..., "who is counted, in words", changes="wording of every count")
    age_band: _Title | None = _setting(
        None, "ages that are counted", changes="said where the count is"
    )
    kind: Literal["childrens_centre", "youth", "library", "other"] | None = _setting(
        None,
        "what the law takes the service for: childrens_centre, youth, library or other",
        changes="the legal duties that the report names; for the officer to fill when not given",
    )
    pram: Annotated[bool, Field(strict=True)] = _setting(
        True,
        "whether families may come with a pram",
        changes="the sheet of each building has, or has not, the trip with a pram",
    )
    bus_window: _Window | None = _setting(
        None,
        "first minute and the minute after the last in which people set out; bus.window if not "
        "given",
        changes="minutes by bus of the service",
    )
    session_ends: _Clock | None = _setting(
        None, "when people set out for home", changes="the way home by bus, before and after"
    )

    @model_validator(mode="after")
    def _demand_counts_people(self) -> _ServiceSettings:
        if self.demand in _NOT_COUNTS:
            raise ValueError(f"demand to be a column that counts people, not {self.demand!r}")
        return self


class _ChangeSettings(_Settings):
    """One change of one site, beside those that `close` and `open` name."""

    action: Literal["close", "open", "move", "resize", "status"] = _setting(
        ..., "close, open, move, resize or status", changes="what the proposal does to the site"
    )
    site: _Title = _setting(
        ..., "id of the site; of a new one, an id of your own", changes="which site changes"
    )
    to: _Title | None = _setting(
        None, "for a move: id of the place moved to", changes="where the offer goes"
    )
    status: Literal["full", "part_time", "outreach", "deregistered", "closed"] | None = _setting(
        None,
        "full, part_time, outreach, deregistered or closed",
        changes="what the site offers; deregistered is no offer, and read a second time as staying",
    )
    days: _Positive | None = _setting(
        None,
        "days a week that it is open; every weekday when not given",
        changes="the expected trip over the week, beside that of an open day",
    )
    lon: _Number | None = _setting(
        None, "longitude of a new position, degrees", changes="minutes to the new position"
    )
    lat: _Number | None = _setting(
        None, "latitude of a new position, degrees", changes="minutes to the new position"
    )
    name: _Title | None = _setting(
        None, "name of what opens, or of the place moved to", changes="wording everywhere"
    )
    capacity: _NotNegative | None = _setting(
        None, "families it can serve", changes="who is over capacity"
    )
    annual_cost_gbp: _NotNegative | None = _setting(
        None,
        "what running the site costs a year, pounds; the register's when not given",
        changes="money saved where it closes, spent where it opens",
    )
    comment: str = _setting("", "why, and on whose word", changes="printed beside the change")

    @model_validator(mode="after")
    def _is_whole(self) -> _ChangeSettings:
        said = self.said
        must, may = ACTIONS[self.action]
        wrong = [f"no {key}, which {self.action} does not take (it takes {', '.join(must + may)})"
                 for key in said if key not in (*ALWAYS, *must, *may)]  # fmt: skip
        wrong += [f"{f.column}: {f.expected}" for f in value_faults(said, "", "")]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def said(self) -> dict[str, Any]:
        """What is said, by key."""
        return self.model_dump(exclude_none=True)

    @property
    def closes(self) -> str | None:
        """Id of the site that is no longer open after it."""
        shut = self.status is not None and self.status not in OPEN_STATUSES
        return self.site if self.action in ("close", "move") or shut else None

    @property
    def opens(self) -> str | None:
        """Id of the site that opens."""
        return {"open": self.site, "move": self.to}.get(self.action)


class _ProposalSettings(_Settings):
    """A named change to one service."""

    title: _Title = _setting(..., "name of the proposal", changes="headings and names of options")
    service: _Name = _setting(
        ..., "key of the service that it changes", changes="whose centres and families are compared"
    )
    close: _Names = _setting(
        (), "ids of centres that close", changes="the proposal and all that is said of it"
    )
    open: _Names = _setting(
        (),
        "ids of centres or candidate sites that open",
        changes="the proposal; one that opens sites is compared, not ranked",
    )
    change: tuple[_ChangeSettings, ...] = _setting(
        (),
        "further changes, in order: moves, part-time opening, new positions",
        changes="the proposal and all that is said of it",
    )
    comment: str = _setting(
        "", "why, or what is left out, in your own words", changes="printed beside the proposal"
    )
    source: str = _setting("", "the paper that proposes it", changes="printed beside the proposal")
    status_words: str = _setting(
        "",
        "what the paper itself calls the closing of its sites: leases given up, deregistered",
        changes="said where the proposal closes them, as the paper's own words",
    )
    saving_per_year_gbp: _Number | None = _setting(
        None,
        "what the proposal says that it saves a year, pounds",
        changes="printed beside what the register's costs add up to, never added to it",
    )

    @property
    def closes(self) -> tuple[str, ...]:
        """Ids of all sites that close or lose their offer."""
        return (*self.close, *(c.closes for c in self.change if c.closes is not None))

    @property
    def opens(self) -> tuple[str, ...]:
        """Ids of all sites that open."""
        return (*self.open, *(c.opens for c in self.change if c.opens is not None))

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Every change in order, as it is said."""
        shut = [{"action": "close", "site": i, "comment": self.comment} for i in self.close]
        opened = [{"action": "open", "site": i, "comment": self.comment} for i in self.open]
        return [*shut, *opened, *({"comment": self.comment} | c.said for c in self.change)]

    @model_validator(mode="after")
    def _changes_something(self) -> _ProposalSettings:
        both = sorted(set(self.closes) & set(self.opens))
        if both:
            raise ValueError(f"a site to be closed or opened, not both: {', '.join(both)[:80]}")
        for ids in (self.closes, self.opens):
            _each_once(ids)
        if not (self.close or self.open or self.change):
            raise ValueError("at least one site to close, to open or to change")
        return self


class _TravelSettings(_Settings):
    """Speeds and limits."""

    walk_km_h: _Speed = _setting(
        4.8, "walking speed, km/h", changes=f"every walk and every {trip('typical')}"
    )
    pram_km_h: _Speed = _setting(
        3.6,
        "walking speed with a pram, km/h",
        changes="the trip with a pram on the building sheets and maps",
    )
    parking_minutes: _Minutes = _setting(
        3.0,
        f"minutes to park, added to every drive of the {trip('typical')}",
        changes=f"the {trip('typical')}",
    )
    snap_limit_m: _Metres = _setting(
        500.0,
        "farthest that a place may lie from the streets, metres",
        changes="which places are unreachable; beyond it a place is not placed",
    )
    max_unsnapped_share: _Share = _setting(
        0.02,
        "share of families that may lie beyond snap_limit_m, 0 to 1",
        changes="a run stops above it",
    )
    buffer_m: _NotNegative = _setting(
        5000.0,
        "how far past the areas the streets should reach, metres",
        changes="the warning that streets end too near; what `access fetch streets` asks for",
    )


class _BusSettings(_Settings):
    """By bus, where there is a timetable."""

    timetable: _FileName | None = _setting(
        None,
        "GTFS zip of the buses, `timetable.zip` if it is there and nothing is given; "
        "`--timetable` gives another",
        changes="minutes by bus; without it they are not known",
    )
    matrix: _FileName | None = _setting(
        None,
        "CSV of minutes by bus that somebody else worked out, in place of a timetable",
        changes="minutes by bus; its source stands beside every number",
    )
    day: _Date | None = _setting(
        None,
        "day of the timetable; a term-time Tuesday that is no holiday is chosen if not given",
        changes="which buses run",
    )
    window: _Window = _setting(
        ("09:00", "12:00"),
        "first minute and the minute after the last in which people set out",
        changes="minutes by bus of services without a bus_window",
    )
    home_minutes: Annotated[_Whole, Field(ge=1, le=360)] = _setting(
        120,
        "for how long after session_ends people set out for home",
        changes="the way home by bus",
    )
    percentile: Annotated[_Number, Field(gt=0, le=100)] = _setting(
        50,
        "which of the minutes of the window is given, by nearest rank; 50 is the median",
        changes="minutes by bus",
    )
    limit_minutes: _Positive = _setting(
        60,
        "minutes beyond which a journey counts as none",
        changes="the counts of those without a bus",
    )
    max_walk_minutes: Annotated[_Number, Field(gt=0, le=100)] = _setting(
        20, "longest walk to the first stop and from the last, minutes", changes="minutes by bus"
    )
    max_change_minutes: Annotated[_Number, Field(gt=0, le=100)] = _setting(
        10, "longest walk between two stops, minutes", changes="minutes by bus with a change"
    )
    boardings: Annotated[_Whole, Field(ge=1, le=7)] = _setting(
        3, "most buses one after the other", changes="minutes by bus with a change"
    )
    slack_seconds: Annotated[_Number, Field(ge=0, le=3600)] = _setting(
        60, "how long before a bus leaves one is at its stop", changes="minutes by bus"
    )

    @model_validator(mode="after")
    def _timetable_or_matrix(self) -> _BusSettings:
        if self.timetable is not None and self.matrix is not None:
            raise ValueError("timetable or matrix, one of the two: both give minutes by bus")
        return self


class _MeasureSettings(_Settings):
    """Presets, not legal tests: the trip that leads, and minutes and metres for shares."""

    headline: Literal["family", "walk", "drive"] | None = _setting(
        None,
        f"the trip that leads: family (the {trip('typical')}), walk or drive; when not given, "
        "family where the areas say how many households have no car, else walk",
        changes="summary, ranks, robustness, report, charts and where the explorer begins; "
        "walking stands beside it",
    )
    neighbours: Annotated[bool, Field(strict=True)] = _setting(
        False,
        "whether the neighbours' centres count in what leads; it is said both ways either way",
        changes="every figure and rank but those that are said to be the other way",
    )
    walk_limit_minutes: _Positive = _setting(
        60,
        "longest walk that is taken for one that people make, minutes: a declared limit",
        changes='beyond it sentences say "no longer within reach on foot"; tables keep the minutes',
    )
    thresholds_minutes: _Rising = _setting(
        (10, 15, 20, 30),
        "minutes that shares within are given for, rising",
        changes="tables of shares within",
    )
    threshold_minutes: _Positive = _setting(
        20,
        "minutes that options are ranked by (share beyond)",
        changes="the criterion share beyond, and so the ranking",
    )
    catchment_minutes: Annotated[_Number, Field(gt=0, le=1000)] = _setting(
        30,
        "how far catchments reach, minutes: a declared choice",
        changes="what is on offer within reach (2SFCA, E2SFCA, 3SFCA), before and after",
    )
    decay_per_minute: Annotated[_Number, Field(gt=0, le=10)] = _setting(
        0.1,
        "by gravity, each minute more counts exp(-decay_per_minute) times: a declared choice",
        changes="what is on offer by gravity, before and after",
    )
    distances_m: dict[_Title, _Positive] = _setting(
        {"2 miles": 3218.688, "2.5 km": 2500.0},
        "label = metres that shares within are given for",
        changes="tables of shares within by distance",
    )

    @model_validator(mode="after")
    def _labels_differ(self) -> _MeasureSettings:
        keys = [re.sub(r"\W+", "_", label.strip().lower()).strip("_") for label in self.distances_m]
        if len(set(keys)) != len(keys) or "" in keys:
            raise ValueError("distances_m with labels that differ by letters or digits: '2 miles'")
        return self


class _WeightSettings(_Settings):
    """How deprivation counts."""

    scheme: _Title = _setting(
        "linear",
        "none, linear (needs imd_rank), green_book (needs income), or a column of the areas",
        changes="weighted averages and the ranking by them; without imd_rank, linear is none",
    )
    lam: Annotated[_Number, Field(ge=0, le=1_000_000)] = _setting(
        1.0,
        "with linear: the most deprived place of all counts 1 + lam times",
        changes="weighted averages",
    )
    national_areas: Annotated[_Whole, Field(gt=1)] = _setting(
        LSOAS_ENGLAND_2011,
        "number of areas that imd_rank ranks",
        changes="linear weights, fifths of deprivation; a rank above it is refused",
    )


class _LocalitySettings(_Settings):
    """Rules that every set of centres must keep to be ranked."""

    names: _Names = _setting(
        (),
        "localities where minimum_open holds; every one when none is named",
        changes="which sets of centres are ranked",
    )
    minimum_open: Annotated[_Whole, Field(ge=0)] = _setting(
        0,
        "centres of each service to stay open in each locality",
        changes="which sets of centres are ranked",
    )
    never_close: _Names = _setting(
        (), "ids of centres that no option closes", changes="which sets of centres are ranked"
    )


class _OfferSettings(_Settings):
    """One offer that is given at a hub: who it is for, and where it is given besides."""

    title: _Title = _setting(..., "name of the offer", changes="headings of the hub tables")
    demand: (
        _Name | Annotated[tuple[_Name, ...], Field(min_length=1), AfterValidator(_each_once)]
    ) = _setting(
        ...,
        "column of the areas that counts who it is for, or several that are added up",
        changes="the best sites, and the offer's own minutes",
    )
    ages: str = _setting(
        "", "ages that are counted, in words; say where the offer's own are others",
        changes="said beside the offer",
    )  # fmt: skip
    share: _Positive = _setting(
        1.0,
        "what a minute counts beside the other offers' (1 and 1: half each)",
        changes="the best sites, and the joint minutes",
    )
    service: _Name | None = _setting(
        None,
        "service whose centres give the offer too; those that stay give it beside the hubs",
        changes="what closures add and hubs give back",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are added up."""
        return (self.demand,) if isinstance(self.demand, str) else self.demand

    @model_validator(mode="after")
    def _demand_counts_people(self) -> _OfferSettings:
        if wrong := sorted(_NOT_COUNTS & {*self.columns}):
            raise ValueError(f"demand to be columns that count people, not {', '.join(wrong)}")
        return self


class _ConsultationSettings(_Settings):
    """Who is asked, when and how, and what came of it; what is not known yet stays empty."""

    period: str = _setting("", "when the public is asked", changes="the report's consultation")
    staff: str = _setting("", "when staff are asked", changes="the report's consultation")
    replies: Annotated[_Whole, Field(ge=0)] | None = _setting(
        None, "how many replied", changes="the report's consultation; `not given` until then"
    )
    result: str = _setting(
        "", "what they said, in short", changes="the report's consultation; `not given` until then"
    )
    changed: str = _setting(
        "",
        "what was changed because of it",
        changes="the report's consultation; `not given` until then",
    )
    source: str = _setting("", "the paper that says so", changes="printed beside it")
    closes: _Date | None = _setting(
        None, "last day for answers, year-month-day", changes="the explorer's 'Have your say'"
    )
    address: _Title | None = _setting(
        None, "postal address for answers", changes="the explorer's 'Have your say'"
    )
    email: Annotated[str, Field(pattern=r"^[^\s@<>\"']+@[^\s@<>\"']+$", max_length=200)] | None = (
        _setting(None, "e-mail address for answers", changes="the explorer's 'Have your say'")
    )
    link: Annotated[str, Field(pattern=r"^https?://[^\s<>\"']+$", max_length=500)] | None = (
        _setting(
            None, "page where people answer, https://...", changes="the explorer's 'Have your say'"
        )
    )


class _HubSettings(_Settings):
    """The Family Hub question."""

    council_choice: _Names = _setting(
        (),
        "ids of the sites that the council chose",
        changes="the comparison of its choice with the best",
    )
    council_source: str = _setting(
        "", "the paper that names them", changes="printed beside the comparison"
    )
    offers: dict[_Name, _OfferSettings] = _setting(
        {},
        "each offer given at a hub by a key of your own; each service is one when empty",
        changes="the best sites, and whose minutes are told",
    )
    council_date: _Written | None = _setting(
        None,
        "when the choice was made: year, year-month or year-month-day",
        changes="one later than study.as_of stands in the report's part `What happened since`",
    )
    title: _Title | None = _setting(
        None,
        "what several are called; Family Hubs where a service is for families, and Hubs elsewhere",
        changes="headings and sentences about hubs",
    )
    one: _Title | None = _setting(
        None, "what one is called, together with title", changes="sentences about hubs"
    )
    shares: dict[_Name, _Share] = _setting(
        {},
        "without offers: service = its share of the demand for hubs, together 1; each service "
        "alike when empty",
        changes="the best sites",
    )
    most: Annotated[_Whole, Field(ge=1)] = _setting(
        12, "most hubs that are looked at", changes="the length of the curve of hubs"
    )
    sizes: Annotated[
        tuple[Annotated[_Whole, Field(ge=1, le=1000)], ...], AfterValidator(_rising_counts)
    ] = _setting(
        (), "further numbers of hubs that plans are made for, rising", changes="the hub plans"
    )
    per_locality: Annotated[_Whole, Field(ge=0)] = _setting(
        1,
        "hubs in every locality, at least, in the plans that keep the locality rule; 0 for no such "
        "rule",
        changes="the hub plans",
    )
    must: _Names = _setting((), "ids of sites that every plan has", changes="the hub plans")
    never: _Names = _setting((), "ids of sites that no plan may have", changes="the hub plans")
    at_most: dict[_Title, Annotated[_Whole, Field(ge=0)]] = _setting(
        {}, "kind of candidates.csv = hubs of it, at most", changes="the hub plans"
    )
    apart_m: _NotNegative = _setting(
        0.0, "least distance between two hubs, metres in a straight line", changes="the hub plans"
    )
    among: dict[_Title, _Names] = _setting(
        {},
        "a plan among some candidates only: its name in words = kinds or owners of candidates.csv",
        changes="which hub plans are made",
    )
    reach_minutes: _Rising = _setting(
        (20, 30, 45),
        "minutes from a hub that shares are given for, rising",
        changes="the reach of the hub plans",
    )
    budget_gbp: _NotNegative | None = _setting(
        None,
        "what the hubs may cost a year together, pounds; needs annual_cost_gbp of the candidates",
        changes="the plan within the budget",
    )

    @model_validator(mode="after")
    def _shares_add_up(self) -> _HubSettings:
        total = sum(self.shares.values())
        if self.shares and abs(total - 1) > 1e-6:
            raise ValueError(f"shares that add up to 1; these add up to {total:g}")
        if self.shares and self.offers:
            raise ValueError("shares or offers, not both: each offer has its own share")
        if (self.title is None) != (self.one is None):
            raise ValueError("title (of several) and one (of each) together, or neither")
        if both := sorted({*self.must} & {*self.never}):
            raise ValueError(f"a site in must or in never, not both: {', '.join(both)[:80]}")
        return self


class _DisclosureSettings(_Settings):
    """Which counts of 1 to 4 may be published; those of every other column are protected."""

    public_estimates: dict[_Title, _Title] = _setting(
        {},
        "column = why its counts may be published, small ones too: the published statistics that "
        "they are or are shared from",
        changes="every output: counts of 1 to 4 in other columns stand as 2 or 3 in a release",
    )


class _StepSettings(_Settings):
    """One step of the timetable of a decision."""

    when: _Title = _setting(..., "when, in words or as a date", changes="the report's timetable")
    what: _Title = _setting(..., "what happens then", changes="the report's timetable")
    source: str = _setting("", "the paper that says so", changes="printed beside it")


class _SumSettings(_Settings):
    """A sum of money that a paper gives for the proposals as a whole."""

    what: _Title = _setting(..., "what the sum is for", changes="the report's table of money")
    year: _Title = _setting(..., "the year it is for", changes="the report's table of money")
    gbp: _Number = _setting(
        ..., "pounds; a saving is above 0", changes="the report's table of money, first page too"
    )
    part_of: str = _setting(
        "", "`what` of the sum that it is part of", changes="parts stand under their sum"
    )
    source: str = _setting("", "the paper and its paragraph", changes="printed beside the sum")


class _RiskSettings(_Settings):
    """A risk, what is done about it, and whose that is."""

    risk: _Title = _setting(..., "what may go wrong", changes="the report's table of risks")
    mitigation: str = _setting("", "what is done about it", changes="the report's table of risks")
    owner: str = _setting("", "who answers for that", changes="the report's table of risks")


class _MitigationSettings(_Settings):
    """What softens the loss of one site, who answers for it, and by when."""

    site: _Title = _setting(..., "id of the site", changes="the report's table of mitigation")
    what: _Title = _setting(..., "what is offered", changes="the report's table of mitigation")
    owner: str = _setting("", "who answers for it", changes="the report's table of mitigation")
    by: str = _setting("", "by when", changes="the report's table of mitigation")


class _DutySettings(_Settings):
    """A legal duty that an officer names beside those that the toolkit knows."""

    duty: _Title = _setting(..., "the act and its section", changes="the report's table of duties")
    asks: _Title = _setting(..., "what it asks", changes="the report's table of duties")
    service: _Name | None = _setting(
        None, "key of the service it is of; all when not given", changes="said beside the duty"
    )
    source: str = _setting("", "who says that it applies", changes="printed beside the duty")


class _SinceSettings(_Settings):
    """Something known later than `study.as_of`: no part of the paper, told apart from it."""

    when: _Written = _setting(
        ...,
        "year, year-month or year-month-day, later than study.as_of",
        changes="the report's part `What happened since`",
    )
    what: _Title = _setting(..., "what happened", changes="the report's part `What happened since`")
    source: str = _setting("", "where that is from", changes="printed beside it")


class _ReportSettings(_Settings):
    """What only an officer or the papers know, for the report; what is empty is said to be so."""

    reader: _Title = _setting(
        "Asset Management Board", "whom the report is for", changes="its first lines"
    )
    author: str = _setting(
        "", "who answers for the report", changes="the author that Word, PDF and workbook name"
    )
    accountable_officer: str = _setting(
        "", "name and post of the accountable officer", changes="the report's last section"
    )
    recommendation: str = _setting(
        "", "the officer's own recommendation", changes="stands above what each option rests on"
    )
    background: _Names = _setting(
        (), "what led here, a paragraph each", changes="the report's background"
    )
    human_resources: str = _setting(
        "", "what it means for staff", changes="the report's section on human resources"
    )
    procurement: str = _setting(
        "", "what is to be bought or let", changes="the report's section on money"
    )
    children: str = _setting(
        "",
        "what it means for children, young people and vulnerable adults beyond their trips",
        changes="the report's section on them",
    )
    partners: str = _setting(
        "",
        "what it means for partners and other directorates",
        changes="the report's section on them",
    )
    legal: str = _setting("", "the lawyer's own words", changes="the report's section on the law")
    duties: tuple[_DutySettings, ...] = _setting(
        (), "further legal duties", changes="the report's table of duties"
    )
    timetable: tuple[_StepSettings, ...] = _setting(
        (), "steps of the decision, in order", changes="the report's timetable"
    )
    money: tuple[_SumSettings, ...] = _setting(
        (),
        "sums that the papers give for the proposals as a whole",
        changes="the report's table of money",
    )
    risks: tuple[_RiskSettings, ...] = _setting(
        (), "risks that an officer names", changes="the report's table of risks"
    )
    mitigation: tuple[_MitigationSettings, ...] = _setting(
        (), "what softens the loss of a site", changes="the report's table of mitigation"
    )
    since: tuple[_SinceSettings, ...] = _setting(
        (), "what became known later than study.as_of", changes="the report's part on it"
    )

    @model_validator(mode="after")
    def _parts_have_a_sum(self) -> _ReportSettings:
        named = {s.what for s in self.money if not s.part_of}
        lost = sorted({s.part_of for s in self.money if s.part_of} - named)
        if lost:
            raise ValueError(
                f"money.part_of to be the `what` of a sum that is no part itself: {lost[0][:60]!r}"
            )
        return self


#: The Equality Act 2010, section 4.
Characteristic = Literal[
    "age", "disability", "race", "sex", "pregnancy and maternity", "religion or belief",
    "gender reassignment", "marriage and civil partnership", "sexual orientation",
]  # fmt: skip


class Group(_Settings):
    """A group of residents whose change is set beside everyone else's, counted area by area.

    Parameters
    ----------
    label : str
        As tables print it.
    column : str, optional
        Of the areas: how many of the group live there; without it the group is told as not
        counted.
    denominator : str, optional
        Of the areas: how many the group is part of.
    others : bool
        The group is those of `denominator` who are not in `column`.
    characteristic : str, optional
        The protected characteristic of the Equality Act 2010 that it tells of.
    note : str
        What the count tells of the characteristic, in words.
    points_to : dict of str to str
        Characteristics that the count points to without telling who has them: in whose words.
    other_date : bool
        The denominator may be of another date, and so smaller than the group in an area that
        grew: it is then taken to be all of the group there.

    Examples
    --------
    >>> Group(label="disabled people", column="disabled", denominator="people").columns
    ('disabled', 'people')
    """

    label: _Title = _setting(..., "the group, as tables print it", changes="headings")
    column: _Name | None = _setting(
        None,
        "column of the areas: how many of the group live there; without it, said to be not counted",
        changes="the group's row",
    )
    denominator: _Name | None = _setting(
        None, "column of the areas: how many the group is part of", changes="who everyone else is"
    )
    others: Annotated[bool, Field(strict=True)] = _setting(
        False, "the group is those of denominator who are not in column", changes="who the group is"
    )
    characteristic: Characteristic | None = _setting(
        None,
        "protected characteristic of the Equality Act 2010 that it tells of",
        changes="the report's list of the nine characteristics",
    )
    note: str = _setting(
        "", "what the count tells of the characteristic", changes="wording of that list"
    )
    points_to: dict[Characteristic, _Title] = _setting(
        {},
        "characteristic = whose words: what the count points to and does not count",
        changes="wording of that list",
    )
    other_date: Annotated[bool, Field(strict=True)] = _setting(
        False,
        "the denominator may be of another date, and so smaller than the group",
        changes="whether that is a fault, or all of the group there",
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the areas that it counts by; none where it is not counted."""
        return tuple(name for name in (self.column, self.denominator) if name is not None)

    @model_validator(mode="after")
    def _counts_both_or_none(self) -> Group:
        if (self.column is None) != (self.denominator is None):
            raise ValueError("column and denominator both, or neither for a group not counted")
        wrong = sorted({*self.columns} & _NOT_COUNTS)
        if wrong or (self.column is not None and self.column == self.denominator):
            raise ValueError(
                f"two columns that count people, a part and its whole, not {list(self.columns)}"
            )
        return self


def _labels_once(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    _each_once(tuple(group.label for group in groups))
    return groups


class StudyConfig(_Settings):
    """All of `study.toml`."""

    study: _PlaceSettings = _setting(
        ..., "which place, as of when, and the box every point must lie in"
    )
    areas: _AreaSettings = _setting(
        _AreaSettings(), "the areas' table, and how figures of larger areas come down to them"
    )
    services: dict[_Name, _ServiceSettings] = _setting(
        ..., "each service by a key of your own", min_length=1
    )
    proposals: dict[_Name, _ProposalSettings] = _setting(
        {}, "each proposal by a key of your own", changes="which proposals a run answers"
    )
    travel: _TravelSettings = _setting(_TravelSettings(), "speeds and limits")
    bus: _BusSettings = _setting(_BusSettings(), "by bus, where there is a timetable")
    measures: _MeasureSettings = _setting(
        _MeasureSettings(), "minutes and metres that shares are given for: presets, not legal tests"
    )
    weights: _WeightSettings = _setting(_WeightSettings(), "how deprivation counts")
    localities: _LocalitySettings = _setting(
        _LocalitySettings(), "rules that every set of centres must keep to be ranked"
    )
    consultation: _ConsultationSettings = _setting(
        _ConsultationSettings(), "who is asked, when and how, and what came of it"
    )
    hubs: _HubSettings = _setting(_HubSettings(), "the Family Hub question")
    report: _ReportSettings = _setting(
        _ReportSettings(), "what only an officer or the papers know, for the report"
    )
    groups: Annotated[tuple[Group, ...], AfterValidator(_labels_once)] = _setting(
        (),
        "groups whose change is set beside everyone else's; one [[groups]] each",
        changes="the equality tables of the report",
    )
    disclosure: _DisclosureSettings = _setting(
        _DisclosureSettings(), "which counts of 1 to 4 people may be published"
    )
    tables: dict[
        Literal["centres", "candidates", "neighbours", "places", "postcodes", "gazetteer"],
        _FileName,
    ] = _setting(
        {},
        "another file name for centres, candidates, neighbours, places, postcodes or gazetteer",
        changes="what is read",
    )

    @property
    def demand_columns(self) -> tuple[str, ...]:
        """The areas' columns that count who services and the offers of hubs are for."""
        columns = [s.demand for s in self.services.values()]
        columns += [name for offer in self.hubs.offers.values() for name in offer.columns]
        return tuple(dict.fromkeys(columns))

    @model_validator(mode="after")
    def _services_exist(self) -> StudyConfig:
        named = [(f"proposals.{key}", p.service) for key, p in self.proposals.items()]
        named += [("hubs.shares", key) for key in self.hubs.shares]
        named += [
            (f"hubs.offers.{key}", offer.service)
            for key, offer in self.hubs.offers.items()
            if offer.service is not None
        ]
        named += [("report.duties", d.service) for d in self.report.duties if d.service]
        if self.areas.locality_from is not None:
            named.append(("areas.locality_from", self.areas.locality_from))
        wrong = [f"{where} names service {service!r}" for where, service in named
                 if service not in self.services]  # fmt: skip
        if wrong:
            raise ValueError(f"{'; '.join(wrong)}; expected one of {sorted(self.services)}")
        return self

    @model_validator(mode="after")
    def _since_is_later(self) -> StudyConfig:
        early = [s.when for s in self.report.since if not is_later(s.when, self.study.as_of)]
        if early:
            raise ValueError(
                f"report.since with dates later than study.as_of, {self.study.as_of}: "
                f"{', '.join(early)[:80]} is not; what was known then belongs in report.background"
            )
        return self


def is_later(when: str, as_of: str) -> bool:
    """Tell whether something dated to the year, month or day is surely later than a day.

    Examples
    --------
    >>> [is_later(when, "2018-03-12") for when in ("2019", "2018", "2018-04", "2018-03-12")]
    [True, False, True, False]
    """
    return when > as_of[: len(when)]


def read_config(path: Path) -> StudyConfig:
    """Read and check a `study.toml`.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    StudyConfig

    Raises
    ------
    StudyError
        If the file is missing, is not TOML, or has settings that are unknown, missing or wrong;
        every fault is listed.
    """
    raw, unfit = _read_toml(path)
    if unfit:
        raise StudyError(f"{path} has {len(unfit)} fault(s)", unfit)
    try:
        return StudyConfig.model_validate(raw)
    except ValidationError as error:
        faults = [
            Fault(
                path.name,
                "",
                ".".join(str(part) for part in item["loc"])[:200],
                "" if item["type"] in ("missing", "value_error") else _shown(item["input"]),
                _expected(item["type"], item["msg"]),
            )
            for item in error.errors()
        ]
        raise StudyError(f"{path} has {len(faults)} fault(s)", faults) from None


def _read_toml(path: Path) -> tuple[dict[str, Any], list[Fault]]:
    """Read the settings as they stand, and the texts in them that nothing could show."""
    try:
        # Windows editors begin a file with a byte order mark
        raw = tomllib.loads(read_whole(path, MOST_BYTES).decode("utf-8-sig"))
        return raw, [Fault(path.name, "", *fault) for fault in settings_faults(raw)]
    except FileNotFoundError:
        raise StudyError(
            f"no study.toml in {path.parent}; expected a study folder. "
            "Make one with `access new FOLDER`, or name the embedded one: rotherham."
        ) from None
    except RecursionError:
        raise StudyError(
            f"{path} cannot be read as TOML: brackets stand in brackets too deep; "
            "expected the settings of the handbook"
        ) from None
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        # beside its own error, the parser hands on Python's for numbers of thousands of digits
        raise StudyError(f"{path} cannot be read as TOML: {str(error)[:300]}") from error


def _shown(value: Any) -> str:
    """Write what was found, short; Python itself refuses to write some values."""
    try:
        return repr(value)[:80]
    except (ValueError, RecursionError):
        return "a number or list too long to show"


_PLAIN: Mapping[str, str] = {
    "missing": "this setting to be given",
    "extra_forbidden": "no such setting; check its spelling against the handbook or remove it",
    "float_type": "a number, without quotes",
    "int_type": "a whole number, without quotes",
    "int_from_float": "a whole number",
    "finite_number": "a number that is not infinite and not nan",
    "bool_type": "true or false, without quotes",
    "string_type": "a text in quotes",
    "tuple_type": "a list: [...]",
    "string_too_long": "at most 60 characters",
    "string_pattern_mismatch": "small letters, digits and underscores, beginning with a letter",
}


def _expected(kind: str, message: str) -> str:
    return _PLAIN.get(kind, message.removeprefix("Value error, "))


_FILE = "study.toml"


def _closure_rules(config: StudyConfig, centres: pd.DataFrame, service: str) -> dict[str, Any]:
    """Give one service's rules as options of `rank_closures`."""
    rules = config.localities
    needed = [c for c in ("id", "locality") if c in centres]
    own = centres[needed][centres["service"] == service]
    never = tuple(i for i in own["id"] if i in set(rules.never_close))
    where, least = _least_by_locality(config, own)
    return {
        "never_close": never,
        "localities": where if least else None,
        "min_per_locality": least or None,
    }


def _least_by_locality(
    config: StudyConfig, own: pd.DataFrame
) -> tuple[dict[str, str], dict[str, int]]:
    rules = config.localities
    if not rules.minimum_open or "locality" not in own:
        return {}, {}
    where = dict(zip(own["id"], own["locality"].astype(str), strict=True))
    bound = sorted(set(where.values()) - {""})
    bound = [name for name in bound if name in rules.names or not rules.names]
    return where, dict.fromkeys(bound, rules.minimum_open)


def _rule_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find rules that name what is not there, or that not even today's centres keep."""
    centres, rules = tables["centres"], config.localities
    faults = [
        Fault(_FILE, "", "localities.never_close", id_, "an id of centres.csv")
        for id_ in rules.never_close
        if id_ not in set(centres["id"])
    ]
    for key, proposal in config.proposals.items():
        free = _may_close(config, centres, proposal.service)
        if not proposal.opens and free < len(proposal.closes):
            expected = (
                f"rules that let {len(proposal.closes)} close, as proposals.{key} does: these let "
                f"{free}"
            )
            faults.append(Fault(_FILE, "", "localities", "", expected))
    known = _localities(centres)
    if not known:
        return faults  # rules over localities are told as not applied
    faults += [
        Fault(_FILE, "", "localities.names", name, f"a locality of centres.csv: {sorted(known)}")
        for name in rules.names
        if name not in known
    ]
    if rules.minimum_open:
        expected = "where every centre is, for localities.minimum_open counts them"
        faults += [
            Fault("centres.csv", f"row {row}", "locality", "an empty cell", expected)
            for row in centres.index[centres["locality"] == ""]
        ]
        for key in config.services:
            faults += _too_few(config, centres, key)
    return faults


def _may_close(config: StudyConfig, centres: pd.DataFrame, service: str) -> int:
    """Count the most centres of a service that the rules let close at once."""
    rules = _closure_rules(config, centres, service)
    own = centres[centres["service"] == service]
    free = own[~own["id"].isin(rules["never_close"])]
    if not rules["min_per_locality"]:
        return len(free)
    there = own["locality"].value_counts().to_dict()
    freely = free["locality"].value_counts().to_dict()
    least = rules["min_per_locality"]
    return sum(
        min(int(many), max(int(there[name]) - least.get(name, 0), 0))
        for name, many in freely.items()
    )


def _localities(centres: pd.DataFrame) -> set[str]:
    return set(centres["locality"]) - {""} if "locality" in centres else set()


def _too_few(config: StudyConfig, centres: pd.DataFrame, service: str) -> list[Fault]:
    own = centres[centres["service"] == service]
    there = own["locality"].value_counts()
    return [
        Fault(_FILE, "", "localities.minimum_open", str(least),
              f"at most {there[name]}, the number of {config.services[service].title} in {name}")
        for name, least in _least_by_locality(config, own)[1].items()
        if least > there[name]
    ]  # fmt: skip


def _rule_warnings(config: StudyConfig, centres: pd.DataFrame) -> list[str]:
    """Say which rules were not applied, and which proposals break one."""
    rules = config.localities
    said = []
    if (rules.minimum_open or rules.names) and not _localities(centres):
        said.append(
            "The rules over localities (names, minimum_open) were not applied: centres.csv says "
            "of no centre in which locality it is."
        )
    for key in config.proposals:
        said += _broken(config, centres, key)
    return said


def _broken(config: StudyConfig, centres: pd.DataFrame, key: str) -> list[str]:
    """Say which rules a proposal breaks: it then stands outside the list it is compared with."""
    proposal = config.proposals[key]
    rules = _closure_rules(config, centres, proposal.service)
    names = dict(zip(centres["id"], centres["name"], strict=True))
    fixed = [f"{names[i]} ({i})" for i in proposal.closes if i in rules["never_close"]]
    said = []
    if fixed:
        said.append(f"closes {', '.join(fixed)}, which the study never closes")
    for name, least in (rules["min_per_locality"] or {}).items():
        ids = [i for i, where in rules["localities"].items() if where == name]
        left = len(set(ids) - set(proposal.closes))
        # a site that opens has no locality of a centre: such a proposal is not ranked
        if left < least and not proposal.opens:
            said.append(f"leaves {left} open in {name}, where the study keeps {least} or more")
    return [
        f"The proposal '{proposal.title}' {what}: it breaks a rule of the study and is not among "
        "the ways that are listed beside it."
        for what in said
    ]
