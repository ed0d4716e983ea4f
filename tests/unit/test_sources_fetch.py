"""Every source on a server of our own that fails in every way real ones do."""

from __future__ import annotations

import gzip
import io
import json
import shlex
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import osmium
import pytest
from typer.testing import CliRunner

import access.escape
from access.cli.app import app
from access.errors import FetchError, ParameterError, StudyError
from access.files import read_manifest, sha256_of
from access.sources import downloads, figures, ons, points
from access.sources.figures import _fetch_deprivation, _parse_deprivation
from access.sources.folder import new_study
from access.sources.http import Internet, Patience, _ask
from access.sources.overpass import _write_pbf
from access.sources.points import _fetch_postcodes
from access.sources.registers import _fetch_register
from access.sources.tables import _read_source
from tests import made_up_council as made_up


@pytest.fixture
def serve():
    servers = []

    def start(**faults) -> made_up.Server:
        servers.append(made_up.Server(**faults))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def net(tmp_path, waits) -> Callable[..., Internet]:
    def make(server: made_up.Server, *, timeout_s: float = 20, **change) -> Internet:
        patience = Patience(
            tries=4,
            first_wait_s=2,
            timeout_s=timeout_s,
            connect_s=2,
            pause_s=0,
            sleep=lambda s: waits.append(s) if s else None,
        )
        settings = {"today": "2026-01-05", "patience": patience, **change}
        return Internet(tmp_path / "kept", server.addresses, **settings)

    return make


# --- the door --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", ["refused", "429", "500", "503", "cut", "login", "hidden login", "empty", "slow"]
)
def test_faults_that_pass_are_waited_for_and_nothing_but_the_whole_is_kept(
    serve, net, waits, fault
):
    server = serve(File_7=[fault])
    impatient = 0.5 if fault == "slow" else 20
    got = _fetch_deprivation(net(server, timeout_s=impatient), 2025)
    assert got.body == made_up.file7() and len(waits) == 1
    assert waits[0] >= 7 if fault == "429" else 1 <= waits[0] <= 3
    assert not list((got.path.parents[1] / "partial").glob("*"))


@pytest.mark.parametrize(
    ("fault", "words", "asked"),
    [
        ("500", "4 x HTTP 500", 4),
        ("403", "refuses to give .*HTTP 403", 1),
        ("login", "4 x a web page came in its place", 4),
        ("404", "HTTP 404", 1),
        ("renamed", "4 x its first row does not name LSOA codes", 4),
        ("cut", "4 x the reply was cut short", 4),
        ("slow", "4 x no reply in time", 4),
    ],
)
def test_faults_that_stay_are_told_and_nothing_is_kept(serve, net, fault, words, asked, tmp_path):
    server = serve(File_7=[fault] * 9)
    with pytest.raises(FetchError, match=words):
        _fetch_deprivation(net(server, timeout_s=0.5 if fault == "slow" else 20), 2025)
    assert len(server.asked) == asked
    assert not list((tmp_path / "kept").glob("index/*"))


def test_what_was_got_is_not_asked_for_again_unless_it_is_damaged(serve, net):
    server = serve()
    first = _fetch_postcodes(net(server))
    assert _fetch_postcodes(net(server)) == first and len(server.asked) == 1
    first.path.write_bytes(b"PK damaged")
    assert _fetch_postcodes(net(server)).body == made_up.code_point_zip()
    assert len(server.asked) == 2
    _fetch_postcodes(net(server, refresh=True))
    assert len(server.asked) == 3


def test_a_file_that_was_cut_is_gone_on_with(serve, net, monkeypatch):
    body = b"PK" + bytes(range(256)) * 4000
    server = serve(big=["cut", "cut"])
    server.extra["big.zip"] = body
    ranges = []
    send = made_up.Server.send

    def spied(self, handler, *args, **more):
        ranges.append(handler.headers.get("Range"))
        return send(self, handler, *args, **more)

    monkeypatch.setattr(made_up.Server, "send", spied)
    got = net(server).get(net(server).address("os", "big.zip"), "a large file")
    assert got.body == body
    assert ranges[0] is None and ranges[1] and ranges[1].startswith("bytes=")


