"""Work on the second core: the same work, in a copy of this process, while the rest goes on.

Only where a copy is cheap and safe (Linux). Elsewhere, and on one core, the work is done when its
answer is asked for: the answer is the same.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any, Generic, NoReturn, TypeVar

from access.errors import AccessError, OutputError

_T = TypeVar("_T")
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def two_cores() -> bool:
    """Say whether a copy of this process can work beside it."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


class _Here(Generic[_T]):
    """Work that is done when its answer is asked for."""

    def __init__(self, work: Callable[[], _T]) -> None:
        self._work = work

    def answer(self) -> _T:
        """Do it."""
        return self._work()


class _Copy(Generic[_T]):
    """Work in a copy of this process, and its answer when it is done."""

    def __init__(self, work: Callable[[], _T]) -> None:
        read, write = os.pipe()
        with warnings.catch_warnings():
            # threads of this process do not live on in the copy, and it asks nothing of them
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child: int | None = os.fork()
        if self._child == 0:
            os.close(read)
            _work_and_end(work, write)
        os.close(write)
        self._told: IO[bytes] = os.fdopen(read, "rb")

    def answer(self) -> _T:
        """Wait for it; what was raised there is raised here."""
        content = self._told.read()
        status = self._ended()
        if not content:
            how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"code {status}"
            raise OutputError(
                f"the second process that was at work ended before it was done ({how}); nothing "
                "was written. Is there enough memory? Run again."
            )
        done, answer = pickle.loads(content)
        if done:
            found: _T = answer
            return found
        raise answer

    def _ended(self) -> int:
        child, self._child = self._child, None
        self._told.close()
        return 0 if child is None else os.waitpid(child, 0)[1]

    def stop(self) -> None:
        """End it, where it is not done."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)
            self._ended()


def _work_and_end(work: Callable[[], Any], write: int) -> NoReturn:
    """Do the work, tell its answer, and end: nothing else of the process is for a copy to do."""
    code = 1
    try:
        with suppress(OSError, AttributeError):  # end with the process that waits, however it ends
            ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
        try:
            answer: tuple[bool, Any] = (True, work())
        except Exception as error:
            if os.environ.get("ACCESS_TRACEBACK"):
                traceback.print_exception(error)
            answer = (False, _as_told(error))
        with os.fdopen(write, "wb") as told:
            told.write(pickle.dumps(answer))
        code = 0
    finally:
        os._exit(code)


def _as_told(error: Exception) -> Exception:
    """Give an error that can be handed over: itself, or its words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return AccessError(f"{type(error).__name__}: {error}")
    return error


@contextmanager
def beside(work: Callable[[], _T], *, copy: bool) -> Iterator[Callable[[], _T]]:
    """Begin some work on the second core; give what waits for its answer.

    Parameters
    ----------
    work : callable
        Writes files and gives a plain answer: what else it changes is lost.
    copy : bool
        Whether a copy of this process is worth it, where one can be made.

    Yields
    ------
    callable
        Ends the work if it must, and gives its answer or raises what it raised.
    """
    at_work: _Copy[_T] | _Here[_T] = _Copy(work) if copy and two_cores() else _Here(work)
    try:
        yield at_work.answer
    finally:
        if isinstance(at_work, _Copy):
            at_work.stop()
