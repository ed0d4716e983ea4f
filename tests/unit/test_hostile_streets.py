"""Whatever a street file, or a server of streets, says is text: in every output it stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import osmium
import pandas as pd
import pyogrio
import pytest

from access.sources.folder import new_study
from tests.conftest import plain_pages
from tests.hostile import FORMULAS, MARKUP, attack, hostile_study, run

pytestmark = pytest.mark.usefixtures("quick_runs")

#: Characters that move a terminal's cursor, set its title, or turn text round.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
TERMINAL = ("\x1b]0;t\x07", "a\x9bb", "\x1b[2Jgone", "\u202egnp.exe", "a\rb")
SIDE = 13
QUERY = {"version": 0.6, "osm3s": {"timestamp_osm_base": "2026-02-01T04:05:06Z"}}


def spot(i: int, j: int) -> tuple[float, float]:
    return round(-1.42 + 0.01 * i, 6), round(53.38 + 0.01 * j, 6)


def ways(marker: Path) -> list[tuple[list[int], dict[str, str]]]:
    """Streets as squared paper, each with what is hostile in every tag that is text."""
    texts = [attack(marker), *MARKUP, *FORMULAS, *TERMINAL]
    rows = [[1 + SIDE * i + j for j in range(SIDE)] for i in range(SIDE)]
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = []
    for k, nodes in enumerate([*rows, *columns]):
        text, other = texts[k % len(texts)], texts[-1 - k % len(texts)]
        tags = {"highway": "residential", "name": text, "ref": other, "surface": other,
                "maxspeed": other, "note": text, text[:200]: other}  # fmt: skip
        found.append((nodes, tags))
    return found


def write_streets(path: Path, marker: Path) -> Path:
    """Write them as PBF, which holds letters that XML cannot."""
    writer = osmium.SimpleWriter(str(path))
    for i in range(SIDE):
        for j in range(SIDE):
            writer.add_node(osmium.osm.mutable.Node(id=1 + SIDE * i + j, location=spot(i, j)))
    for k, (nodes, tags) in enumerate(ways(marker)):
        writer.add_way(osmium.osm.mutable.Way(id=1000 + k, nodes=nodes, tags=tags))
    writer.close()
    return path


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch) -> None:
    """Leave nothing where the tests are called."""
    monkeypatch.chdir(tmp_path)


def nothing_ran(done, marker: Path) -> None:
    assert done.returncode == 0, done.stderr[-3000:]
    assert not CONTROL.search(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr
    assert not marker.exists()


def no_cell_is_a_formula(folder: Path) -> None:
    for path in sorted(folder.rglob("*.csv")):
        for row in csv.reader(io.StringIO(path.read_bytes().decode())):
            for cell in row:
                if not re.fullmatch(r"-?[\d.]+(e[-+]?\d+)?|-?inf", cell):
                    assert not cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")), path


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> tuple[Path, Path, Path]:
    home = tmp_path_factory.mktemp("streets")
    new_study(home / "town")
    marker = home / "marker"
    return home / "town", write_streets(home / "streets.osm.pbf", marker), marker


@pytest.mark.slow
def test_a_run_on_them_writes_text(town, tmp_path):
    study, streets, marker = town
    out = tmp_path / "out"
    with plain_pages():  # `tests/unit/test_report_attack.py` lays hostile texts out
        done = run("run", study, "--network", streets, "--no-cache", "--out", out)
    nothing_ran(done, marker)
    for page in ("map.html", "explorer.html"):
        text = (out / page).read_text("utf-8")
        assert "<img src=x" not in text
        assert "<script>alert" not in text
        assert 'http-equiv="Content-Security-Policy"' in text
    assert (out / "map.html").read_text("utf-8").count("<script") == 3
    no_cell_is_a_formula(out)
    with zipfile.ZipFile(out / "evidence.zip") as pack:
        assert all(re.fullmatch(r"(study/)?[\w.-]+", name) for name in pack.namelist())
    assert "network_walk" in {name for name, _ in pyogrio.list_layers(out / "study.gpkg")}


def test_taking_stock_of_them_writes_text(town, tmp_path):
    study, streets, marker = town
    out = tmp_path / "out"
    done = run("network", streets, "--study", study, "--out", out)
    nothing_ran(done, marker)
    no_cell_is_a_formula(out)
    assert {name for name, _ in pyogrio.list_layers(out / "network.gpkg")}
    done = run("network", streets, "--study", study, "--json")
    nothing_ran(done, marker)
    json.loads(done.stdout)


@pytest.mark.parametrize(
    "words", [("path", "A01", "C1"), ("isochrones", "C1", "--minutes", "10"), ("within", "C1"),
              ("minutes",)], ids=lambda w: w[0]
)  # fmt: skip
def test_what_is_asked_of_one_place_on_them_is_told_as_text(town, tmp_path, words):
    study, streets, marker = town
    out = tmp_path / "out"
    done = run(words[0], study, *words[1:], "--network", streets, "--no-cache", "--out", out)
    nothing_ran(done, marker)
    no_cell_is_a_formula(out)
    if words[0] == "path":  # it names streets, as they are written
        steps = pd.read_csv(out / "steps.csv", dtype=str, keep_default_na=False)["street"]
        assert {re.sub("^'", "", s) for s in steps} & {*MARKUP, *FORMULAS, attack(marker)}


# --- a server of streets ------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    said: tuple[int, str, bytes]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, kind, body = self.said
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (_Handler,), {})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield http
    http.shutdown()
    http.server_close()


def says(http: ThreadingHTTPServer, status: int, kind: str, body: bytes) -> str:
    http.RequestHandlerClass.said = (status, kind, body)
    return f"http://127.0.0.1:{http.server_port}/api"


def elements(marker: Path) -> list[dict[str, object]]:
    nodes = [
        {"type": "node", "id": 1 + SIDE * i + j, "lon": x, "lat": y}
        for i in range(SIDE) for j in range(SIDE) for x, y in [spot(i, j)]
    ]  # fmt: skip
    return nodes + [
        {"type": "way", "id": 1000 + k, "nodes": refs, "tags": tags}
        for k, (refs, tags) in enumerate(ways(marker))
    ]


def test_fetched_names_and_a_hostile_study_are_text(server, town, tmp_path):
    _, _, marker = town
    study = hostile_study(tmp_path / "study", marker)
    reply = json.dumps({**QUERY, "elements": elements(marker)}).encode()
    url = says(server, 200, "application/json", reply)
    file = tmp_path / "fetched.osm.pbf"
    words = ("fetch", "streets", study, "--url", url, "--out", file, "--buffer", "500")
    nothing_ran(run(*words), marker)
    done = run("network", file, "--study", "none", "--out", tmp_path / "out")
    nothing_ran(done, marker)
    no_cell_is_a_formula(tmp_path / "out")


@pytest.mark.parametrize(
    ("status", "kind", "wrap"),
    [(200, "application/json", "remark"), (200, "text/html", "page"), (400, "text/html", "page"),
     (504, "text/html", "page")],
)  # fmt: skip
def test_what_a_server_says_is_told_as_text(server, town, tmp_path, status, kind, wrap):
    study, _, marker = town
    text = " ".join(("runtime error:", *TERMINAL, attack(marker), "[bold]x[/bold]"))
    body = (
        json.dumps({**QUERY, "elements": [], "remark": text})
        if wrap == "remark"
        else f"<html><title>{text}</title><p>{text}</p></html>"
    )
    url = says(server, status, kind, body.encode())
    file = tmp_path / "fetched.osm.pbf"
    done = run("fetch", "streets", study, "--url", url, "--out", file, "--tries", "1")
    assert done.returncode not in (0, 1), done.stdout
    assert not CONTROL.search(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr
    assert not marker.exists()
    assert not file.exists()
