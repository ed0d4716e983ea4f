"""`access fetch streets` against a server of our own that fails in every way Overpass does."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import shapely
import typer
from typer.testing import CliRunner

import access
from access.cli.sources import fetch
from access.errors import FetchError, OutputError, ParameterError
from access.sources.http import Patience, _ask, _NotWholeError
from access.sources.overpass import (
    _check_whole,
    _cut_into_tiles,
    _street_query,
    area_around,
    fetch_streets,
)
from tests.streets import at

STREET = {"highway": "residential"}


def reply_of(**change) -> dict:
    spots = {1: at(0, 0), 2: at(2, 0), 3: at(2, 2), 4: at(0, 2)}
    nodes = [{"type": "node", "id": i, "lon": x, "lat": y} for i, (x, y) in spots.items()]
    nodes[1]["tags"] = {"highway": "traffic_signals"}
    ways = [
        {"type": "way", "id": 10, "nodes": [1, 2, 3], "tags": {**STREET, "name": "Höhe"}},
        {"type": "way", "id": 11, "nodes": [3, 4], "tags": {}},
    ]
    square = {
        "type": "relation",
        "id": 9,
        "tags": {"type": "multipolygon", "highway": "pedestrian"},
        "members": [{"type": "way", "ref": 11, "role": "outer"}],
    }
    body = {
        "version": 0.6,
        "osm3s": {"timestamp_osm_base": "2026-02-01T04:05:06Z"},
        "elements": [*nodes, *ways, square],
    }
    return {**body, **change}


class Server:
    """Overpass on 127.0.0.1: does each of `faults` once, then answers well."""

    def __init__(self, *faults: str) -> None:
        self.faults, self.queries, self.times = list(faults), [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                query = parse_qs(self.rfile.read(size).decode())["data"][0]
                outer.queries.append((self.path, query, self.headers["User-Agent"]))
                fault = outer.faults.pop(0) if outer.faults else "none"
                outer.answer(self, fault)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/api"
        self.done = threading.Event()
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler, fault):
        good = json.dumps(reply_of()).encode()
        kind, status, headers = "application/json", 200, {}
        body, sent = good, None
        if fault.isdigit():
            kind, status = "text/html", int(fault)
            body = b"<html><head><title>OSM3S</title></head><p>Error: busy</p></html>"
            headers = {"Retry-After": "33"} if status == 429 else {}
        elif fault == "slow":
            self.done.wait()
        elif fault == "cut":
            sent = good[: len(good) // 2]
        elif fault == "cut chunks":
            headers = {"Transfer-Encoding": "chunked"}
            body = b"%x\r\n%b\r\n" % (len(good), good[: len(good) // 2])
        elif fault == "gzip":  # said to be packed, and is not
            headers = {"Content-Encoding": "gzip"}
        elif fault == "short":
            body = good[: len(good) // 2]
        elif fault == "html":
            kind, body = "text/html", b"<html>Sorry, the server is being moved</html>"
        elif fault == "hidden html":
            body = b"\n<!DOCTYPE html><p>runtime error: dispatcher timeout"
        elif fault == "remark":
            remark = 'runtime error: Query timed out in "query" at line 1 after 181 seconds.'
            body = json.dumps(reply_of(remark=remark)).encode()
        elif fault == "lacking":
            few = [e for e in reply_of()["elements"] if e["id"] != 3]
            body = json.dumps(reply_of(elements=few)).encode()
        elif fault == "other json":
            body = b'{"elements": []}'
        elif fault == "list":
            body = b"[1, 2]"
        elif fault == "empty":
            body = json.dumps(reply_of(elements=[])).encode()
        try:
            handler.send_response(status)
            if "Transfer-Encoding" not in headers:
                headers["Content-Length"] = str(len(body))
            for key, value in {"Content-Type": kind, **headers}.items():
                handler.send_header(key, value)
            handler.end_headers()
            if fault == "trickle":
                for i in range(len(body)):
                    handler.wfile.write(body[i : i + 1])
                    handler.wfile.flush()
                    if self.done.wait(0.02):
                        return
            else:
                handler.wfile.write(body if sent is None else sent)
            if sent is not None or fault == "cut chunks":
                handler.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def stop(self):
        self.done.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve():
    servers = []

    def start(*faults: str) -> Server:
        servers.append(Server(*faults))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def waits():
    return []


@pytest.fixture
def patience(waits):
    return Patience(tries=4, first_wait_s=2.0, most_wait_s=60.0, timeout_s=60.0, connect_s=60.0,
                    pause_s=1.5, sleep=waits.append)  # fmt: skip


AREA = shapely.box(*at(-1, -1), *at(3, 3))


# --- wrong inputs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "words"),
    [
        (shapely.Point(1, 2), "expected a valid polygon"),
        (shapely.Polygon(), "that is empty"),
        (shapely.box(442000, 392000, 443000, 393000), "longitude first"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "expected a valid polygon"),
    ],
)
def test_areas_that_are_none(area, words, tmp_path):
    with pytest.raises(ParameterError, match=words):
        fetch_streets(area, tmp_path / "s.osm.pbf")


def test_a_file_of_another_name(tmp_path):
    with pytest.raises(ParameterError, match=r"expected one in \.osm\.pbf"):
        fetch_streets(AREA, tmp_path / "streets.gpkg")


def test_tiles_of_no_size():
    with pytest.raises(ParameterError, match="expected kilometres above 0"):
        _cut_into_tiles(AREA, tile_km=-1)


def test_an_address_that_is_none(tmp_path):
    with pytest.raises(FetchError, match="is not an address"):
        _ask("http://", lambda body, kind: body, what="anything")


def test_an_output_that_cannot_be_written(serve, tmp_path, patience):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    with pytest.raises(OutputError, match="cannot write"):
        fetch_streets(AREA, blocked / "s.osm.pbf", url=serve().url, patience=patience)


# --- a good day ----------------------------------------------------------------------------


def test_streets_arrive_whole_with_checksum_date_and_licence(serve, tmp_path, patience, waits):
    server, out = serve(), tmp_path / "s.osm.pbf"
    fetched = fetch_streets(AREA, out, url=server.url, patience=patience)
    beside = json.loads((tmp_path / "s.osm.pbf.json").read_text(encoding="utf-8"))
    assert beside == fetched.to_dict()
    assert beside["sha256"] == access.build_network(out).source.sha256
    assert beside["data_date"] == "2026-02-01T04:05:06Z"
    assert "OpenStreetMap" in beside["licence"]
    assert beside["counts"] == {"nodes": 4, "ways": 2, "relations": 1}
    assert waits == []
    net = access.build_network(out)
    assert net.source.data_date == "2026-02-01"
    assert set(net.class_names) == {"residential", "pedestrian"}
    assert "Höhe" in net.street_names
    assert access.build_network(out, mode="drive").node_delay_minutes.max() > 0
    path, query, agent = server.queries[0]
    assert path == "/api/interpreter"
    assert agent.startswith("family-access/")
    for clause in ('way["highway"]', 'way["route"="ferry"]', '["highway"="pedestrian"]', "(._;>;)"):
        assert clause in query


def test_the_same_streets_give_the_same_bytes(serve, tmp_path, patience):
    one, two = (
        fetch_streets(AREA, tmp_path / f"{i}.osm.pbf", url=serve().url, patience=patience)
        for i in "ab"
    )
    assert one.sha256 == two.sha256


def test_the_address_of_osmnx_is_the_default(serve, tmp_path, patience, monkeypatch):
    import osmnx

    server = serve()
    monkeypatch.setattr(osmnx.settings, "overpass_url", server.url)
    assert fetch_streets(AREA, tmp_path / "s.osm.pbf", patience=patience).url == server.url


def test_tiles_overlap_in_nothing_and_are_joined_without_doubles(serve, tmp_path, patience, waits):
    server = serve()
    fetched = fetch_streets(AREA, tmp_path / "s.osm.pbf", url=server.url, patience=patience,
                            tile_km=0.3)  # fmt: skip
    tiles = _cut_into_tiles(AREA, tile_km=0.3)
    assert len(tiles) == len(server.queries) == 2
    assert shapely.area(tiles).sum() == pytest.approx(AREA.area, rel=1e-6)
    assert fetched.counts == {"nodes": 4, "ways": 2, "relations": 1}
    assert waits == [1.5]  # a rest between two requests


# --- bad days, then recovery ---------------------------------------------------------------

FAULTS = [
    "429", "504", "502", "slow", "trickle", "cut", "cut chunks", "gzip", "short", "html",
    "hidden html", "remark", "lacking", "other json", "list",
]  # fmt: skip


def hastier(patience, fault):
    """Wait long, so that a busy machine changes nothing; but not for what never is whole."""
    return replace(patience, timeout_s=1.0) if fault in ("slow", "trickle") else patience


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_it_recovers(serve, tmp_path, patience, waits, fault):
    server, patience = serve(fault), hastier(patience, fault)
    fetched = fetch_streets(AREA, tmp_path / "s.osm.pbf", url=server.url, patience=patience)
    assert fetched.counts["ways"] == 2
    assert len(server.queries) == 2
    assert len(waits) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_is_refused_and_nothing_is_written(
    serve, tmp_path, patience, waits, fault
):
    out = tmp_path / "out" / "s.osm.pbf"
    cache = tmp_path / "cache"
    if fault in ("slow", "trickle"):  # no reply is ever whole, however long one waits
        patience = replace(patience, timeout_s=0.2)
    with pytest.raises(FetchError, match="in 4 tries: 4 x ") as error:
        fetch_streets(AREA, out, url=serve(*[fault] * 9).url, patience=patience, cache=cache)
    assert "download.geofabrik.de" in str(error.value)
    assert not out.parent.exists()
    assert not cache.exists()
    assert len(waits) == 3


def test_a_fault_that_stays_leaves_the_former_file_whole(serve, tmp_path, patience):
    out = tmp_path / "s.osm.pbf"
    before = fetch_streets(AREA, out, url=serve().url, patience=patience).sha256
    with pytest.raises(FetchError):
        fetch_streets(AREA, out, url=serve(*["cut"] * 9).url, patience=patience)
    assert access.build_network(out).source.sha256 == before


def test_the_message_counts_what_went_wrong(serve, tmp_path, patience):
    with pytest.raises(FetchError) as error:
        fetch_streets(AREA, tmp_path / "s.osm.pbf", patience=patience,
                      url=serve("429", "429", "remark", "cut").url)  # fmt: skip
    for words in ("2 x HTTP 429", "1 x a reply with the remark 'runtime error: Query timed out",
                  "1 x the reply was cut short"):  # fmt: skip
        assert words in str(error.value)


@pytest.mark.parametrize("status", ["400", "403", "404"])
def test_a_refusal_for_good_is_not_asked_again(serve, tmp_path, patience, waits, status):
    server = serve(*[status] * 9)
    with pytest.raises(FetchError, match=rf"HTTP {status}\. .*Error: busy"):
        fetch_streets(AREA, tmp_path / "s.osm.pbf", url=server.url, patience=patience)
    assert len(server.queries) == 1
    assert waits == []


def test_a_refused_connection_recovers_when_the_server_comes_up(tmp_path, patience, waits):
    server = Server()
    port, url = server.http.server_port, server.url
    server.stop()
    later: list[Server] = []

    def wake(seconds):
        waits.append(seconds)
        if len(waits) == 2:
            again = Server.__new__(Server)
            later.append(again)
            _on_port(again, port)

    try:
        slept = Patience(**{**vars(patience), "sleep": wake})
        fetched = fetch_streets(AREA, tmp_path / "s.osm.pbf", url=url, patience=slept)
    finally:
        for one in later:
            one.stop()
    assert fetched.counts["ways"] == 2
    assert len(waits) == 2


def _on_port(server: Server, port: int) -> None:
    original = ThreadingHTTPServer.__init__

    def bound(self, address, handler):
        original(self, (address[0], port), handler)

    ThreadingHTTPServer.__init__ = bound
    try:
        server.__init__()
    finally:
        ThreadingHTTPServer.__init__ = original


def test_waits_grow_are_spread_and_heed_the_server(serve, tmp_path, patience, waits):
    fetch_streets(AREA, tmp_path / "s.osm.pbf", patience=patience,
                  url=serve("504", "504", "429").url)  # fmt: skip
    assert 1 <= waits[0] <= 3
    assert 2 <= waits[1] <= 6
    assert waits[2] == 33  # Retry-After


def test_no_wait_is_longer_than_bearable(serve, tmp_path, waits):
    short = Patience(tries=2, first_wait_s=1, most_wait_s=7, timeout_s=2, sleep=waits.append)
    fetch_streets(AREA, tmp_path / "s.osm.pbf", patience=short, url=serve("429").url)
    assert waits == [7]


@pytest.mark.parametrize(
    ("fault", "told"),
    [("slow", "1 x no reply in time"), ("trickle", "1 x no whole reply in 0.3 s")],
)
def test_a_slow_server_does_not_hold_us_for_ever(serve, tmp_path, waits, fault, told):
    """Neither would end by itself: one never replies, one would give the whole in the end."""
    hasty = Patience(tries=1, timeout_s=0.3, connect_s=30, sleep=waits.append)
    with pytest.raises(FetchError, match=told):
        fetch_streets(AREA, tmp_path / "s.osm.pbf", patience=hasty, url=serve(fault).url)


def test_an_area_without_streets_says_so(serve, tmp_path, patience):
    with pytest.raises(FetchError, match="knows no streets in this area"):
        fetch_streets(AREA, tmp_path / "s.osm.pbf", url=serve("empty").url, patience=patience)


# --- what is kept --------------------------------------------------------------------------


def test_a_stopped_fetch_goes_on_where_it_was(serve, tmp_path, patience):
    server = serve("none", *["504"] * 4)
    call = {"url": server.url, "patience": patience, "tile_km": 0.3, "cache": tmp_path / "c"}
    with pytest.raises(FetchError, match="tile 2 of 2"):
        fetch_streets(AREA, tmp_path / "s.osm.pbf", **call)
    assert not (tmp_path / "s.osm.pbf").exists()
    fetched = fetch_streets(AREA, tmp_path / "s.osm.pbf", **call)
    assert fetched.requests == 1
    assert len(server.queries) == 1 + 4 + 1


def test_replies_are_kept_and_refreshed_when_asked(serve, tmp_path, patience):
    server = serve()
    call = {"url": server.url, "patience": patience, "cache": tmp_path / "c"}
    asked = [
        fetch_streets(AREA, tmp_path / "s.osm.pbf", **call, refresh=refresh).requests
        for refresh in (False, False, True)
    ]
    assert asked == [1, 0, 1]


@pytest.mark.parametrize("how", ["body", "stamp", "no stamp"])
def test_a_damaged_kept_reply_is_asked_for_again(serve, tmp_path, patience, caplog, how):
    server, cache = serve(), tmp_path / "c"
    call = {"url": server.url, "patience": patience, "cache": cache}
    first = fetch_streets(AREA, tmp_path / "s.osm.pbf", **call)
    body = next(cache.glob("*.json"))
    stamp = body.with_suffix(".sha256")
    if how == "body":
        body.write_bytes(body.read_bytes()[:-40])
    elif how == "stamp":
        stamp.write_text("0" * 64)
    else:
        stamp.unlink()
    with caplog.at_level(logging.WARNING):
        again = fetch_streets(AREA, tmp_path / "s.osm.pbf", **call)
    assert again.requests == 1
    assert again.sha256 == first.sha256
    assert ("is damaged and asked for again" in caplog.text) == (how != "no stamp")


# --- the parts by themselves ---------------------------------------------------------------


def test_a_whole_reply_is_taken():
    assert _check_whole(json.dumps(reply_of()).encode(), "application/json")["elements"]


def test_a_remark_is_refused_even_beside_good_elements():
    body = json.dumps(reply_of(remark="runtime error: out of memory")).encode()
    with pytest.raises(_NotWholeError, match="out of memory"):
        _check_whole(body, "application/json")


def test_the_query_names_a_closed_ring_of_lat_lon():
    query = _street_query(shapely.box(-1.4, 53.4, -1.3, 53.5), timeout_s=90)
    ring = query.split('poly:"')[1].split('"')[0].split()
    assert ring[:2] == ring[-2:] == ["53.400000", "-1.300000"]
    assert query.startswith("[out:json][timeout:90];(")


def test_the_area_reaches_past_the_outermost_places():
    area = area_around([-1.36, -1.30], [53.43, 53.40], buffer_m=2000)
    assert area.contains(shapely.Point(-1.36 - 0.02, 53.43))
    assert not area.contains(shapely.Point(-1.36 - 0.04, 53.43))


def test_the_command_writes_the_study_s_streets(serve, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.add_typer(fetch, name="fetch")
    words = ["fetch", "streets", "rotherham", "--url", serve().url, "--buffer", "500"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.exception
    assert "rotherham-streets.osm.pbf: 4 nodes, 2 ways, " in done.stdout
    assert "data of 2026-02-01" in done.stdout
    assert Path("rotherham-streets.osm.pbf").exists()
    body = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert body["file"] == "rotherham-streets.osm.pbf"


def test_the_command_fails_plainly(serve, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.add_typer(fetch, name="fetch")
    words = ["fetch", "streets", "--url", serve("504").url, "--tries", "1"]
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, FetchError)
    assert not list(Path().glob("*.osm.pbf*"))