def test_too_large_is_refused_before_and_while_it_comes(serve, net):
    server = serve()
    server.extra["big.zip"] = b"PK" + b"0" * 10_000
    with pytest.raises(FetchError, match="at most 0 MB are taken"):
        net(server).get(net(server).address("os", "big.zip"), "a file", most_bytes=5_000)


def test_a_limit_to_all_tries_together(serve, net, waits):
    server = serve(File_7=["500"] * 9)
    with pytest.raises(FetchError, match="gave up after 0 s"):
        _fetch_deprivation(net(server, limit_s=0.0), 2025)
    assert not waits


def test_addresses_and_certificates_that_are_none(tmp_path):
    with pytest.raises(ParameterError, match="no source is called nmois"):
        Internet(tmp_path, {"nmois": "http://127.0.0.1"})
    with pytest.raises(ParameterError, match="no file of certificates"):
        Internet(tmp_path, certificates=str(tmp_path / "none.pem"))
    with pytest.raises(FetchError, match="is not an address"):
        Internet(tmp_path, {"os": "http://"}).get("http://", "anything")


# --- ONS -------------------------------------------------------------------------------------

LAYER = ons._LAYERS["boundaries oa21"]


def test_pages_are_put_together_and_counted(serve, net, tmp_path):
    server = serve()
    got = ons._fetch_codes(net(server), LAYER, "OA21CD", made_up.OAS, tmp_path / "b.geojson")
    assert list(ons._parse_boundaries(got.path, "OA21CD").index) == made_up.OAS


def test_a_page_that_is_too_large_is_halved(serve, net, tmp_path):
    server = serve()
    server.most_page = 300
    ons._fetch_codes(net(server), LAYER, "OA21CD", made_up.OAS, tmp_path / "b.geojson")
    sizes = [a.split("resultRecordCount=")[1].split("&")[0] for a in server.asked if "Offset" in a]
    assert list(dict.fromkeys(sizes)) == ["2000", "1000", "500", "250"]


