"""Replies of servers kept on disk with a checksum, so that a stopped job goes on where it was."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from access.errors import OutputError

_LOG = logging.getLogger(__name__)


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
        replace_file(path, body)
        replace_file(stamp, hashlib.sha256(body).hexdigest().encode())


def replace_file(path: Path, body: bytes) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
    body : bytes

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        work = path.with_name(f".unfinished-{os.getpid()}-{path.name}")
        work.write_bytes(body)
        work.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
