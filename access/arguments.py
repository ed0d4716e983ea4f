"""What callers in Python hand over, checked at the door: each refusal names the argument."""

from __future__ import annotations

import functools
import inspect
import math
import numbers as kinds
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        signature = inspect.signature(function)
        shape = _Shape.of(signature)
        in_order = [(name, checks[name]) for name in signature.parameters if name in checks]

        @functools.wraps(function)
        def door(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if not shape.fits(args, kwargs):
                try:  # which says what is wrong, and takes many times as long
                    signature.bind(*args, **kwargs)
                except TypeError as error:
                    raise _CallError(f"{function.__qualname__}: {error}") from None
            given: dict[str, Any] = dict(zip(shape.by_place, args, strict=False)) | kwargs
            for name, check in in_order:
                if name in given:
                    given[name] = check(given[name], name)
            if shape.others:
                for name in kwargs:
                    if name in checks and name not in shape.names:
                        given[name] = checks[name](given[name], name)
            lengths = {n: len(given[n]) for n in same_length if given.get(n) is not None}
            if len(set(lengths.values())) > 1:
                told = ", ".join(f"{n} has {k}" for n, k in lengths.items())
                raise ParameterError(f"{told}; expected as many of each")
            made: Callable[..., _R] = function
            return made(**given)

        return door

    return decorate


@dataclass(frozen=True)
class _Shape:
    """What a function can be called with, looked at once: every argument has a name.

    Parameters
    ----------
    by_place : tuple of str
        Arguments that may be given without their names.
    names, needed : frozenset of str
        All arguments, and those without a default.
    others : bool
        Whether it takes arguments of other names.
    """

    by_place: tuple[str, ...]
    names: frozenset[str]
    needed: frozenset[str]
    others: bool

    @classmethod
    def of(cls, signature: inspect.Signature) -> _Shape:
        """Look at a function's signature."""
        every = signature.parameters.values()
        named = [p for p in every if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        others = [p for p in every if p.kind is p.VAR_KEYWORD]
        if len(named) + len(others) < len(signature.parameters):
            raise TypeError(f"{signature}: expected arguments that all have names")
        return cls(
            tuple(p.name for p in named if p.kind is p.POSITIONAL_OR_KEYWORD),
            frozenset(p.name for p in named),
            frozenset(p.name for p in named if p.default is p.empty),
            bool(others),
        )

    def fits(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
        """Tell whether a call has every argument that is needed, once, and none beside them."""
        placed = set(self.by_place[: len(args)])
        return (
            len(args) <= len(self.by_place)
            and placed.isdisjoint(kwargs)
            and self.needed <= placed.union(kwargs)
            and (self.others or self.names.issuperset(kwargs))
        )


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
        if len({str(k) for k, _ in pairs}) < len(pairs):
            listed = [str(k) for k, _ in pairs]
            twice = sorted({k for k in listed if listed.count(k) > 1})
            raise ParameterError(f"{name} has twice the id {', '.join(twice)}; expected it once")
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


def pick(choices: Mapping[str, _R], name: str, what: str) -> _R:
    """Take one of several by name."""
    if name not in choices:
        raise ParameterError(f"no {what} {name!r}; expected one of {list(choices)}")
    return choices[name]
