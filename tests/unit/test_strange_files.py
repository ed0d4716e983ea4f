"""Replies, kept files, ledgers and logs of the wrong shape: refused in words, never kept."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from access.analysis.questions import Request
from access.errors import FetchError, OutputError, StudyError
from access.files import parse_json
from access.network import TravelMatrix
from access.network.cache import _kept_matrix
from access.run.write import replay
from access.sources.http import Patience, _ask, _NotWholeError, _ReplyCache, _shown_address
from access.sources.overpass import _check_whole, _whole_or_none

NODE = {"type": "node", "id": 1, "lon": -1.3, "lat": 53.4}
WAY = {"type": "way", "id": 2, "nodes": [1], "tags": {"highway": "path"}}
GOOD = {"osm3s": {"timestamp_osm_base": "2026-02-01T04:05:06Z"}, "elements": [NODE, WAY]}
QUICK = Patience(tries=1, timeout_s=20, connect_s=2, sleep=lambda s: None)


def body(elements: object) -> bytes:
    return json.dumps({**GOOD, "elements": elements}).encode()


@pytest.mark.parametrize(
    "element",
    [
        1, "node", None, [], {}, {**NODE, "lat": 999}, {**NODE, "lat": float("nan")},
        {**NODE, "lon": float("inf")}, {**NODE, "lon": "west"}, {**NODE, "lat": None},
        {**NODE, "lat": True}, {**NODE, "id": "one"}, {**NODE, "id": 1.5}, {**NODE, "id": True},
        {**NODE, "id": 2**70}, {**NODE, "tags": ["a"]}, {**NODE, "tags": {"a": 1}},
        {**NODE, "version": "x"}, {**NODE, "type": "area"}, {**WAY, "nodes": "1"},
        {**WAY, "nodes": ["1"]}, {**WAY, "nodes": None}, {"type": "relation", "id": 3},
        {"type": "relation", "id": 3, "members": [{"type": "way"}]},
        {"type": "relation", "id": 3, "members": [{"type": "x", "ref": 1}]},
        {"type": "relation", "id": 3, "members": [{"type": "way", "ref": 1, "role": 7}]},
    ],
)  # fmt: skip
def test_json_of_the_wrong_shape_is_no_answer_and_is_not_taken_from_the_cache(element):
    strange = body([NODE, element])
    with pytest.raises(_NotWholeError):
        _check_whole(strange, "application/json")
    assert _whole_or_none(strange) is None
    assert _whole_or_none(body([NODE, WAY])) == body([NODE, WAY])


def test_nesting_without_end_is_refused_in_words():
    with pytest.raises(ValueError, match="nested deeper"):
        parse_json(b"[" * 200_000)
    with pytest.raises(_NotWholeError):
        _check_whole(b'{"elements":' + b"[" * 200_000, "application/json")


@pytest.fixture
def endless():
    """Serve a small packed reply that unpacks without end, at least by our measure."""
    packed = gzip.compress(b" " * 60_000_000)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield f"127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()


def test_a_reply_without_end_is_cut_off_and_the_password_is_not_shown(endless):
    url = f"http://planner:s3cret@{endless}/api"
    with pytest.raises(FetchError, match="more than 5 MB") as told:
        _ask(url, lambda b, k: b, what="streets", patience=replace(QUICK, most_bytes=5_000_000))
    assert "s3cret" not in str(told.value) and "planner" not in str(told.value)


def test_no_message_shows_a_password():
    assert _shown_address("https://a:b@host/x?y=1") == "https://host/x?y=1"
    for url in ("http://me:pw9@127.0.0.1:9/api", "http://me:pw9@[bad/", "nothing://me:pw9@x/"):
        with pytest.raises(FetchError) as told:
            _ask(url, lambda b, k: b, what="streets", patience=QUICK)
        assert "pw9" not in str(told.value)


def test_a_kept_reply_answers_its_own_question_only(tmp_path):
    cache = _ReplyCache(tmp_path)
    cache.put("one", b"1")
    cache.put("two", b"2")
    for ending in (".json", ".sha256"):
        shutil.copy(cache._path("one").with_suffix(ending), cache._path("two").with_suffix(ending))
    assert cache.get("two") is None
    assert cache.get("one") == b"1"


@pytest.mark.parametrize("kind", ["folder", "pipe", "link in a circle"])
def test_what_is_no_file_in_a_kept_replys_place_is_stepped_round(tmp_path, kind):
    cache = _ReplyCache(tmp_path)
    path = cache._path("one")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path.name)
    assert cache.get("one") is None
    cache.put("one", b"1")


def matrix(minutes: float) -> TravelMatrix:
    return TravelMatrix.from_minutes([[minutes]], area_ids=["a"], site_ids=["S"])


def test_a_kept_matrix_swapped_for_another_whole_one_is_noticed(tmp_path):
    _kept_matrix(tmp_path, "one", lambda: matrix(1))
    _kept_matrix(tmp_path, "two", lambda: matrix(2))
    shutil.copy(tmp_path / "matrix-one.parquet", tmp_path / "matrix-two.parquet")
    assert _kept_matrix(tmp_path, "two", lambda: matrix(2)).total_minutes.tolist() == [[2.0]]


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_in_a_kept_matrix_place_is_stepped_round(tmp_path, kind):
    path = tmp_path / "matrix-one.parquet"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    found = _kept_matrix(tmp_path, "one", lambda: matrix(3))
    np.testing.assert_array_equal(found.total_minutes, [[3.0]])


LEDGER = {
    "command": {"command": "run", "study": "town"},
    "inputs": [{"file": "areas.csv", "sha256": "0"}],
    "outputs": {"a": "0"},
    "versions": {"python": "3"},
}


@pytest.mark.parametrize(
    "change",
    [
        {"command": "run"}, {"command": None}, {"command": {"command": ["run"]}},
        {"command": {"command": "run", "study": 7}}, {"inputs": {}}, {"inputs": [1]},
        {"inputs": [{"file": 1, "sha256": "0"}]}, {"inputs": [{"file": "a"}]},
        {"outputs": []}, {"outputs": {"a": 1}}, {"versions": "3"}, {"versions": {"python": 3}},
        {"command": {"command": "run", "study": "town", "network": 5}},
    ],
)  # fmt: skip
def test_a_ledger_whose_parts_have_the_wrong_type_is_refused(tmp_path, change):
    file = tmp_path / "ledger.json"
    file.write_text(json.dumps({**LEDGER, **change}))
    with pytest.raises(OutputError, match="is no ledger"):
        replay(file)


@pytest.mark.parametrize("text", ["[]", "7", "null", "[" * 100_000, '{"command": {}}', "{"])
def test_what_is_no_ledger_at_all(tmp_path, text):
    file = tmp_path / "ledger.json"
    file.write_text(text)
    with pytest.raises(OutputError, match="is no ledger"):
        replay(file)


@pytest.mark.parametrize(
    "options",
    [
        [[]], [1], [{"close": "C1"}], [{"close": [["C1"]]}], [{"close": [{"id": "C1"}]}],
        [{"close": [None]}], [{"open": [True]}], [{"name": {"a": 1}, "close": []}],
        [{"reason": ["x"], "close": []}], [{"close": [1.5]}], [{"close": ["C" * 400]}],
    ],
)  # fmt: skip
def test_a_log_of_options_of_wrong_types_is_refused(tmp_path, options):
    file = tmp_path / "options.json"
    file.write_text(json.dumps({"options": options}))
    with pytest.raises(StudyError, match="has faults"):
        Request.read(file)


@pytest.mark.parametrize("text", ["[" * 100_000, "\x00", "[1]", '{"options": 3}', ""])
def test_what_is_no_log_of_options_at_all(tmp_path, text):
    file = tmp_path / "options.json"
    file.write_text(text)
    with pytest.raises(StudyError):
        Request.read(file)
