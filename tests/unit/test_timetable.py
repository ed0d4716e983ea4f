"""Timetables: hand-made feeds, right and wrong, and what is said of them."""

from __future__ import annotations

import io
import itertools
import os
import zipfile
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from access.errors import AccessError, ParameterError
from access.network import gtfs as days
from access.network.gtfs import _TimetableError
from access.network.timetable import read_timetable

MINUTE = 60_000
BOX = (-1.5, 53.3, -1.2, 53.6)
FEED = {
    "agency.txt": "agency_id,agency_name,agency_timezone\nA,Alpha,Europe/London\nB,Beta,\n",
    "stops.txt": (
        "stop_id,stop_name,stop_lat,stop_lon\n"
        's1,"Wath Road, top",53.43,-1.36\ns2,Market,53.43,-1.35\ns3,Hill,53.43,-1.32\n'
        "s4,Unused,53.44,-1.36\n"
    ),
    "routes.txt": (
        "route_id,agency_id,route_short_name,route_type\nr22,A,22,3\nrC,B,C1,202\nr22b,B,22,700\n"
    ),
    "trips.txt": "route_id,service_id,trip_id,trip_headsign\nr22,wk,t1,Hill\nr22,wk,t2,Hill\n",
    "stop_times.txt": (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t1,09:00:00,09:00:00,s1,1\nt1,09:05:00,09:06:00,s2,2\nt1,09:10:00,09:10:00,s3,3\n"
        "t2,23:50:00,23:50:00,s1,1\nt2,24:10:00,24:10:00,s2,2\nt2,25:00:00,25:00:00,s3,3\n"
    ),
    "calendar.txt": (
        "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
        "wk,1,1,1,1,1,0,0,20230601,20230930\n"
    ),
}
DAY = "2023-06-13"


@pytest.fixture(scope="module", autouse=True)
def plain_tables_once():
    """Read each table of the plain feed once; one that a test changes is read for itself."""
    kept, read = {}, days._Feed.read

    def once(self, name, needed, wanted=()):
        key = name, tuple(needed), tuple(wanted)
        if not is_plain(self, name):
            return read(self, name, needed, wanted)
        if key not in kept:
            kept[key] = read(self, name, needed, wanted)
        return kept[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days._Feed, "read", once)
        yield


def is_plain(feed, name):
    """Tell whether a table of a feed is that of the plain feed, byte for byte."""
    try:
        with feed._open(name) as table:
            return table.read() == FEED[name].encode()
    except Exception:  # what is wrong with it is said where it is read
        return False


