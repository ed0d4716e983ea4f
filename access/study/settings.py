"""The settings of a study's places, services, proposals, travel and measures: each one checked."""

from __future__ import annotations

import datetime
import re
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from access.escape import LONGEST_KEY, file_inside, seen
from access.labels import trip
from access.study.sheet import ACTIONS, ALWAYS, OPEN_STATUSES, value_faults
from access.units import LSOAS_ENGLAND_2011

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
    if not (ok and (int(hour), minute) <= (28, "00")):
        raise ValueError('a time of day in quotes, "09:00", up to "28:00" (4 in the morning)')
    return f"{int(hour):02d}:{minute}"


def _before_the_end(value: str) -> str:
    if value == "28:00":
        raise ValueError('a time of day before "28:00" (4 in the morning), when no bus is ridden')
    return value


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
#: Slowest and fastest that anybody is taken to walk, km/h.
LEAST_KM_H, MOST_KM_H = 0.5, 12.0
_Speed = Annotated[_Number, Field(ge=LEAST_KM_H, le=MOST_KM_H)]
_Minutes = Annotated[_Number, Field(ge=0, le=10_000)]
_Metres = Annotated[_Number, Field(gt=0, le=10_000_000)]
#: What a text must look like, in words.
PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "small letters, digits and underscores, beginning with a letter",
    r"^[^\W\d_][\w .'-]+$": "a name, of letters, blanks and - . ' alone",
    r"^[^\s@<>\"']+@[^\s@<>\"']+$": "an e-mail address, as families@example.gov.uk",
    r"^https?://[^\s<>\"']+$": "the address of a page, beginning with https:// or http://",
}
_A_KEY, _A_NATION, AN_EMAIL, A_LINK = PATTERNS
#: A key that becomes part of file names: short, and without anything a file system reads.
_Name = Annotated[str, Field(pattern=_A_KEY, max_length=LONGEST_KEY)]
_Title = Annotated[str, AfterValidator(_said)]
_FileName = Annotated[_Title, AfterValidator(file_inside)]
_Date = Annotated[str, BeforeValidator(_written_date), AfterValidator(_real_date)]
#: A year, a month or a day: as exactly as it is known.
_Written = Annotated[str, BeforeValidator(_written_date), AfterValidator(_known_date)]
# a pattern that counts its letters takes 10 ms to make out
_Nation = Annotated[_Title, Field(pattern=_A_NATION, max_length=60)]
_Names = Annotated[tuple[_Title, ...], AfterValidator(_each_once)]
_Clock = Annotated[str, AfterValidator(_clock_time)]
_Beginning = Annotated[_Clock, AfterValidator(_before_the_end)]
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
    session_ends: _Beginning | None = _setting(
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
