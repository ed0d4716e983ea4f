"""What callers in Python hand over, checked at the door: each refusal names the argument."""

from __future__ import annotations

import functools
import inspect
import math
import numbers as kinds
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from access.errors import ParameterError

_P = ParamSpec("_P")
_R = TypeVar("_R")
#: Takes a value and its name; gives the value as it is used, or raises.
_Check = Callable[[Any, str], Any]
_LONGEST = 80


def checked(
    *, same_length: tuple[str, ...] = (), **checks: _Check
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Check a function's arguments by name before it is called; some of them are as long."""

    def as_long(given: Mapping[str, Any]) -> None:
        lengths = {n: len(given[n]) for n in same_length if given.get(n) is not None}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{n} has {k}" for n, k in lengths.items())
            raise ParameterError(f"{told}; expected as many of each")

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)
        quick = _quick_reader(signature)
        in_order = [(name, checks[name]) for name in signature.parameters if name in checks]

        @functools.wraps(function)
        def door(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if (known := quick(args, kwargs)) is not None:
                for name, check in in_order:
                    if name in known:
                        known[name] = check(known[name], name)
                as_long(known)
                return function(**known)  # type: ignore[call-arg]
            try:
                given = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise _CallError(f"{function.__qualname__}: {error}") from None
            for name, value in given.arguments.items():
                if name in checks:
                    given.arguments[name] = checks[name](value, name)
                elif signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                    given.arguments[name] = {
                        k: checks[k](v, k) if k in checks else v for k, v in value.items()
                    }
            as_long(given.arguments)
            return function(*given.args, **given.kwargs)

        return door

    return decorate


def _quick_reader(
    signature: inspect.Signature,
) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any] | None]:
    """Give what reads a plain call by name; None where it is not plain: to bind takes long."""
    usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    every = signature.parameters
    plain = all(p.kind in usual for p in every.values())
    names = [p.name for p in every.values() if p.kind is usual[0]]
    needed = {p.name for p in every.values() if p.default is p.empty}

    def read(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        if not plain or len(args) > len(names):
            return None
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        whole = len(given) == len(args) + len(kwargs)  # nothing is given twice
        return given if whole and needed <= given.keys() <= every.keys() else None

    return read


class _CallError(ParameterError, TypeError):
    """A call with an argument that is missing or not known: also what Python's habit expects."""


def refuse(name: str, value: Any, expected: str) -> ParameterError:
    """Word a refusal."""
    try:
        shown = repr(value)
    except Exception:  # a stranger's object may not even have words
        shown = type(value).__name__
    shown = " ".join(shown.split())
    shown = shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 3]}..."
    return ParameterError(f"{name}={shown} is no use here; expected {expected}")


def optional(check: _Check) -> _Check:
    """Let None pass."""
    return lambda value, name: None if value is None else check(value, name)


def a(*types: type, expected: str) -> _Check:
    """Ask for a value of some type."""

    def check(value: Any, name: str) -> Any:
        if not isinstance(value, types):
            raise refuse(name, value, expected)
        return value

    return check


def _is_real(value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0 and value is not np.ma.masked:
        value = value.item()
    return isinstance(value, kinds.Real) and not isinstance(value, bool | np.bool_)


def number(
    low: float = -math.inf, high: float = math.inf, *, above: bool = False, endless: bool = False
) -> _Check:
    """Ask for a finite number from low to high; above low itself, or infinite, where told."""
    span = f" above {low:g}" if above else f" of {low:g} or more" if math.isfinite(low) else ""
    span += f", at most {high:g}" if math.isfinite(high) else ""

    def check(value: Any, name: str) -> float:
        if not _is_real(value):
            raise refuse(name, value, f"a number{span}")
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        fits = low < found <= high if above else low <= found <= high
        if not fits or not (math.isfinite(found) or (endless and found > 0)):
            raise refuse(name, value, f"a number{span}")
        return found

    return check


def whole(low: int = 0, high: int = 10**9) -> _Check:
    """Ask for a whole number from low to high."""

    def check(value: Any, name: str) -> int:
        if not isinstance(value, kinds.Integral) or isinstance(value, bool | np.bool_):
            raise refuse(name, value, f"a whole number from {low:,} to {high:,}")
        if not low <= int(value) <= high:
            raise refuse(name, value, f"a whole number from {low:,} to {high:,}")
        return int(value)

    return check


def flag(value: Any, name: str) -> bool:
    """Ask for True or False."""
    if not isinstance(value, bool | np.bool_):
        raise refuse(name, value, "True or False")
    return bool(value)


def text(value: Any, name: str) -> str:
    """Ask for a text."""
    if not isinstance(value, str):
        raise refuse(name, value, "a text")
    return value


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, kinds.Integral) and not isinstance(value, bool | np.bool_)
    )