def feed(tmp_path, name="feed.zip", inside="", **tables):
    """A zip of the plain feed, with some tables changed (``None`` leaves one out)."""
    path = tmp_path / name
    content = {**FEED, **{k.replace("__", "."): v for k, v in tables.items()}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table, text in content.items():
            if text is not None:
                archive.writestr(inside + table, text)
    return path


def rides(timetable, kind=0):
    """(from, to, leaving, arriving) in minutes, of one service day."""
    ids = timetable.stops["id"].to_numpy(object)
    r = timetable.rides
    some = (timetable.trips["service_day"].to_numpy() == kind)[r.trip]
    return [
        (ids[a], ids[b], d / MINUTE, e / MINUTE)
        for a, b, d, e in zip(
            r.from_stop[some], r.to_stop[some], r.dep[some], r.arr[some], strict=True
        )
    ]


def test_a_day_holds_its_trips_and_what_yesterday_left(tmp_path):
    table = read_timetable(feed(tmp_path), day=DAY)
    assert rides(table) == [
        ("s1", "s2", 540, 545), ("s2", "s3", 546, 550),
        ("s1", "s2", 1430, 1450), ("s2", "s3", 1450, 1500),
    ]  # fmt: skip
    assert rides(table, -1) == [("s1", "s2", -10, 10), ("s2", "s3", 10, 60)]
    assert rides(table, 1) == []
    late = FEED["stop_times.txt"].replace("24:10", "28:10").replace("25:00", "31:30")
    table = read_timetable(feed(tmp_path, stop_times__txt=late), day=DAY)
    assert rides(table, -1) == [("s1", "s2", -10, 250), ("s2", "s3", 250, 450)]
    monday = read_timetable(feed(tmp_path), day="2023-06-12")
    assert rides(monday, -1) == []  # no service on Sundays


def test_tomorrow_s_first_trips_end_the_night(tmp_path):
    times = FEED["stop_times.txt"].replace("09:0", "00:0").replace("09:1", "00:1")
    table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
    assert rides(table, 1) == [("s1", "s2", 1440, 1445), ("s2", "s3", 1446, 1450)]


def test_blank_times_are_filled_by_distance_not_evenly(tmp_path):
    times = FEED["stop_times.txt"].replace("09:05:00,09:06:00", ",")
    table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
    (_, _, _, there), (_, _, leave, _) = rides(table)[:2]
    assert there == leave == pytest.approx(540 + 10 / 4, abs=1e-3)  # a quarter of the way


def test_blank_times_follow_the_feed_s_own_distances_where_it_has_them(tmp_path):
    rows = FEED["stop_times.txt"].replace("09:05:00,09:06:00", ",").splitlines()
    along = ["shape_dist_traveled", "0", "9", "10", "", "", ""]
    times = "\n".join(f"{row},{a}" for row, a in zip(rows, along, strict=True))
    table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
    assert rides(table)[0][3] == pytest.approx(549)


def test_times_missing_at_an_end_leave_those_calls_out(tmp_path):
    times = FEED["stop_times.txt"].replace("09:10:00,09:10:00", ",")
    table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
    assert rides(table)[:2] == [("s1", "s2", 540, 545), ("s1", "s2", 1430, 1450)]
    found = table.audit().set_index("check")["found"]
    assert found["calls without any time"] == 1


def test_frequencies_are_unrolled(tmp_path):
    often = "trip_id,start_time,end_time,headway_secs\nt1,10:00:00,11:00:00,1200\n"
    table = read_timetable(feed(tmp_path, frequencies__txt=often), day=DAY)
    leaves = [d for a, _, d, _ in rides(table) if a == "s1"]
    assert sorted(leaves) == [600, 620, 640, 1430]
    assert any("how often, not when" in note for note in table.notes)
    twice = read_timetable(feed(tmp_path, frequencies__txt=often + often.split("\n")[1]), day=DAY)
    assert rides(twice) == rides(table)  # a row that stands there twice runs once
    wrong = feed(tmp_path, frequencies__txt=often.replace("1200", "0"))
    with pytest.raises(_TimetableError, match="headway_secs: found '0'"):
        read_timetable(wrong, day=DAY)


def going_on(tmp_path, blocks, **tables):
    rows = FEED["trips.txt"].splitlines()
    trips = "\n".join(f"{r},{b}" for r, b in zip(rows, ["block_id", *blocks], strict=True))
    table = read_timetable(feed(tmp_path, trips__txt=trips, **tables), day=DAY)
    told = [note for note in table.notes if "stays seated" in note]
    assert len(rides(table)) == 4  # nobody is carried on
    assert not told or told[0].startswith(("1 trip goes on as", "2 trips go on as"))
    return int(told[0].split()[0]) if told else 0


def test_trips_that_go_on_as_another_are_told_beside_every_number(tmp_path):
    seats = "from_stop_id,to_stop_id,from_trip_id,to_trip_id,transfer_type\n"
    assert going_on(tmp_path, ["b", "b"]) == 1
    assert going_on(tmp_path, ["", ""]) == going_on(tmp_path, ["b", "c"]) == 0
    assert going_on(tmp_path, ["", ""], transfers__txt=f"{seats}s3,s1,t1,t2,4\n") == 1
    assert going_on(tmp_path, ["b", "b"], transfers__txt=f"{seats}s3,s1,t1,t2,4\n") == 1
    assert going_on(tmp_path, ["b", "b"], transfers__txt=f"{seats}s3,s1,t1,t2,5\n") == 0
    assert going_on(tmp_path, ["", ""], transfers__txt=f"{seats}s3,s1,t1,other,4\n,,,,2\n") == 0
    for other in ("", "from_stop_id\ns1\n", f"{seats}a,b,c,d,e,f\n"):  # no use, and no harm
        assert going_on(tmp_path, ["b", "b"], transfers__txt=other) == 1
    late = FEED["stop_times.txt"].replace("23:50:00,23:50:00", "09:08:00,09:08:00")
    assert going_on(tmp_path, ["b", "b"], stop_times__txt=late) == 0  # two at once are two


def test_doors_that_stay_shut(tmp_path):
    rows = FEED["stop_times.txt"].splitlines()
    doors = ["pickup_type,drop_off_type", "0,1", "1,0", "0,1", ",", ",", "2,3"]
    times = "\n".join(f"{r},{d}" for r, d in zip(rows, doors, strict=True))
    table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
    today = table.trips["service_day"].to_numpy()[table.rides.trip] == 0
    assert table.rides.board[today].tolist() == [True, False, True, True]
    assert table.rides.alight[today].tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("3", "bus"), ("700", "bus"), ("11", "bus"), ("0", "tram"), ("900", "tram"), ("2", "train"),
     ("109", "train"), ("1", "underground"), ("4", "ferry"), ("200", "coach"), ("299", "coach"),
     ("1100", "ferry"), ("1700", "other"), ("", "other")],
)  # fmt: skip
def test_route_types(tmp_path, code, kind):
    routes = FEED["routes.txt"].replace("r22,A,22,3", f"r22,A,22,{code}")
    path = feed(tmp_path, routes__txt=routes)
    if kind in ("coach", "other"):
        with pytest.raises(_TimetableError, match=f"no trip of the kinds.*'{kind}': 2"):
            read_timetable(path, day=DAY)
    else:
        assert set(read_timetable(path, day=DAY).trips["kind"]) == {kind}
        with pytest.raises(_TimetableError, match="no trip of the kinds"):
            read_timetable(path, day=DAY, kinds=["coach"])
    if kind == "coach":
        assert len(read_timetable(path, day=DAY, kinds=["coach"]).trips) == 3


