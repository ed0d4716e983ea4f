"""What is kept on disk: where, and replies of servers with a checksum.

A stopped fetch goes on where it was, and a run on streets that were read before skips reading
them (`access.network.cache` says how networks and matrices are found again).
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from pathlib import Path

from access.files import write_file

#: Environment variable that names the folder of kept networks; ``off`` keeps none.
CACHE_VARIABLE = "ACCESS_CACHE"
_LOG = logging.getLogger(__name__)


def user_cache() -> Path | None:
    """Find the folder where networks and travel times are kept for the next run.

    Returns
    -------
    Path or None
        What the environment variable ``ACCESS_CACHE`` says, else ``family-access`` in the user's
        folder for caches on this system. ``None`` where the variable is ``off`` or the folder
        cannot be made or written, which the log then says: a run goes on without.

    Examples
    --------
    >>> os.environ["ACCESS_CACHE"] = "off"
    >>> print(user_cache())
    None
    """
    told = os.environ.get(CACHE_VARIABLE, "").strip()
    if told.lower() == "off":
        return None
    try:
        folder = Path(told).expanduser() if told else _system_cache() / "family-access"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        _LOG.warning(
            "nothing is kept for the next run: %s; name another folder in %s, or put 'off' there",
            error, CACHE_VARIABLE,
        )  # fmt: skip
        return None
    if not os.access(folder, os.W_OK):
        _LOG.warning("nothing is kept for the next run: %s cannot be written", folder)
        return None
    return folder


def _system_cache() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData/Local"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches"
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else Path.home() / ".cache"


class ReplyCache:
    """A folder of replies, each with its sha256 beside it.

    Parameters
    ----------
    folder : path or None
        Nothing is kept where it is ``None``.
    """

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else Path(folder)

    def _path(self, question: str) -> Path:
        name = hashlib.sha256(question.encode()).hexdigest()
        return (self.folder or Path()) / f"reply-{name}.json"

    def get(self, question: str) -> bytes | None:
        """Find the reply to a question; one whose checksum does not hold is thrown away.

        Parameters
        ----------
        question : str
            Address and query.

        Returns
        -------
        bytes or None
        """
        if self.folder is None:
            return None
        path = self._path(question)
        try:
            body, stamp = path.read_bytes(), path.with_suffix(".sha256").read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return None
        if hashlib.sha256(body).hexdigest() != stamp.strip():
            _LOG.warning("the kept reply %s is damaged and asked for again", path)
            return None
        return body

    def put(self, question: str, body: bytes) -> None:
        """Keep a reply that was found whole.

        Parameters
        ----------
        question : str
        body : bytes

        Raises
        ------
        OutputError
            If the folder cannot be written.
        """
        if self.folder is None:
            return
        path = self._path(question)
        stamp = path.with_suffix(".sha256")
        stamp.unlink(missing_ok=True)  # no old checksum beside a new body, if stopped between
        write_file(path, body)
        write_file(stamp, hashlib.sha256(body).hexdigest().encode())
