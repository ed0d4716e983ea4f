"""Asking a server politely: bounded tries, back-off with jitter, and whole replies only."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import requests
import urllib3

import access
from access.errors import FetchError, OutputError
from access.files import read_whole, write_file

_T = TypeVar("_T")
#: Answers that may be better in a while: too many requests, and servers in trouble.
_TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_CHUNK = 1 << 16


class NotWholeError(Exception):
    """A reply that must not be taken for an answer, and may be better in a while."""


@dataclass(frozen=True)
class Patience:
    """How often, how long and how gently to ask.

    Parameters
    ----------
    tries : int
        Most requests for one thing.
    first_wait_s : float
        Wait after the first failure; doubled after each further one.
    most_wait_s : float
        Longest wait, whatever the server asks for.
    timeout_s : float
        Longest time for one whole reply, first byte to last.
    most_bytes : int
        Largest reply, unpacked; one that goes on is refused at once.
    connect_s : float
        Longest time to be connected.
    pause_s : float
        Rest between two things that were both got.
    sleep : callable
        Waits so many seconds; a test may hand over its own.
    """

    tries: int = 5
    first_wait_s: float = 5.0
    most_wait_s: float = 120.0
    timeout_s: float = 180.0
    most_bytes: int = 500_000_000
    connect_s: float = 10.0
    pause_s: float = 1.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def wait_s(self, failures: int, asked_s: float | None, jitter: random.Random) -> float:
        """Seconds to wait after so many failures."""
        own = self.first_wait_s * 2 ** (failures - 1) * jitter.uniform(0.5, 1.5)
        return float(min(self.most_wait_s, max(own, asked_s or 0.0)))


def ask(
    url: str,
    read: Callable[[bytes, str], _T],
    *,
    what: str,
    data: Mapping[str, str] | None = None,
    patience: Patience | None = None,
    settings: Mapping[str, Any] | None = None,
) -> _T:
    """Ask a server for one thing until it is given whole, or patience ends."""
    patience = patience or Patience()
    jitter, shown = random.Random(f"{url} {data}"), shown_address(url)
    failed: Counter[str] = Counter()
    for attempt in range(1, patience.tries + 1):
        asked_s = None
        try:
            status, kind, asked_s, body = _reply(url, data, patience, settings or {})
            if status == 200:
                return read(body, kind)
            reason = f"HTTP {status}"
            if status not in _TRY_AGAIN:
                raise FetchError(
                    f"{shown} refuses to give {what}: {reason}. {_first_words(body)}".strip()
                )
        except requests.exceptions.InvalidURL as error:
            raise FetchError(f"{shown} is not an address of a server") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = _plain(error)
        except NotWholeError as error:
            reason = str(error)
        failed[reason] += 1
        if attempt < patience.tries:
            patience.sleep(patience.wait_s(attempt, asked_s, jitter))
    times = "; ".join(f"{n} x {reason}" for reason, n in failed.items())
    raise FetchError(f"{shown} did not give {what} in {patience.tries} tries: {times}")


def shown_address(url: str) -> str:
    """Give an address as it may be shown: without the name and password that it may hold."""
    return re.sub(r"(?<=//)[^/@\s]*@", "", str(url))[:500]


def _reply(
    url: str, data: Mapping[str, str] | None, patience: Patience, settings: Mapping[str, Any]
) -> tuple[int, str, float | None, bytes]:
    headers = {
        "User-Agent": f"family-access/{access.__version__} (osmnx {version('osmnx')})",
        "Accept-Encoding": "gzip, deflate",
    }
    end = time.monotonic() + patience.timeout_s
    with requests.request(
        "GET" if data is None else "POST",
        url,
        data=data,
        headers=headers,
        stream=True,
        timeout=(patience.connect_s, patience.timeout_s),
        **settings,
    ) as reply:
        body = bytearray()
        # Bytes that trickle in keep resetting a socket's timeout: the whole has a limit too. So
        # take what has come, instead of waiting for a full buffer.
        while part := reply.raw.read1(_CHUNK, decode_content=True):
            body += part
            if len(body) > patience.most_bytes:
                raise FetchError(
                    f"{shown_address(url)} sends more than {patience.most_bytes / 1e6:,.0f} MB, "
                    "which is no answer to what was asked; nothing of it was kept"
                )
            if time.monotonic() > end:
                raise NotWholeError(f"no whole reply in {patience.timeout_s:g} s")
        kind = reply.headers.get("Content-Type", "")
        return reply.status_code, kind, _seconds(reply.headers.get("Retry-After")), bytes(body)


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None


def _plain(error: Exception) -> str:
    for kind, words in (
        (requests.exceptions.SSLError, "the secure connection failed"),
        (requests.exceptions.ProxyError, "the proxy refused"),
        (requests.exceptions.ConnectTimeout, "no connection in time"),
        (requests.exceptions.Timeout, "no reply in time"),
        (urllib3.exceptions.TimeoutError, "no reply in time"),
        (urllib3.exceptions.ProtocolError, "the reply was cut short"),
        (urllib3.exceptions.DecodeError, "the reply could not be unpacked"),
        (requests.exceptions.ChunkedEncodingError, "the reply was cut short"),
        (requests.exceptions.ContentDecodingError, "the reply could not be unpacked"),
        (requests.exceptions.ConnectionError, "no connection"),
    ):
        if isinstance(error, kind):
            return words
    return type(error).__name__


def _first_words(body: bytes, most: int = 200) -> str:
    text = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", body.decode("utf-8", "replace"),
                  flags=re.DOTALL)  # fmt: skip
    return " ".join(text.split())[:most]


#: Environment variable that names the folder of kept networks; ``off`` keeps none.
_CACHE_VARIABLE = "ACCESS_CACHE"
_MOST_KEPT_BYTES = 2_000_000_000
_LOG = logging.getLogger(__name__)


def user_cache() -> Path | None:
    """Find the folder where networks and travel times are kept for the next run."""
    told = os.environ.get(_CACHE_VARIABLE, "").strip()
    if told.lower() == "off":
        return None
    try:
        folder = Path(told).expanduser() if told else _system_cache() / "family-access"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        _LOG.warning(
            "nothing is kept for the next run: %s; name another folder in %s, or put 'off' there",
            error, _CACHE_VARIABLE,
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

    @staticmethod
    def _stamp(question: str, body: bytes) -> str:
        """Hash a reply together with its question: the reply to another is no reply to this."""
        return hashlib.sha256(question.encode() + b"\0" + body).hexdigest()

    def get(self, question: str) -> bytes | None:
        """Find the reply to a question; one whose checksum does not hold is thrown away."""
        if self.folder is None:
            return None
        path = self._path(question)
        try:
            body = read_whole(path, _MOST_KEPT_BYTES)
            stamp = read_whole(path.with_suffix(".sha256"), 1000).decode("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            _LOG.warning("the kept reply %s cannot be used: %s", path, error)
            return None
        if stamp.strip() != self._stamp(question, body):
            _LOG.warning("the kept reply %s is damaged and asked for again", path)
            return None
        return body

    def put(self, question: str, body: bytes) -> None:
        """Keep a reply that was found whole."""
        if self.folder is None:
            return
        path = self._path(question)
        stamp = path.with_suffix(".sha256")
        with suppress(OSError):
            stamp.unlink()  # no old checksum beside a new body, if stopped between
        try:
            write_file(path, body)
            write_file(stamp, self._stamp(question, body).encode())
        except (OSError, OutputError) as error:  # a folder in its place, a full disk
            _LOG.warning("the reply could not be kept for the next time: %s", error)