def test_exceptions_to_the_calendar(tmp_path):
    path = feed(tmp_path, calendar_dates__txt="service_id,date,exception_type\n"
                                              "wk,20230613,2\nwk,20230617,1\n")  # fmt: skip
    with pytest.raises(
        _TimetableError, match=r"only 0 trips run.*nearest day that would do is Mon"
    ):
        read_timetable(path, day=DAY)
    assert len(rides(read_timetable(path, day="2023-06-17"))) == 4
    only = feed(tmp_path, calendar__txt=None,
                calendar_dates__txt="service_id,date,exception_type\nwk,20230613,1\n")  # fmt: skip
    assert read_timetable(only).day == date(2023, 6, 13)


def test_a_day_outside_the_feed_or_with_half_the_trips_is_refused(tmp_path):
    path = feed(tmp_path)
    with pytest.raises(
        _TimetableError,
        match=r"does not cover Tuesday 3 October 2023.*Thursday 1 "
        "June 2023 to Saturday 30 September.*would do is Friday 29 September 2023: "
        'bus.day = "2023-09-29" in study.toml',
    ):
        read_timetable(path, day="2023-10-03")  # fmt: skip
    with pytest.raises(_TimetableError, match="only 0 trips run, against 2 on a usual Tuesday"):
        read_timetable(path, day="2023-06-18")
    with pytest.raises(ParameterError, match="is no day"):
        read_timetable(path, day="next week")


def test_the_chosen_day_is_a_term_time_tuesday(tmp_path):
    table = read_timetable(feed(tmp_path))
    assert table.day == date(2023, 6, 6)
    assert any("Term time is taken to be" in note for note in table.notes)
    summer = FEED["calendar.txt"].replace("20230601,20230930", "20230801,20230831")
    with pytest.raises(_TimetableError, match=r"Tuesday.*bus.day = .2023-08-01. in study.toml"):
        read_timetable(feed(tmp_path, calendar__txt=summer))
    holiday = FEED["calendar.txt"].replace("20230601,20230930", "20230828,20230831")
    table = read_timetable(feed(tmp_path, calendar__txt=holiday), day="2023-08-28")
    assert any("Summer bank holiday" in words for words in table.notes)
    full = table.audit().set_index("check").loc["bank holidays with a full service"]
    assert full["found"] == full["of"] == 1


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2020, "0101 0410 0413 0508 0525 0831 1225 1228"),
        (2021, "0101 0402 0405 0503 0531 0830 1227 1228"),
        (2022, "0103 0415 0418 0502 0602 0603 0829 0919 1226 1227"),
        (2023, "0102 0407 0410 0501 0508 0529 0828 1225 1226"),
        (2024, "0101 0329 0401 0506 0527 0826 1225 1226"),
        (2026, "0101 0403 0406 0504 0525 0831 1225 1228"),
        (2027, "0101 0326 0329 0503 0531 0830 1227 1228"),
    ],
)
def test_bank_holidays_are_the_published_ones(year, expected):
    assert " ".join(f"{day:%m%d}" for day in days._bank_holidays(year)) == expected


