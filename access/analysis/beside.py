"""A part of the work done beside the rest, in a second process, where that costs nothing."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np

from access.errors import AccessError

_T = TypeVar("_T")
_INTERRUPTED = 130
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_KEPT_BYTES = 31 << 20
"""A block of this size, once freed, tells the C library to keep what is freed later: else every
passing table's memory is handed back and cleared anew."""


#: With fewer areas than this, work is done here before a second process has begun.
_MANY_AREAS = 100


def worth_a_process(areas: int) -> bool:
    """Tell whether work on so many areas is done sooner beside the rest than after it."""
    return areas >= _MANY_AREAS


class Beside(Generic[_T]):
    """Something made in a second process while this one goes on; entered to begin, left to end.

    The process is a copy of this one, so that nothing is read or handed over to begin with; only
    Linux makes such copies safely and at once. Elsewhere, and where there is one core, it is made
    in this process when it is asked for. The answer is the same.

    Parameters
    ----------
    make : callable
        Writes into a folder of its own at most, and shows nothing; what it gives can be pickled.
        It uses nothing that works in threads of its own which this process may have begun, for a
        copy has none of them and would wait for ever: the layout of pages (typst) and OpenMP.
    what : str
        In words, for the error where the process comes to an end of its own.
    alone : bool
        Whether it needs nothing that this process will have worked out meanwhile.
    """

    def __init__(self, make: Callable[[], _T], what: str, *, alone: bool = True) -> None:
        self._make, self._what, self._alone = make, what, alone
        self._process: int | None = None
        self._pipe = -1

    @property
    def apart(self) -> bool:
        """Whether a second process makes it."""
        return self._process is not None

    def __enter__(self) -> Beside[_T]:
        if self._alone and _a_core_is_free():
            self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """End the process if it still runs: whoever ends this one ends both."""
        if self._pipe >= 0:
            self._pipe = _closed(self._pipe)
            if self._process is not None:
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)

    def result(self) -> _T:
        """Wait for what is made; what was raised there is raised here.

        Raises
        ------
        AccessError
            If the process came to an end of its own.
        """
        if self._process is None:
            return self._make()
        with os.fdopen(self._pipe, "rb", closefd=False) as pipe:
            told = pipe.read()
        self._pipe = _closed(self._pipe)
        _, status = os.waitpid(self._process, 0)
        if not told or status:
            signalled = os.WIFSIGNALED(status)
            how = f"by signal {os.WTERMSIG(status)}" if signalled else "before it was done"
            raise AccessError(
                f"the second process, which worked out {self._what}, was ended {how}; perhaps "
                "the memory of this machine did not do. Expected it to go on: run again"
            )
        made: tuple[_T, None] | tuple[None, Exception] = pickle.loads(told)
        if made[1] is not None:
            raise made[1]
        return made[0]

    def _begin(self) -> None:
        """Copy this process; the copy makes, tells, and is gone without tidying up after us."""
        self._pipe, into = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other threads only show or wait
            self._process = os.fork()
        if self._process:
            os.close(into)
            return
        code = 1
        try:
            with suppress(OSError, AttributeError):  # be gone with who waits, however it ends
                ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
            _without_threads_of_others()
            gc.freeze()  # what is there stays: looking through it would copy its pages
            _free_a_large_block()
            told = self._told()
            with os.fdopen(into, "wb") as pipe:
                pipe.write(told)
            code = 0
        except KeyboardInterrupt:
            code = _INTERRUPTED
        finally:
            os._exit(code)

    def _told(self) -> bytes:
        """Make it, and write it down, or what was raised."""
        try:
            return pickle.dumps((self._make(), None), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # told where it is asked for
            return pickle.dumps((None, error))


def _without_threads_of_others() -> None:
    """Refuse in a copy what would wait there for ever for threads that only this process has."""

    def refused(*args: object, **options: object) -> None:
        raise AccessError("pages cannot be laid out in a copy of a process that laid some out")

    if "typst" in sys.modules:
        sys.modules["typst"].Compiler = refused  # type: ignore[attr-defined]


def _a_core_is_free() -> bool:
    """Tell whether a second process is made at once and has a core of its own."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _free_a_large_block() -> None:
    np.empty(_KEPT_BYTES, np.uint8)


def _closed(pipe: int) -> int:
    os.close(pipe)
    return -1