def ids(value: Any, name: str) -> list[str]:
    """Ask for a list of ids: texts, or whole numbers that are read as texts."""
    expected = f"a list of ids, such as {name}=['CC01', 'CC02']"
    strange = isinstance(value, str | bytes | Mapping | pd.DataFrame) or (
        isinstance(value, np.ndarray) and value.ndim != 1
    )
    if strange or not isinstance(value, Iterable):
        raise refuse(name, value, expected)
    found = list(value)
    if isinstance(value, set | frozenset):
        found = sorted(found, key=str)
    if not all(map(_is_id, found)):
        raise refuse(name, value, expected)
    return [str(i) for i in found]


def open_sites(value: Any, name: str) -> Any:
    """Ask for ids of open sites, or for what has them: a baseline, a scenario."""
    return value if hasattr(value, "open_ids") else ids(value, name)


def by_id(values: _Check | None = None) -> _Check:
    """Ask for a value by id: a mapping or a Series."""

    def check(value: Any, name: str) -> dict[str, Any]:
        expected = f"a value by id, such as {name}={{'CC01': 5}}"
        if not isinstance(value, Mapping | pd.Series):
            raise refuse(name, value, expected)
        pairs = list(value.items())
        if not all(_is_id(k) for k, _ in pairs):
            raise refuse(name, value, expected)
        if values is None:
            return {str(k): v for k, v in pairs}
        return {str(k): values(v, f"{name}[{k!r}]") for k, v in pairs}

    return check


def table(*columns: str) -> _Check:
    """Ask for a DataFrame with some columns, each once."""
    wanted = f"a table (DataFrame){' with ' if columns else ''}{', '.join(columns)}"

    def check(value: Any, name: str) -> pd.DataFrame:
        if not isinstance(value, pd.DataFrame):
            raise refuse(name, value, wanted)
        there = list(value.columns)
        missing = [c for c in columns if c not in there]
        if missing:
            found = ", ".join(str(c) for c in there[:20]) or "no columns"
            raise ParameterError(
                f"{name} has no column {', '.join(missing)}; it has {found}: expected {wanted}"
            )
        twice = sorted({str(c) for c in there if there.count(c) > 1})
        if twice:
            raise ParameterError(
                f"{name} has twice the column {', '.join(twice)}; expected it once"
            )
        return value

    return check


def array(*, dimensions: int = 1, unknown: bool = True) -> _Check:
    """Ask for real numbers, as a list or an array; NaN only where `unknown` may be."""
    shape = "a list of numbers" if dimensions == 1 else "rows of numbers, each as long"

    def check(value: Any, name: str) -> np.ndarray:
        if isinstance(value, str | bytes | Mapping | set):
            raise refuse(name, value, shape)
        if isinstance(value, np.ma.MaskedArray) and value.dtype.kind in "iuf":
            value = np.ma.filled(value.astype(np.float64), np.nan)  # what is masked is not known
        try:
            found = np.asarray(value)
        except (ValueError, TypeError):
            raise refuse(name, value, shape) from None
        if found.dtype == object:
            flat = found.ravel().tolist()
            if not all(v is None or v is pd.NA or _is_real(v) for v in flat):
                raise refuse(name, value, shape)
            try:
                found = np.array([np.nan if v is None or v is pd.NA else float(v) for v in flat])
            except OverflowError:
                raise refuse(name, value, f"{shape}, each one that a computer can hold") from None
            found = found.reshape(np.shape(value))
        if found.dtype.kind not in "iufb" or found.ndim != dimensions:
            raise refuse(name, value, shape)
        found = found.astype(np.float64)
        if not unknown and np.isnan(found).any():
            raise refuse(name, value, f"{shape}, none of them missing")
        return found

    return check