def test_no_term_rule_lets_a_holiday_through():
    for year in range(2015, 2040):
        for name_day, name in days._bank_holidays(year).items():
            if name in ("Good Friday", "Easter Monday", "Spring bank holiday", "Christmas Day"):
                assert not days._in_term(name_day) or year in (2002, 2012)
        terms = sum(days._in_term(date(year, 1, 1) + timedelta(k)) for k in range(365))
        assert 180 < terms < 290


def test_a_stop_on_the_edge_of_the_box_stays_itself_in_either_feed(tmp_path):
    """Two regions place one stop a few metres apart, and the box may end between them."""
    moved = FEED["stops.txt"].replace('s1,"Wath Road, top",53.43,-1.36', "s1,Top,53.43,-1.3599")
    earlier = FEED["stop_times.txt"].replace("09:", "08:")
    north = feed(tmp_path, "north.zip")
    south = feed(tmp_path, "south.zip", stops__txt=moved, stop_times__txt=earlier)
    box = (-1.35995, *BOX[1:])
    alone, both = (read_timetable(feeds, day=DAY, box=box) for feeds in ([south], [north, south]))
    assert ("s1", "s2", 480, 485) in rides(alone)
    assert ("south:s1", "north:s2", 480, 485) in rides(both)


def test_several_feeds_keep_their_ids_apart(tmp_path):
    (tmp_path / "b").mkdir()
    moved = FEED["stops.txt"].replace("53.4", "53.5")
    one, two = feed(tmp_path), feed(tmp_path / "b", stops__txt=moved)
    table = read_timetable([one, two], day=DAY)
    assert set(table.stops["id"]) >= {"feed:s1", "feed-2:s1"}
    assert len(rides(table)) == 8
    assert len(set(zip(table.trips["trip_id"], table.trips["service_day"], strict=True))) == len(
        table.trips
    )
    far = feed(tmp_path, "far.zip", agency__txt=FEED["agency.txt"].replace("London", "Lisbon"))
    with pytest.raises(_TimetableError, match="different local times"):
        read_timetable([one, far], day=DAY)


def test_what_two_feeds_have_in_common_counts_once(tmp_path):
    """Feeds of neighbouring regions both hold the buses that cross between them."""
    north = feed(tmp_path, "north.zip")
    times = FEED["stop_times.txt"].replace("t2,23:50:00,23:50:00", "t2,23:40:00,23:40:00")
    south = feed(tmp_path, "south.zip", stop_times__txt=times)
    alone, both = read_timetable(north, day=DAY), read_timetable([north, south], day=DAY)
    assert both.stops["id"].tolist() == [f"north:{i}" for i in alone.stops["id"]]
    assert len(rides(both)) == len(rides(alone)) + 2  # the later bus alone is another
    assert both.runs_an_hour([0], (540, 600)) == alone.runs_an_hour([0], (540, 600)) == 1
    assert "1 run stands in more than one feed" in " ".join(both.notes)
    assert set(both.rides.trip) == set(range(len(both.trips)))
    shut = both.without(stops=["north:s1"])
    assert not shut.rides.board[shut.rides.from_stop == 0].any()
    same = read_timetable([north, north], day=DAY)
    assert len(same.rides) == len(alone.rides) and same.without(routes=["22"]).closed
    twice = FEED["trips.txt"].replace("t2", "t1b"), FEED["stop_times.txt"].split("t2")[0]
    doubled = twice[1] + "".join(r.replace("t1", "t1b") + "\n" for r in twice[1].splitlines()[1:])
    own = read_timetable(
        feed(tmp_path, "own.zip", trips__txt=twice[0], stop_times__txt=doubled), day=DAY
    )
    assert len(rides(own)) == 4  # a second bus at the same time, as one feed has it


def test_the_box(tmp_path):
    path = feed(tmp_path)
    with pytest.raises(_TimetableError, match=r"no stop of .* lies in the box.*right county"):
        read_timetable(path, day=DAY, box=(-4, 50, -3, 51))
    table = read_timetable(path, day=DAY, box=(-1.365, 53.42, -1.345, 53.44))
    assert rides(table) == [("s1", "s2", 540, 545), ("s1", "s2", 1430, 1450)]
    around = read_timetable(path, day=DAY, box=BOX)
    assert around.digest == read_timetable(path, day=DAY).digest
    with pytest.raises(ParameterError, match="box"):
        read_timetable(path, day=DAY, box=(1, 2, 0, 3))


