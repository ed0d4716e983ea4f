"""What tests share is made once, however many ask at once; what they lack fails where CI is set."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import lacking, need_data, need_module, need_program


def test_many_that_ask_at_once_have_it_made_once(made_once):
    calls, gate = [], threading.Barrier(4)

    def make(folder):
        calls.append(folder)
        (folder / "a.txt").write_text("whole", encoding="utf-8")

    def ask(_):
        gate.wait()
        return made_once("asked-at-once", make)

    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(ask, range(4)))
    assert len(calls) == len(folders) == 1
    assert (folders.pop() / "a.txt").read_text(encoding="utf-8") == "whole"


def test_what_failed_half_way_is_made_anew(made_once):
    def fail(folder):
        (folder / "half.txt").write_text("half", encoding="utf-8")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        made_once("fails-first", fail)
    folder = made_once("fails-first", lambda folder: (folder / "a.txt").touch())
    assert [p.name for p in folder.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    "need",
    [
        lambda: need_program("no-such-program", package="none"),
        lambda: need_module("no_such_module"),
        lambda: need_data("no/such/file.csv"),
        lambda: lacking("nothing"),
    ],
)
def test_what_is_lacking_skips_here_and_fails_in_ci(monkeypatch, need):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        need()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no test is left out"):
        need()