@pytest.fixture
def packed():
    """Serve what a list holds as text packed by gzip, without saying how long it is."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(bodies[0])

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield bodies, f"http://127.0.0.1:{server.server_port}/a.csv"
    server.shutdown()
    server.server_close()


TEXT = b"\n".join(b"row %d,%d" % (n, n * 7919 % 1_000_003) for n in range(50_000))


@pytest.mark.parametrize("pieces", [1, 3])
def test_packed_text_is_whole_or_refused(packed, tmp_path, pieces):
    bodies, url = packed
    patience = Patience(tries=2, pause_s=0, sleep=lambda seconds: None)
    net = Internet(tmp_path, patience=patience)
    step = len(TEXT) // pieces + 1
    whole = b"".join(gzip.compress(TEXT[k : k + step]) for k in range(0, len(TEXT), step))
    for ask in (
        lambda: net.get(url, "rows").body,
        lambda: _ask(url, lambda body, kind: body, what="rows", patience=patience),
    ):
        bodies[:] = [whole[: len(whole) * 5 // 8]]
        with pytest.raises(FetchError, match="2 x the reply was cut short"):
            ask()
        bodies[:] = [whole]
        assert ask() == TEXT


def test_no_password_in_an_address_is_told_or_written(serve, net, tmp_path):
    server = serve(File_7=["403"])
    made = net(server)
    secret = {name: url.replace("//", "//me:hunter2@") for name, url in server.addresses.items()}
    made = replace(made, addresses=secret)
    with pytest.raises(FetchError) as refused:
        _fetch_deprivation(made, 2025)
    got = [
        _fetch_deprivation(made, 2025),
        ons._fetch_codes(made, LAYER, "OA21CD", made_up.OAS, tmp_path / "b.geojson"),
    ]
    assert "hunter2" not in str(refused.value) and server.url in str(refused.value)
    assert not any("hunter2" in one.url for one in got)
    assert not any(b"hunter2" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    before = len(server.asked)
    _fetch_deprivation(made, 2025)
    assert len(server.asked) == before
    made.forget(got[0].url)
    _fetch_deprivation(made, 2025)
    assert len(server.asked) == before + 1


@pytest.mark.parametrize("shift", [1, -1])
def test_rows_must_be_as_many_as_the_server_counts(serve, net, tmp_path, shift):
    server = serve()
    server.total_shift = shift
    with pytest.raises(FetchError, match=r"counts 1[13] rows .* and gave 12|counts 11"):
        ons._fetch_codes(net(server), LAYER, "OA21CD", made_up.OAS, tmp_path / "b.geojson")
    assert not (tmp_path / "b.geojson").exists()


def test_pages_that_repeat_are_not_taken_for_all_rows(serve, net, tmp_path):
    server = serve()
    answer = server.ons
    server.ons = lambda path, query: answer(path, query | {"resultOffset": "0"})
    name = "OA21_LAD22_LSOA21_MSOA21_LEP22_EN_LU_V2"
    server.layers[name] = lambda: made_up.features("lookup")[:10]  # two pages of five
    layer, where = ons._LAYERS["lookup oa21"], f"LAD22CD IN ('{made_up.CODE}')"
    with pytest.raises(FetchError, match="the same rows of look-up of Output Areas 2021 twice"):
        ons._fetch_layer(net(server), layer, where, tmp_path / "l.geojson", geometry=False)
    assert not (tmp_path / "l.geojson").exists()


def test_a_renamed_service_is_found_by_its_pattern(serve, net, tmp_path):
    server = serve()
    server.layers["OA_December_2021_EW_BGC_V9"] = server.layers.pop("Output_Areas_2021_EW_BGC_V2")
    got = ons._fetch_codes(net(server), LAYER, "OA21CD", made_up.OAS, tmp_path / "b.geojson")
    assert "OA_December_2021_EW_BGC_V9" in got.url


def test_a_service_of_other_columns_and_missing_codes_is_told(serve, net, tmp_path):
    server = serve(BGC=["renamed"] * 9)
    with pytest.raises(FetchError, match="OA21CD is missing; it has OBJECTID, NEWNAME"):
        ons._fetch_codes(net(server), LAYER, "OA21CD", made_up.OAS, tmp_path / "b.geojson")
    server.faults.clear()
    with pytest.raises(FetchError, match=r"lacks 1 of 13 codes \(E00999999\)"):
        ons._fetch_codes(
            net(server), LAYER, "OA21CD", [*made_up.OAS, "E00999999"], tmp_path / "b.geojson"
        )


# --- NOMIS -----------------------------------------------------------------------------------

AGES = figures._TOPICS_2021[0]


def test_nomis_pages_are_put_together(serve, net, tmp_path):
    figures._fetch_topic(net(serve()), AGES, [made_up.CODE], "oa21", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().count("\n") == 61


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("short", "another count|not whole|counts 60 rows .* and gave"),
        ("renamed", "without GEOGRAPHY_CODE"),
        ("login", "4 x a web page"),
    ],
)
def test_nomis_replies_that_are_cut_or_changed_are_refused(serve, net, tmp_path, fault, words):
    server = serve(NM_2020=[fault] * 12)
    if fault == "short":  # the service stops in the middle, and says nothing
        rows = made_up.nomis_rows("NM_2020_1")
        server.extra["NM_2020_1.data.csv"] = made_up.as_csv(rows[:1])
        server.faults.clear()
        calls = iter([made_up.as_csv(rows[:30]), *[made_up.as_csv(rows[:1])] * 5])
        server.answer = lambda address: (next(calls), "text/csv", 200)
    with pytest.raises(FetchError, match=words):
        figures._fetch_topic(net(server), AGES, [made_up.CODE], "oa21", tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


def test_nomis_knows_no_such_district(serve, net, tmp_path):
    with pytest.raises(figures._NoRowsError, match="of another year, or not known"):
        figures._fetch_topic(net(serve()), AGES, ["E09999999"], "oa21", tmp_path / "a.csv")


def cars_of_2011(places: list[str]) -> list[list[str]]:
    """Rows as the service gives tables of 2011: by kinds of place, the categories called cells."""
    cells = ["All categories: Car or van availability", "No cars or vans in household",
             "1 car or van in household"]  # fmt: skip
    head = ["GEOGRAPHY_CODE", "RURAL_URBAN_NAME", "CELL_NAME", "MEASURES_NAME", "OBS_VALUE",
            "RECORD_COUNT"]  # fmt: skip
    rows = [
        [area, place, cell, "Value", str(made_up.figure(n, c) if not p else 0)]
        for n, area in enumerate(made_up.OAS)
        for p, place in enumerate(places)
        for c, cell in enumerate(cells)
    ]
    return [head, *([*row, str(len(rows))] for row in rows)]


@pytest.mark.parametrize("places", [["Total"], ["Total", "Urban (total)", "Rural (total)"]])
def test_tables_of_2011_by_kinds_of_place_are_read_as_one(tmp_path, places):
    (tmp_path / "cars.csv").write_bytes(made_up.as_csv(cars_of_2011(places)))
    source = _read_source(tmp_path / "cars.csv")
    found, held, _ = figures._parse_figures(source, figures._TOPICS_2011)
    assert [topic.dataset for topic in held] == ["NM_548_1"]
    assert found["households"].tolist() == [made_up.figure(n, 0) for n in range(12)]
    assert found["households_no_car"].tolist() == [made_up.figure(n, 1) for n in range(12)]


@pytest.mark.parametrize("topic", figures._TOPICS_2011, ids=lambda topic: topic.dataset)
def test_tables_of_2011_are_asked_for_every_place_together(serve, net, tmp_path, topic):
    server = serve()
    server.answer = lambda address: (
        made_up.as_csv(cars_of_2011(["Total"] if "rural_urban=0" in address else ["Total", "U"])),
        "text/csv", 200,
    )  # fmt: skip
    figures._fetch_topic(net(server), topic, [made_up.CODE], "oa11", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text().count("\n") == 37


def test_a_figure_that_stands_twice_is_named_by_its_row_in_the_file(tmp_path):
    rows = cars_of_2011(["Rural (total)", "Total"])
    rows.append(rows[4])  # the first of the total
    (tmp_path / "cars.csv").write_bytes(made_up.as_csv(rows))
    with pytest.raises(StudyError, match=rf"twice \(rows {len(rows)}\)"):
        figures._parse_figures(_read_source(tmp_path / "cars.csv"), figures._TOPICS_2011)


# --- registers -------------------------------------------------------------------------------


def test_the_register_steps_back_a_day_where_todays_is_not_there(serve, net):
    server = serve(edubaseallchildrencentre=["404", "404"])
    got = _fetch_register(net(server), "centres")
    assert got.url.endswith("edubaseallchildrencentre20260103.csv")
    server = serve(edubaseallchildrencentre=["404"] * 20)
    with pytest.raises(FetchError, match="of the last 8 days"):
        _fetch_register(net(server), "centres")


# --- File 7 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "census"), [("LSOA code (2011)", 2011), ("LSOA code (2021)", 2021)]
)
def test_file_7_of_any_year(tmp_path, header, census):
    path = tmp_path / "f.csv"
    path.write_bytes(made_up.file7().replace(b"LSOA code (2021)", header.encode()))
    frame, year, _ = _parse_deprivation(path)
    assert year == census and frame.loc["E01000002", "imd_rank"] == 1002
    assert list(frame) == ["imd_score", "imd_rank", "imd_decile", "idaci_rank", "idaci_decile"]


def test_another_file_of_the_series_is_named_for_what_it_is(tmp_path):
    path = tmp_path / "File_10.csv"
    path.write_text("Local Authority District code (2019),IMD - Average rank\nE06000001,1\n")
    with pytest.raises(StudyError, match="is not File 7"):
        _parse_deprivation(path)


# --- streets, stops, timetables, heights -----------------------------------------------------


def osm(path: Path, x: float, first: int) -> bytes:
    """Three streets of two nodes each, side by side; the third lies in the next county too."""
    nodes = [{"type": "node", "id": first + n, "lon": x + 0.01 * n, "lat": 52.65} for n in range(4)]
    ways = [
        {
            "type": "way",
            "id": first + n,
            "nodes": [first + n, first + n + 1],
            "tags": {"highway": "residential"},
        }
        for n in range(3)
    ]
    house = {
        "type": "way",
        "id": first + 9,
        "nodes": [first, first + 1],
        "tags": {"building": "yes"},
    }
    _write_pbf([*nodes, *ways, house], path)
    return path.read_bytes()


def county(id_: str, west: float, parent: str | None = "england") -> dict:
    ring = [[west, 52], [west + 1, 52], [west + 1, 53], [west, 53], [west, 52]]
    url = f"https://download.geofabrik.de/europe/united-kingdom/england/{id_}-latest.osm.pbf"
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"id": id_, "parent": parent, "urls": {"pbf": url}},
    }


def test_streets_of_every_county_that_the_box_touches_once_each(serve, net, tmp_path):
    server = serve()
    index = {
        "features": [
            county("england", -2, None),
            county("rutland", -1.5),
            county("lincs", -0.5),
            county("far", 3),
        ]
    }
    server.extra["index-v1.json"] = json.dumps(index).encode()
    # the first still lies at its former home
    server.extra["great-britain/england/rutland-latest.osm.pbf"] = osm(
        tmp_path / "a.osm.pbf", -0.53, 1
    )
    server.extra["lincs-latest.osm.pbf"] = osm(tmp_path / "b.osm.pbf", -0.51, 3)
    box = (-0.525, 52.6, -0.485, 52.7)
    got, _ = downloads.fetch_streets_of(net(server), box, tmp_path / "s.osm.pbf")
    assert "great-britain/england/rutland" in got.url and "lincs" in got.url
    assert not any("far" in address for address in server.asked)
    things: dict[str, list[int]] = {}
    for thing in osmium.FileProcessor(str(got.path)):
        things.setdefault(thing.type_str(), []).append(thing.id)
    assert things["w"] == [1, 2, 3, 4, 5] and len(set(things["n"])) == len(things["n"]) == 6


def test_an_extract_that_holds_whole_others_is_not_fetched_beside_them():
    """Britain and Ireland are one more extract, whose parent is Europe as that of the kingdom."""
    isles = county("britain-and-ireland", -9, "europe")
    isles["geometry"]["coordinates"] = [[[-9, 49], [3, 49], [3, 61], [-9, 61], [-9, 49]]]
    index = {"features": [county("england", -2, None), county("rutland", -1.5), isles]}
    found = downloads._extracts_for(index, (-1.2, 52.6, -1.1, 52.7))
    assert [url.rpartition("/")[2] for url in found] == ["rutland-latest.osm.pbf"]
    sea = downloads._extracts_for(index, (-5, 50, -4, 51))
    assert [url.rpartition("/")[2] for url in sea] == ["britain-and-ireland-latest.osm.pbf"]


@pytest.mark.parametrize("cut", [1, 100, 200])
def test_files_that_were_cut_are_not_kept(serve, net, tmp_path, cut):
    """A server that does not say how long a file is ends it anywhere: it tells nobody."""
    whole = osm(tmp_path / "a.osm.pbf", -0.5, 1)
    packed = made_up.code_point_zip()
    server = serve()
    asks = {
        "rutland-latest.osm.pbf": (whole, lambda n: downloads._fetch_county(n, "rutland")),
        "CodePointOpen/downloads": (packed, _fetch_postcodes),
        "Terrain50/downloads": (packed, downloads.fetch_heights),
    }
    for name, (body, ask) in asks.items():
        server.extra[name] = body[:-cut]
        with pytest.raises(FetchError, match=r"cut short|damaged"):
            ask(net(server))
        server.extra[name] = body
        assert ask(net(server)).body == body


def test_another_part_of_a_file_is_not_put_behind_the_first(serve, net, monkeypatch):
    server = serve(CodePoint=["cut"])
    send = made_up.Server.send

    def from_the_start(self, handler, body, kind, status, sent=None):
        if "Range" not in handler.headers:
            return send(self, handler, body, kind, status, sent)
        del handler.headers["Range"]
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes 0-{len(body) - 1}/{len(body)}")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        return handler.wfile.write(body)

    monkeypatch.setattr(made_up.Server, "send", from_the_start)
    assert _fetch_postcodes(net(server)).body == made_up.code_point_zip()


def test_a_square_whose_tags_stand_on_its_relation_is_cut_with_the_streets(tmp_path):
    nodes = [
        {"type": "node", "id": n, "lon": -0.5 + 0.001 * (n % 2), "lat": 52.6 + 0.001 * (n // 2)}
        for n in range(1, 5)
    ]
    far = [{"type": "node", "id": n, "lon": -0.3, "lat": 52.6 + 0.001 * n} for n in (5, 6, 7)]
    rings = {10: [1, 2, 3, 4, 1], 11: [5, 6, 7, 5]}
    ways = [{"type": "way", "id": i, "nodes": ring} for i, ring in rings.items()]
    street = {"type": "way", "id": 12, "nodes": [1, 2], "tags": {"highway": "footway"}}
    squares = [
        {
            "type": "relation",
            "id": way,
            "tags": {"type": "multipolygon", "highway": "pedestrian"},
            "members": [{"type": "way", "ref": way, "role": "outer"}],
        }
        for way in rings
    ]
    _write_pbf([*nodes, *far, *ways, street, *squares], tmp_path / "a.osm.pbf")
    out = tmp_path / "o.osm.pbf"
    downloads.cut_streets([tmp_path / "a.osm.pbf"], (-0.6, 52.5, -0.4, 52.7), out)
    kept = [(thing.type_str(), thing.id) for thing in osmium.FileProcessor(str(out))]
    assert [t for t in kept if t[0] != "n"] == [("w", 10), ("w", 12), ("r", 10)]


def test_a_box_with_no_street_and_a_county_that_is_nowhere(serve, net, tmp_path):
    osm(tmp_path / "a.osm.pbf", -0.5, 1)
    with pytest.raises(StudyError, match="no street of"):
        downloads.cut_streets([tmp_path / "a.osm.pbf"], (1, 50, 2, 51), tmp_path / "o.osm.pbf")
    assert not (tmp_path / "o.osm.pbf").exists()
    with pytest.raises(FetchError, match=r"united-kingdom.* or .*great-britain"):
        downloads._fetch_county(net(serve()), "nowhere")
    with pytest.raises(FetchError, match="another form"):
        downloads._extracts_for({"features": [{}]}, (0, 50, 1, 51))


def test_stops(serve, net, tmp_path):
    server = serve()
    text = (
        "ATCOCode,CommonName,LocalityName,Easting,Northing,Longitude,Latitude,StopType,Status\n"
        "370A,High St,Oakham,486500,308500,,,BCT,active\n"
        "370B,Low St,Oakham,,,-0.72,52.67,BCT,active\n"
        "370C,Gone,Oakham,486500,308500,,,BCT,inactive\n"
    )
    server.extra["access-nodes"] = text.encode()
    got = points.fetch_stops(net(server), "370")
    assert "atcoAreaCodes=370" in got.url
    path = tmp_path / "stops.csv"
    path.write_bytes(got.body)
    stops, notes = points._parse_stops(path)
    assert stops["id"].tolist() == ["370A", "370B"] and "1 stops that are not in use" in notes[0]
    assert stops["lon"].tolist() == pytest.approx([-0.7229, -0.72], abs=1e-3)
    assert points._places_of(stops)["name"].tolist() == ["Oakham"]


def gtfs(*names: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name in names:
            archive.writestr(name, "a\n")
    return body.getvalue()


def test_timetables(serve, net):
    server = serve()
    names = ["stops.txt", "routes.txt", "trips.txt", "stop_times.txt", "calendar_dates.txt"]
    whole = gtfs(*names)  # a zip holds the time of its making
    server.extra["gtfs-file/yorkshire/"] = whole
    assert downloads.fetch_timetable(net(server), "yorkshire").body == whole
    server.extra["gtfs-file/london/"] = gtfs(*names[:3])
    with pytest.raises(
        FetchError, match=r"lacks stop_times.txt, calendar.txt or calendar_dates.txt"
    ):
        downloads.fetch_timetable(net(server), "london")
    with pytest.raises(ParameterError, match="expected one of east_anglia"):
        downloads.fetch_timetable(net(server), "narnia")


def test_heights_of_tiles_side_by_side(tmp_path):
    def tile(x: int, y: int, start: int) -> bytes:
        head = f"ncols 2\nnrows 2\nxllcorner {x}\nyllcorner {y}\ncellsize 5000\n"
        return (head + f"{start} {start + 1}\n{start + 2} -9999\n").encode()

    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        for name, x, start in (("sk80", 480_000, 10), ("sk90", 490_000, 20)):
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as packed:
                packed.writestr(f"{name.upper()}.asc", tile(x, 300_000, start))
            archive.writestr(f"data/sk/{name}_OST50GRID_20250101.zip", inner.getvalue())
    path = tmp_path / "terr50.zip"
    path.write_bytes(outer.getvalue())
    tiles, sea = downloads.cut_heights(path, (-0.80, 52.60, -0.60, 52.65), tmp_path / "h.asc")
    assert (tiles, sea) == (2, [])
    lines = (tmp_path / "h.asc").read_text().splitlines()
    assert lines[:5] == [
        "ncols 4",
        "nrows 2",
        "xllcorner 480000",
        "yllcorner 300000",
        "cellsize 5000",
    ]
    assert lines[6:] == ["10 11 20 21", "12 -9999 22 -9999"]
    with pytest.raises(StudyError, match="holds none of the tiles"):
        downloads.cut_heights(path, (-3.1, 51.5, -3.0, 51.6), tmp_path / "h.asc")


@pytest.mark.parametrize("head", ["ncols two", "ncols", "nan nan nan"])
def test_a_tile_whose_head_is_damaged_is_named(tmp_path, head):
    (tmp_path / "SK49.asc").write_text(f"{head}\nnrows 2\n1 2\n")
    with pytest.raises(StudyError, match="tile SK49 is damaged"):
        downloads.cut_heights(tmp_path, (-1.36, 53.43, -1.35, 53.44), tmp_path / "o.asc")


# --- what the command line says ----------------------------------------------------------------


def test_what_stands_beside_streets_is_true_of_them(tmp_path):
    new_study(tmp_path / "town")
    nodes = [{"type": "node", "id": n, "lon": -1.36 + 0.01 * n, "lat": 53.43} for n in (1, 2)]
    way = {"type": "way", "id": 1, "nodes": [1, 2], "tags": {"highway": "residential"}}
    _write_pbf([*nodes, way], tmp_path / "county.osm.pbf")
    beside = tmp_path / "out.osm.pbf.json"
    beside.write_text('{"sha256": "of a former file"}')
    words = ["fetch", "streets", str(tmp_path / "town"), "--from", str(tmp_path / "county.osm.pbf"),
             "--out", str(tmp_path / "out.osm.pbf"), "-q"]  # fmt: skip
    assert CliRunner().invoke(app, words).exit_code == 0
    told = json.loads(beside.read_text())
    assert told["sha256"] == sha256_of(tmp_path / "out.osm.pbf")
    assert "county.osm.pbf" in told["source"] and "ODbL" in told["licence"]


def test_a_file_that_was_handed_over_was_not_fetched(tmp_path):
    """The manifest keeps no day that it was not asked for on."""
    folder = tmp_path / "town"
    new_study(folder)
    nodes = [{"type": "node", "id": n, "lon": -1.36 + 0.01 * n, "lat": 53.43} for n in (1, 2)]
    way = {"type": "way", "id": 1, "nodes": [1, 2], "tags": {"highway": "residential"}}
    _write_pbf([*nodes, way], tmp_path / "county.osm.pbf")
    words = ["fetch", "streets", str(folder), "--from", str(tmp_path / "county.osm.pbf"), "-q"]
    assert CliRunner().invoke(app, words).exit_code == 0
    noted = read_manifest(folder)["streets.osm.pbf"]
    assert noted["vintage"] == "as the file" and not noted.get("fetched")
    assert "county.osm.pbf" in noted["source"]


def test_the_advice_after_a_fetch_names_the_areas_of_the_study(serve, tmp_path):
    server = serve()
    words = ["fetch", "deprivation", str(tmp_path / "s"), "--council", made_up.CODE,
             "--areas", "lsoa21", "--address", f"gov={server.url}/gov"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert f"access new {made_up.CODE} --study {tmp_path / 's'} --areas lsoa21" in done.output
    assert "--from FOLDER" in done.output


def test_what_is_advised_can_be_typed_as_it_stands(tmp_path):
    new_study(tmp_path / "town")
    folder = (tmp_path / "town").rename(tmp_path / "our town; it's ours")
    nodes = [{"type": "node", "id": n, "lon": -1.36 + 0.01 * n, "lat": 53.43} for n in (1, 2)]
    way = {"type": "way", "id": 1, "nodes": [1, 2], "tags": {"highway": "residential"}}
    _write_pbf([*nodes, way], tmp_path / "county.osm.pbf")
    out = tmp_path / "our streets.osm.pbf"
    words = ["fetch", "streets", str(folder), "--from", str(tmp_path / "county.osm.pbf")]
    for more in ([], ["--out", str(out)]):
        done = CliRunner().invoke(app, [*words, *more])
        assert done.exit_code == 0, done.output
        advised = shlex.split(done.output.partition("Use it: ")[2])
        network = ["--network", str(out)] if more else []
        assert advised == ["access", "run", str(folder), *network]


@pytest.mark.parametrize(
    ("folder", "word"),
    [(r"C:\towns\my_town", r"C:\towns\my_town"), (r"our town\its", r'"our town\its"')],
)
def test_what_is_advised_on_windows_can_be_typed_there(monkeypatch, folder, word):
    """`cmd` takes a single quote for a part of the name."""
    monkeypatch.setattr(access.escape, "_WINDOWS", True)
    assert access.escape.typed(folder) == word


def test_a_server_and_a_file_are_not_asked_for_at_once(tmp_path):
    new_study(tmp_path / "town")
    words = ["fetch", "streets", str(tmp_path / "town"), "--from", str(tmp_path / "county.osm.pbf"),
             "--url", "http://127.0.0.1:1/api"]  # fmt: skip
    with pytest.raises(ParameterError, match="one of them"):
        CliRunner().invoke(app, words, catch_exceptions=False)