def test_stops_without_a_place_are_passed(tmp_path):
    stops = FEED["stops.txt"].replace("Market,53.43,-1.35", "Market,,")
    table = read_timetable(feed(tmp_path, stops__txt=stops), day=DAY)
    assert rides(table) == [("s1", "s3", 540, 550), ("s1", "s3", 1430, 1500)]
    found = table.audit().set_index("check")["found"]
    assert found["stops without a place"] == 1
    assert found["calls at a stop without a place"] == 2


def test_the_audit_counts_what_is_odd(tmp_path):
    times = (
        "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "t1,09:01:00,09:01:00,s3,2\nt1,09:00:00,09:00:00,s1,1\n"  # unsorted; 2.7 km in a minute
        "t2,10:00:00,10:00:00,s1,1\nt2,10:00:00,10:00:00,s2,2\nt2,09:59:00,09:59:00,s3,3\n"
    )
    table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
    assert rides(table) == [("s1", "s3", 540, 541)]
    found = table.audit().set_index("check")["found"]
    assert found["rides too fast"] == 1 and found["trips that run backwards"] == 1
    assert found["stops unused"] == 2
    areas = pd.DataFrame({"id": ["near", "far"], "lon": [-1.36, -1.1], "lat": [53.431, 53.43]})
    row = table.audit(areas).set_index("check").loc["areas with a stop in reach"]
    assert (row["found"], row["of"]) == (1, 2)
    assert "1 of 2 areas have a stop in use" in table.audit_words(areas)[-1]
    still = times.replace("09:59:00,09:59:00", "10:00:00,10:00:00")
    table = read_timetable(feed(tmp_path, stop_times__txt=still), day=DAY)
    assert table.audit().set_index("check")["found"]["rides of no minutes"] == 2


def test_routes_withdrawn_and_stops_closed(tmp_path):
    table = read_timetable(feed(tmp_path), day=DAY)
    assert rides(table.without(routes=["22"])) == rides(table.without(routes=["r22"])) == []
    shut = table.without(stops=["s2"])
    assert len(rides(shut)) == 4 and shut.closed == ("stop s2 closed",)
    assert shut.stops["id"][shut.boarding_stops].tolist() == ["s1", "s3"]
    assert table.stops["id"][table.boarding_stops].tolist() == ["s1", "s2", "s3"]
    assert shut.digest != table.digest and "stop s2 closed" in shut.notes[-1]
    for wrong in ({"routes": ["99"]}, {"stops": ["Market"]}, {"routes": "22"}):
        with pytest.raises(ParameterError):
            table.without(**wrong)
    trips = FEED["trips.txt"].replace("r22,wk,t2", "r22b,wk,t2")
    both = read_timetable(feed(tmp_path, trips__txt=trips), day=DAY)
    with pytest.raises(ParameterError, match=r"several operators.*'r22', 'r22b'"):
        both.without(routes=["22"])
    assert len(rides(both.without(routes=["r22b"]))) == 2


def test_a_number_that_is_another_route_s_id_withdraws_neither(tmp_path):
    routes = FEED["routes.txt"].replace("r22,A,22,3", "4,A,22,3\n22,A,4,3")
    trips = "route_id,service_id,trip_id\n4,wk,t1\n22,wk,t2\n"
    path = feed(tmp_path, routes__txt=routes, trips__txt=trips)
    table = read_timetable(path, day=DAY)
    for name in ("22", "4"):  # each is the one's number and the other's id
        with pytest.raises(ParameterError, match=rf"{name!r} is the number.*'id:{name}' for route"):
            table.without(routes=[name])
    left = table.without(routes=["id:22"])
    assert {left.rides.dep.min()} == {540 * MINUTE} and len(rides(left)) == 2
    assert left.closed == ("route 4 (id 22) withdrawn",)
    # Where the number does not run the id is taken, and whose it is is said.
    routes = routes.replace("r22b,B,22", "r22b,B,9")
    alone = read_timetable(
        feed(tmp_path, routes__txt=routes, trips__txt=trips.replace("4,wk,t1", "r22b,wk,t1")),
        day=DAY,
    )
    assert alone.without(routes=["22"]).closed == ("route 4 (id 22) withdrawn",)


