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

A message says what was wrong, where, what was expected and how to mend it. Where a
file has several faults, all of them are collected as `Fault` rows and raised together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
        place = ", ".join(part for part in (self.file, self.where, self.column) if part)
        found = f"found {self.value!r}; " if self.value else ""
        return f"{place}: {found}expected {self.expected}"


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
        return "\n  ".join([self.message, *map(str, self.faults)])


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
    """A source on the internet did not answer with what was asked."""

    exit_code = 5


class ScenarioError(AccessError):
    """A proposal or scenario cannot be applied to its baseline."""

    exit_code = 6


class SitingError(AccessError):
    """A siting problem is ill-posed; what is wrong is said in the message."""

    exit_code = 7


class OutputError(AccessError):
    """A result cannot be written where it was asked for; former outputs are left whole."""

    exit_code = 8
