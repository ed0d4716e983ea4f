"""Reading what a caller hands over: costs, weights, ids; every fault is named at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from access.errors import Fault, ParameterError
from access.network.matrix import TravelMatrix
from access.siting.model import Floats

_SHOWN = 12
_LONGEST_SHOWN = 80


@dataclass(frozen=True, eq=False)
class _CostTable:
    """Minutes by area and site, with ids.

    Parameters
    ----------
    minutes : ndarray, shape (areas, sites)
        0 or more, ``inf`` where a site cannot be reached.
    """

    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    minutes: Floats


class _Faults:
    """A list of what is wrong, raised together.

    Parameters
    ----------
    call : str
        What is being checked, for the message.
    """

    def __init__(self, call: str) -> None:
        self.call = call
        self.found: list[Fault] = []

    def add(self, where: str, value: object, expected: str) -> None:
        """Note one fault."""
        self.found.append(Fault(self.call, where, "", str(value), expected))

    def stop(self) -> None:
        """Raise if anything is wrong."""
        if self.found:
            count = len(self.found)
            raise ParameterError(
                f"{self.call} cannot be worked out: {count} fault{'s' if count > 1 else ''}",
                self.found,
            )


class _NotNumbersError(Exception):
    """What was found among values that should be numbers."""


def _numbers(values: Any) -> Floats:
    """Make an array of numbers: text, booleans and dates are none, though numpy would take them."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "iuf":
        values = np.ma.filled(values.astype(np.float64), np.nan)  # what is masked is not known
    try:
        array = np.asarray(values if hasattr(values, "__array__") else _as_they_are(values))
        if array.dtype.kind in "iuf":
            return np.ascontiguousarray(array, dtype=np.float64).reshape(array.shape)
        if array.dtype.kind != "O":
            raise _NotNumbersError(f"{array.dtype.name} values")
        odd = {t for t in set(map(type, array.ravel())) if not _is_number(t)}
        if odd:
            first = next(value for value in array.ravel() if type(value) in odd)
            raise _NotNumbersError(f"{first!r} ({type(first).__name__})"[:_LONGEST_SHOWN])
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _NotNumbersError(type(values).__name__) from error


def _as_they_are(values: Any) -> np.ndarray:
    """Hold values as they are, so that numpy does not make numbers of what stands among them."""
    return np.array(values, dtype=object)