def test_all_stops_are_counted_at_once_as_each_is_alone(tmp_path):
    often = "trip_id,start_time,end_time,headway_secs\nt1,09:00:00,11:00:00,1200\n"
    table = read_timetable(feed(tmp_path, frequencies__txt=often), day=DAY).without(stops=["s2"])
    for window in ((540, 600), (541, 660), (1430, 1440), (0, 60)):
        alone = [table.runs_an_hour([stop], window) for stop in range(len(table.stops))]
        assert table.each_stop_an_hour(window).tolist() == alone
    assert table.each_stop_an_hour((540, 600)).tolist() == [3, 0, 0, 0]


def test_odd_ways_of_writing_that_are_read(tmp_path):
    plain = read_timetable(feed(tmp_path), day=DAY).digest
    bom = {k.replace(".", "__"): "\ufeff" + v for k, v in FEED.items()}
    assert read_timetable(feed(tmp_path, **bom), day=DAY).digest == plain
    crlf = {k.replace(".", "__"): v.replace("\n", "\r\n").replace(",", ", ")
            for k, v in FEED.items() if k != "stops.txt"}  # fmt: skip
    assert read_timetable(feed(tmp_path, **crlf), day=DAY).digest == plain
    nested = read_timetable(feed(tmp_path, inside="south/gtfs/"), day=DAY)
    assert nested.digest == plain and any("south/gtfs/" in note for note in nested.notes)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, text in FEED.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert read_timetable(folder, day=DAY).digest == plain
    trailing = {k.replace(".", "__"): v.replace("\n", ",\n") for k, v in FEED.items()}
    assert read_timetable(feed(tmp_path, **trailing), day=DAY).digest == plain
    assert read_timetable(feed(tmp_path), day=DAY).stops["name"][0] == "Wath Road, top"
    old = FEED["stops.txt"].replace("Market", "Café").encode("cp1252")
    table = read_timetable(feed(tmp_path, stops__txt=old), day=DAY)
    assert "Café" in set(table.stops["name"]) and any("Windows-1252" in n for n in table.notes)


def test_a_comma_too_many_is_refused_where_it_would_move_what_follows(tmp_path):
    for table, column, more in (("stops.txt", '"Wath Road, top"', ""), ("trips.txt", "Hill", ""),
                                ("stops.txt", '"Wath Road, top"', ",")):  # fmt: skip
        # a last column that is empty hides what was moved into the one before it
        text = FEED[table].replace("\n", f"{more}\n").replace(column, "Wath Road, top", 1)
        with pytest.raises(_TimetableError, match=r"1 rows .*more fields.*\n.*line 2"):
            read_timetable(feed(tmp_path, **{table.replace(".", "__"): text}), day=DAY)
    head, rest = FEED["stops.txt"].split("\n", 1)
    every = head + "\n" + rest.replace("\n", ",,\n")
    plain = read_timetable(feed(tmp_path), day=DAY).digest
    assert read_timetable(feed(tmp_path, stops__txt=every), day=DAY).digest == plain


def test_letters_of_old_windows_are_read_wherever_they_stand(tmp_path):
    many = "".join(f"z{i},{'Some stop ' * 10},53.44,-1.36\n" for i in range(10_000))
    late = (FEED["stops.txt"] + many).encode() + b"s9,Caf\xe9 \x81,53.43,-1.33\n"
    table = read_timetable(feed(tmp_path, stops__txt=late), day=DAY)
    assert table.stops["name"].iloc[-1].startswith("Café")
    ids = {k: v.replace("t1", "té").encode("cp1252") for k, v in FEED.items() if "t1" in v}
    odd = feed(tmp_path, **{k.replace(".", "__"): v for k, v in ids.items()})
    notes = read_timetable(odd, day=DAY, box=BOX).notes  # stop times are then read twice
    assert sum("stop_times.txt of feed is not UTF-8" in note for note in notes) == 1


def test_calendars_of_many_years_hold_their_days(tmp_path):
    long = FEED["calendar.txt"].replace("20230601", "20100101").replace("20230930", "20991231")
    plain = read_timetable(feed(tmp_path), day=DAY)
    table = read_timetable(feed(tmp_path, calendar__txt=long), day=DAY)
    assert table.rides.dep.tolist() == plain.rides.dep.tolist()
    endless = long.replace("20100101", "00010101").replace("20991231", "99991231")
    assert rides(read_timetable(feed(tmp_path, calendar__txt=endless), day=DAY)) == rides(plain)


