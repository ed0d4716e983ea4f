"""The one guard around what a run may do without: a part that fails is left out and named."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from access.errors import AccessError

_T = TypeVar("_T")
_LONGEST = 400


@dataclass(frozen=True)
class LeftOut:
    """A part of a run that is not there, and why.

    Parameters
    ----------
    part, reason : str
        In words.
    """

    part: str
    reason: str

    def __str__(self) -> str:
        return f"{self.part}: {self.reason}"


class Parts:
    """Does the parts of a run one by one; what one of them raises ends that part alone.

    Parameters
    ----------
    left_out : iterable of LeftOut
        Known from before.
    """

    def __init__(self, left_out: Iterable[LeftOut] = ()) -> None:
        self._left_out = {part.part: part for part in left_out}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was left out so far, in the order in which it was tried."""
        return tuple(self._left_out.values())

    def make(self, part: str, make: Callable[[], _T]) -> _T | None:
        """Do a part; give None where it fails, and keep its name and the reason."""
        try:
            return make()
        except Exception as error:  # the guard of all parts: what went wrong is told, not lost
            self._left_out.setdefault(part, LeftOut(part, _reason(error)))
            if os.environ.get("ACCESS_TRACEBACK"):
                traceback.print_exception(error)
            return None

    def write(self, part: str, folder: Path, write: Callable[[], object]) -> bool:
        """Do a part that writes files into a folder; nothing half written stays."""
        before = set(folder.iterdir())
        done = self.make(part, lambda: (write(),)) is not None
        if not done:
            for file in set(folder.iterdir()) - before:
                file.unlink()
        return done


def _reason(error: Exception) -> str:
    """Say why a part failed: in its own words, or that the program is at fault and where."""
    if isinstance(error, AccessError):
        text = str(error)
    elif isinstance(error, MemoryError):
        text = "it is too large for the memory of this machine"
    elif isinstance(error, OSError):
        text = error.strerror or type(error).__name__
    else:
        frames = traceback.extract_tb(error.__traceback__)
        where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
        text = f"a fault of the program, {type(error).__name__}: {error}{where}"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
