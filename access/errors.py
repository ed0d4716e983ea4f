"""The errors this package raises, one tree.

::

    AccessError                    exit 1   anything a caller may want to catch at once
    |- ParameterError (ValueError) exit 2   an argument of a call or an option is wrong
    |- StudyError                  exit 3   a study folder or one of its tables is wrong
    |- NetworkError                exit 4   a street network cannot be read, built or used
    |- FetchError                  exit 5   a source on the internet did not give what was asked
    |- ScenarioError               exit 6   a proposal or scenario cannot be applied
    |- SitingError                 exit 7   a siting problem is ill-posed
    `- OutputError                 exit 8   a result cannot be written

A timetable that cannot be used ends with 9 (`access.network.gtfs`), a fault of the program with 70.
A run that had to leave a part out writes everything else, names it, and ends with `PARTLY_DONE`.

A message says what was wrong, where, what was expected and how to mend it. Where a
file has several faults, all of them are collected as `Fault` rows and raised together; faults of
one cause make one line with their count and the first places. No message is longer than a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

#: Exit status of a run that left a part out.
PARTLY_DONE = 10
#: How long a message may be, and a headline, an expectation and a cell in it, characters.
_LONGEST_MESSAGE = 3_600
_LONGEST_HEADLINE = 1_000
_LONGEST_WORDS = 400
_LONGEST_CELL = 60
#: How many places of one cause are named.
_PLACES = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one cell, row or file.

    Parameters
    ----------
    file : str
        File name, or the name of the frame that was handed over.
    where : str
        Row (counted as a spreadsheet shows it, header = 1) or id; empty for the whole file.
    column : str
        Column or setting; empty when the fault is not in one.
    value : str
        What was found, as text.
    expected : str
        What was expected, and how to mend it.

    Examples
    --------
    >>> print(Fault("centres.csv", "row 3", "lon", "53.4", "a longitude inside the study box"))
    centres.csv, row 3, lon: found '53.4'; expected a longitude inside the study box
    """

    file: str
    where: str
    column: str
    value: str
    expected: str

    def __str__(self) -> str:
        parts = (self.file, self.where, self.column)
        place = ", ".join(_cut(part, _LONGEST_CELL) for part in parts if part)
        found = f"found {_cut(self.value, _LONGEST_CELL)!r}; " if self.value else ""
        return f"{place}: {found}expected {_cut(self.expected, _LONGEST_WORDS)}"


def _cut(text: str, longest: int) -> str:
    text = str(text)  # a caller's id may be a number
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _lines(faults: Iterable[Fault]) -> Iterator[str]:
    """Give one line a cause: the same file, column and expectation."""
    causes: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        causes.setdefault((fault.file, fault.column, fault.expected), []).append(fault)
    for same in causes.values():
        yield str(same[0]) if len(same) == 1 else _grouped(same)


def _grouped(same: Sequence[Fault]) -> str:
    first = same[0]
    place = ", ".join(_cut(part, _LONGEST_CELL) for part in (first.file, first.column) if part)
    shown = [
        f"{_cut(f.where, _LONGEST_CELL)} {_cut(f.value, _LONGEST_CELL)!r}"
        if f.where and f.value
        else _cut(f.where, _LONGEST_CELL) or repr(_cut(f.value, _LONGEST_CELL))
        for f in same[:_PLACES]
    ]
    more = "" if len(same) <= _PLACES else ", ..."
    expected = _cut(first.expected, _LONGEST_WORDS)
    return f"{place}: {len(same):,} times, {', '.join(shown)}{more}; expected {expected}"


def bare_address(text: str) -> str:
    """Leave the name and password out of the addresses in a text.

    Examples
    --------
    >>> bare_address("https://me:secret@mirror.example/a")
    'https://mirror.example/a'
    >>> bare_address("https://me:p@ss@mirror.example/a?mail=b@c"), bare_address("https://d.example?b@c")
    ('https://mirror.example/a?mail=b@c', 'https://d.example?b@c')
    >>> bare_address("https://me:p#s?s@mirror.example/a"), bare_address("https://d.example:80?b@c")
    ('https://mirror.example/a', 'https://d.example:80?b@c')
    """
    # a password may hold any sign, though few may stand there: what is behind a colon is no port
    return re.sub(r"(?<=://)(?:[^/?#:\s]*:(?!\d*[?#])[^/\s]*|[^/?#\s]*)@", "", text)


class AccessError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    message : str
        What was wrong, where, and how to mend it.
    faults : iterable of Fault
        Every single fault, when there are several.

    Examples
    --------
    >>> raise StudyError("one fault", [Fault("a.csv", "row 2", "id", "x", "a unique id")])
    Traceback (most recent call last):
    access.errors.StudyError: one fault
      a.csv, row 2, id: found 'x'; expected a unique id
    """

    exit_code = 1

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        self.message = message
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__(message)

    def __str__(self) -> str:
        text = _cut(self.message, _LONGEST_HEADLINE) if self.faults else self.message
        text = _cut(text, _LONGEST_MESSAGE)
        lines = list(_lines(self.faults))
        for k, line in enumerate(lines):
            if len(text) + len(line) > _LONGEST_MESSAGE:
                return f"{text}\n  and {len(lines) - k:,} more kinds of fault"
            text = f"{text}\n  {line}"
        return text


class ParameterError(AccessError, ValueError):
    """An argument or option has a value that the call cannot work with."""

    exit_code = 2


class StudyError(AccessError):
    """A study folder, or a table of it, is missing, unreadable or wrong."""

    exit_code = 3


class NetworkError(AccessError):
    """A street network cannot be read, built, or used with these places."""

    exit_code = 4


class FetchError(AccessError):
    """A source on the internet did not answer with what was asked.

    A name and password in an address are left out of the message.
    """

    exit_code = 5

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(bare_address(message), faults)


class ScenarioError(AccessError):
    """A proposal or scenario cannot be applied to its baseline."""

    exit_code = 6


class SitingError(AccessError):
    """A siting problem is ill-posed; what is wrong is said in the message."""

    exit_code = 7


class OutputError(AccessError):
    """A result cannot be written where it was asked for; former outputs are left whole."""

    exit_code = 8