def test_a_service_left_in_from_other_years_is_not_what_is_usual(tmp_path):
    old = FEED["calendar.txt"] + "old,1,1,1,1,1,0,0,20090101,20121231\n"
    trips = FEED["trips.txt"] + "r22,old,t0,Hill\n"
    many = [f"r22,wk,n{i},Hill\n" for i in range(30)]
    times = [f"n{i},10:{i}:00,10:{i}:00,s1,1\nn{i},11:00:00,11:00:00,s2,2\n" for i in range(30)]
    path = feed(tmp_path, calendar__txt=old, trips__txt=trips + "".join(many),
                stop_times__txt=FEED["stop_times.txt"] + "".join(times))  # fmt: skip
    table = read_timetable(path)
    assert table.day == date(2023, 6, 6)
    assert table.checks.set_index("check").loc["trips on the day", "of"] == 32


def test_days_that_are_counted_together_are_alike(tmp_path):
    rows = [
        FEED["calendar.txt"].splitlines()[0],
        "wk,1,1,1,1,1,0,0,20230601,20230930",
        "wk,0,0,0,0,0,1,0,20230701,20230710",
        "su,0,0,0,0,0,0,1,20230715,20230801",
    ]
    extra = "service_id,date,exception_type\nwk,20230613,2\nsu,20230614,1\nsu,20231101,1\n"
    path = feed(tmp_path, calendar__txt="\n".join(rows), calendar_dates__txt=extra)
    calendar = days._Calendar(days._Feed(path, "f"))
    weight = np.array([1.0, 10.0])
    counts = calendar.counts(weight)
    assert list(counts.index) == [date(2023, 6, 1) + timedelta(i) for i in range(154)]
    assert counts.tolist() == [weight[calendar.active(day)].sum() for day in counts.index]


def test_distances_of_a_feed_that_do_not_rise_say_nothing(tmp_path):
    rows = FEED["stop_times.txt"].replace("09:05:00,09:06:00", ",").splitlines()
    for along in (["0", "0", "0"], ["0", "0", "10"], ["5", "10", "10"]):
        some = ["shape_dist_traveled", *along, "", "", ""]
        times = "\n".join(f"{row},{a}" for row, a in zip(rows, some, strict=True))
        table = read_timetable(feed(tmp_path, stop_times__txt=times), day=DAY)
        assert rides(table)[0][3] == pytest.approx(540 + 10 / 4, abs=1e-3)


def test_rows_that_stand_there_twice_count_once(tmp_path):
    head, rows = FEED["stop_times.txt"].split("\n", 1)
    twice = read_timetable(feed(tmp_path, stop_times__txt=f"{head}\n{rows}{rows}"), day=DAY)
    assert rides(twice) == rides(read_timetable(feed(tmp_path), day=DAY))
    assert twice.audit().set_index("check")["found"]["calls that stand there twice"] == 6


