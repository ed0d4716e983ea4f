"""The command line ends in words, also where the program itself is at fault."""

from __future__ import annotations

from access.cli.app import _ended


def test_a_fault_of_the_program_is_said_in_words_without_a_traceback(capsys, monkeypatch):
    monkeypatch.delenv("ACCESS_TRACEBACK", raising=False)

    def broken() -> None:
        raise KeyError("count\x1b[31m")

    assert _ended(broken) == 70
    told = capsys.readouterr().err
    assert "fault of the program" in told and "KeyError" in told
    assert "Traceback" not in told and "\x1b" not in told


def test_the_whole_of_it_is_shown_on_request(capsys, monkeypatch):
    monkeypatch.setenv("ACCESS_TRACEBACK", "1")

    def broken() -> None:
        raise ZeroDivisionError

    assert _ended(broken) == 70
    assert "Traceback" in capsys.readouterr().err