def _float_of(number: Any) -> float:
    """Make a float; a whole number too great for one counts as infinite."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def _is_number(kind: type) -> bool:
    return issubclass(kind, Real | Decimal) and not issubclass(kind, bool | np.bool_)


def _read_costs(costs: Any, faults: _Faults, name: str = "costs") -> _CostTable | None:
    """Read a table of minutes: a DataFrame, an array or a `TravelMatrix`."""
    if isinstance(costs, TravelMatrix):
        return _CostTable(costs.area_ids, costs.site_ids, costs.total_minutes)
    areas: Iterable[Any]
    sites: Iterable[Any]
    if isinstance(costs, pd.DataFrame):
        areas, sites = costs.index.tolist(), costs.columns.tolist()
    else:
        areas = sites = ()
    try:
        minutes = _numbers(costs.to_numpy() if isinstance(costs, pd.DataFrame) else costs)
    except _NotNumbersError as found:
        faults.add(name, found, "a table of numbers, minutes by area and site")
        return None
    if minutes.ndim != 2 or 0 in minutes.shape:
        faults.add(name, f"shape {minutes.shape}", "at least one area (rows) and site (columns)")
        return None
    if not isinstance(costs, pd.DataFrame):
        areas, sites = range(minutes.shape[0]), range(minutes.shape[1])
    table = _CostTable(tuple(map(str, areas)), tuple(map(str, sites)), minutes)
    for what, ids in (("area", table.area_ids), ("site", table.site_ids)):
        if twice := _named_twice(ids):
            faults.add(f"{name}, {what} ids", _shorten(twice), "every id once")
    _check_minutes(table, faults, name)
    return table


def _check_minutes(table: _CostTable, faults: _Faults, name: str) -> None:
    minutes = table.minutes
    # One pass that nearly always passes; the slow look is only taken to name the cells.
    if minutes.min() >= 0:
        return
    wrong = np.argwhere(~(minutes >= 0))
    for i, j in wrong[:_SHOWN]:
        faults.add(
            f"{name}, area {table.area_ids[i]}, site {table.site_ids[j]}",
            minutes[i, j],
            "minutes of 0 or more, or inf where the site cannot be reached",
        )
    if len(wrong) > _SHOWN:
        faults.add(name, f"{len(wrong) - _SHOWN} more such cells", "0 or more, or inf")


def _read_by_id(
    values: Any, ids: Sequence[str], faults: _Faults, name: str, *, default: float = 1.0
) -> Floats:
    """Read one number for every id, by id from a Series or mapping, by position from an array."""
    n = len(ids)
    if values is None:
        return np.full(n, default)
    if isinstance(values, Real) and not isinstance(values, bool):
        values = np.full(n, _float_of(values))
    if isinstance(values, Mapping):
        values = pd.Series(dict(values))
    try:
        if isinstance(values, pd.Series):
            array = _align(values, ids, faults, name)
        else:
            array = _numbers(values)
    except _NotNumbersError as found:
        faults.add(name, found, "numbers, one for each id")
        return np.zeros(n)
    if array.shape != (n,):
        faults.add(name, f"shape {array.shape}", f"one number for each of {n} ids")
        return np.zeros(n)
    wrong = np.flatnonzero(~((array >= 0) & np.isfinite(array)))
    for i in wrong[:_SHOWN]:
        faults.add(f"{name}, {ids[i]}", array[i], "a finite number of 0 or more")
    if len(wrong) > _SHOWN:
        faults.add(name, f"{len(wrong) - _SHOWN} more such numbers", "finite, 0 or more")
    return np.where(np.isfinite(array), array, 0.0)


def _align(values: pd.Series, ids: Sequence[str], faults: _Faults, name: str) -> Floats:
    array, given = _numbers(values), list(map(str, values.index.tolist()))
    if twice := _named_twice(given):
        faults.add(name, _shorten(twice), "every id once")
    if given == list(ids):  # in order already, as tables mostly are
        return array
    by: dict[str, float] = {}
    for i, number in zip(given, array.tolist(), strict=True):
        by.setdefault(i, number)
    known = set(ids)
    missing = [i for i in ids if i not in by]
    unknown = [i for i in by if i not in known]
    if missing:
        faults.add(name, _shorten(missing), "a number for every id; these have none")
    if unknown:
        faults.add(name, _shorten(unknown), "known ids only; these stand in no cost table")
    return np.array([by.get(i, 0.0) for i in ids], dtype=np.float64)


def _named_twice(ids: Sequence[str]) -> list[str]:
    """List the ids that stand more than once."""
    if len(set(ids)) == len(ids):
        return []
    index = pd.Index(ids)
    return index[index.duplicated()].unique().tolist()


def _read_ids(values: Any, known: Sequence[str], faults: _Faults, name: str) -> tuple[str, ...]:
    """Read a list of ids that must be known."""
    wanted = [str(v) for v in listed(values, faults, name)]
    allowed = set(known)
    unknown = [w for w in wanted if w not in allowed]
    if unknown:
        faults.add(name, _shorten(unknown), f"known ids, such as {_shorten(list(known)[:5])}")
    inside = set(wanted)
    return tuple(k for k in known if k in inside)


def listed(values: Any, faults: _Faults, name: str) -> list[Any]:
    """List ids handed over one after another; a plain string is one id."""
    if isinstance(values, str):
        return [values]
    one_row = not isinstance(values, Mapping | bytes | bytearray) and (
        getattr(values, "ndim", 1) == 1
    )
    if not one_row or not isinstance(values, Iterable):
        faults.add(name, repr(values)[:_LONGEST_SHOWN], "a list of ids, also for a single one")
        return []
    return list(values)


def _read_flag(value: Any, faults: _Faults, name: str) -> bool:
    """Read True or False; nothing else is taken for either."""
    if not isinstance(value, bool | np.bool_):
        faults.add(name, repr(value)[:_LONGEST_SHOWN], "True or False")
    return bool(value is True or (isinstance(value, np.bool_) and value))


def _read_count(value: Any, least: int, most: int, faults: _Faults, name: str) -> int:
    """Read a whole number within a range."""
    whole = isinstance(value, Integral) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool | np.bool_) or not whole or not least <= value <= most:
        faults.add(name, repr(value), f"a whole number in the range [{least}, {most}]")
        return least
    return int(value)


def _read_number(
    value: Any, faults: _Faults, name: str, *, least: float = 0.0, strict: bool = False
) -> float:
    """Read a finite number of at least (or, strictly, above) a value."""
    good = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if good:
        number = _float_of(value)
        good = np.isfinite(number) and (number > least if strict else number >= least)
    if not good:
        faults.add(name, repr(value), f"a number {'above' if strict else 'of at least'} {least:g}")
        return least
    return number


def _shorten(items: Sequence[object]) -> str:
    """Name a few of many things."""
    text = ", ".join(str(i) for i in items[:_SHOWN])
    return text if len(items) <= _SHOWN else f"{text} and {len(items) - _SHOWN} more"