def test_feeds_of_any_names_are_kept_apart(tmp_path):
    paths = []
    for folder, name in (("x", "a.zip"), ("y", "a.zip"), ("z", "a-2.zip")):
        (tmp_path / folder).mkdir()
        moved = FEED["stops.txt"].replace("53.4", f"53.{len(paths)}")
        paths.append(feed(tmp_path / folder, name, stops__txt=moved))
    for some in itertools.permutations(paths):
        table = read_timetable(some, day=DAY)
        assert table.stops["id"].is_unique and len(table.stops) == 12


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"stop_times__txt": None}, "holds no stop_times.txt"),
        ({"routes__txt": None}, "holds no routes.txt"),
        ({"calendar__txt": None}, "neither calendar.txt nor calendar_dates.txt"),
        ({"calendar__txt": FEED["calendar.txt"].splitlines()[0] + "\n"}, "have no rows"),
        ({"calendar__txt": FEED["calendar.txt"].replace("1,1,1,1,1", "0,0,0,0,0")}, "empty"),
        ({"calendar__txt": FEED["calendar.txt"].replace("20230601", "1 June")}, "start_date"),
        ({"calendar_dates__txt": "service_id,date,exception_type\nwk,20230613,\n"},
         "row 2, exception_type: expected 1"),
        ({"trips__txt": FEED["trips.txt"].replace("t2", "t1")}, "trip_id.*t1.*each id once"),
        ({"trips__txt": FEED["trips.txt"].replace(",wk,", ",no,")}, "no trip belongs"),
        ({"trips__txt": ""}, "trips.txt in .* is empty"),
        ({"stops__txt": "stop_lat,stop_lon\n1,2\n"}, "stops.txt, header, stop_id"),
        ({"trips__txt": FEED["trips.txt"].replace(",", ";")},
         "route_id: found 'route_id;service_id;trip_id;trip_headsign'; .*and commas between"),
        ({"stop_times__txt": FEED["stop_times.txt"].splitlines()[0]}, "nothing can be ridden"),
        ({"stop_times__txt": "\n".join(FEED["stop_times.txt"].splitlines()[:2])},
         "nothing can be ridden on Tuesday 13 June 2023: no trip of that day calls at two stops"),
        ({"stops__txt": FEED["stops.txt"].replace("53.43", "5343")},
         "nothing can be ridden.*6 calls at a stop without a place"),
        ({"routes__txt": FEED["routes.txt"].splitlines()[0]}, "no trip of the kinds.*'unknown': 2"),
        ({"stop_times__txt": FEED["stop_times.txt"].replace("09:05:00", "9.05 am")},
         "row 3, arrival_time: found '9.05 am'"),
        ({"stop_times__txt": FEED["stop_times.txt"].replace("s2,2", "s2,two")}, "stop_sequence"),
        ({"stops__txt": FEED["stops.txt"].replace('"Wath Road, top"', '"Wath Road, top')},
         "stops.txt"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_words(tmp_path, tables, said):
    with pytest.raises(_TimetableError, match=f"(?s){said}") as told:
        read_timetable(feed(tmp_path, **tables), day=DAY)
    assert isinstance(told.value, AccessError) and "Traceback" not in str(told.value)


def test_files_that_are_no_feed(tmp_path, monkeypatch):
    with pytest.raises(_TimetableError, match="there is no file"):
        read_timetable(tmp_path / "none.zip")
    whole = feed(tmp_path).read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 5):
        (tmp_path / "cut.zip").write_bytes(whole[:cut])
        with pytest.raises(_TimetableError, match="not a whole zip"):
            read_timetable(tmp_path / "cut.zip")
    spoiled = bytearray(whole)
    spoiled[100:120] = b"\xff" * 20
    (tmp_path / "spoiled.zip").write_bytes(bytes(spoiled))
    with pytest.raises(_TimetableError):
        read_timetable(tmp_path / "spoiled.zip", day=DAY)
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(_TimetableError, match="neither a file nor a folder"):
        read_timetable(tmp_path / "pipe.zip")
    with pytest.raises(_TimetableError, match=r"holds no stop_times.txt"):
        read_timetable(tmp_path)
    inner = io.BytesIO(whole)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.writestr("yorkshire.zip", inner.getvalue())
    with pytest.raises(_TimetableError, match=r"it holds yorkshire\.zip"):
        read_timetable(tmp_path / "outer.zip")
    monkeypatch.setattr("access.network.gtfs._SMALL_BYTES", 1000)
    bomb = feed(tmp_path, "bomb.zip", stop_times__txt=FEED["stop_times.txt"] + "\n" * 3_000_000)
    with pytest.raises(_TimetableError, match="would unpack to"):
        read_timetable(bomb, day=DAY)
    monkeypatch.setattr("access.network.gtfs._MOST_TABLE_BYTES", 100)
    with pytest.raises(_TimetableError, match=r"is read. Take the feed of one region"):
        read_timetable(feed(tmp_path), day=DAY)


def test_options_that_are_wrong(tmp_path):
    for wrong in ({"kinds": ["lorry"]}, {"kinds": "bus"}, {"least_share": 2}, {"box": (1, 2, 3)}):
        with pytest.raises(ParameterError):
            read_timetable(feed(tmp_path), day=DAY, **wrong)
    with pytest.raises(ParameterError, match="no feed"):
        read_timetable([])
    assert len(rides(read_timetable(feed(tmp_path), day="2023-06-12", least_share=0))) == 4


def test_same_feed_same_answer(tmp_path):
    one, two = (read_timetable(feed(tmp_path), day=DAY) for _ in range(2))
    assert one.digest == two.digest and one.notes == two.notes
    assert np.array_equal(one.rides.dep, two.rides.dep)
    assert repr(one) == "<Timetable Tuesday 13 June 2023: 2 trips, 3 stops in use>"
    assert "<table" in one._repr_html_()
