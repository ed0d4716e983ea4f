"""Asking a server politely: bounded tries with back-off, whole replies only, kept by content."""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import random
import re
import sys
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import requests
import urllib3

import access
from access.errors import FetchError, OutputError, ParameterError, bare_address
from access.files import read_whole, write_file

_T = TypeVar("_T")
#: Answers that may be better in a while: too many requests, and servers in trouble.
_TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_CHUNK = 1 << 16
#: Tells zlib that text is packed as gzip does.
_GZIP = 16 + zlib.MAX_WBITS


class _NotWholeError(Exception):
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


def _ask(
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
    jitter, shown = random.Random(f"{url} {data}"), _shown_address(url)
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
            reason = _plain_reason(error)
        except _NotWholeError as error:
            reason = str(error)
        failed[reason] += 1
        if attempt < patience.tries:
            patience.sleep(patience.wait_s(attempt, asked_s, jitter))
    times = "; ".join(f"{n} x {reason}" for reason, n in failed.items())
    raise FetchError(f"{shown} did not give {what} in {patience.tries} tries: {times}")


def _shown_address(url: str) -> str:
    """Give an address as it may be shown: without the name and password that it may hold."""
    return bare_address(str(url))[:500]


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
        for part in _parts(reply):
            body += part
            if len(body) > patience.most_bytes:
                raise FetchError(
                    f"{_shown_address(url)} sends more than {patience.most_bytes / 1e6:,.0f} MB, "
                    "which is no answer to what was asked; nothing of it was kept"
                )
            if time.monotonic() > end:
                raise _NotWholeError(f"no whole reply in {patience.timeout_s:g} s")
        kind = reply.headers.get("Content-Type", "")
        return reply.status_code, kind, _seconds(reply.headers.get("Retry-After")), bytes(body)


def _parts(reply: requests.Response) -> Iterator[bytes]:
    """Parts of a reply as they come, unpacked; packed text that stops before its end was cut.

    The libraries take such text for whole where the server did not say how long it is.
    """
    packed = reply.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
    unpack, begun = zlib.decompressobj(_GZIP), False
    while part := reply.raw.read1(_CHUNK, decode_content=not packed):
        if not packed:
            yield part
            continue
        begun = True
        try:
            while part:
                yield unpack.decompress(part, _CHUNK)  # a little packed may be very much
                part = unpack.unconsumed_tail
                if unpack.unused_data.startswith(b"\x1f\x8b"):  # one piece after another
                    part, unpack = unpack.unused_data, zlib.decompressobj(_GZIP)
        except zlib.error as error:
            raise requests.exceptions.ContentDecodingError(str(error)) from error
    if begun:
        yield unpack.flush()
        if not unpack.eof:
            raise requests.exceptions.ChunkedEncodingError


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None


def _plain_reason(error: Exception) -> str:
    """Say what went wrong on the way, in plain words."""
    for kind, words in (
        (
            requests.exceptions.SSLError,
            "the secure connection failed (a council's proxy may need its certificates named)",
        ),
        (requests.exceptions.ProxyError, "the proxy refused"),
        (requests.exceptions.ConnectTimeout, "no connection in time"),
        (requests.exceptions.Timeout, "no reply in time"),
        (urllib3.exceptions.TimeoutError, "no reply in time"),
        (urllib3.exceptions.DecodeError, "the reply could not be unpacked"),
        (requests.exceptions.ContentDecodingError, "the reply could not be unpacked"),
        (urllib3.exceptions.ProtocolError, "the reply was cut short"),
        (requests.exceptions.ChunkedEncodingError, "the reply was cut short"),
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


class _ReplyCache:
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


#: Where each source lives; a proxy's or a mirror's address may stand in its place.
_ADDRESSES: Mapping[str, str] = {
    "ons": "https://services1.arcgis.com/ESMARspQHYMw9BZ9/arcgis/rest/services",
    "nomis": "https://www.nomisweb.co.uk/api/v01",
    "gov": "https://assets.publishing.service.gov.uk",
    "os": "https://api.os.uk/downloads/v1/products",
    "gias": "https://ea-edubase-api-prod.azurewebsites.net/edubase/downloads/public",
    "geofabrik": "https://download.geofabrik.de",
    "naptan": "https://naptan.api.dft.gov.uk/v1",
    "bods": "https://data.bus-data.dft.gov.uk/timetable/download",
}
#: Most bytes of one reply that is held in memory, and of one file.
_MOST_REPLY = 80_000_000
_MOST_FILE = 3_000_000_000
_Check = Callable[[Path, str], None]


class _NotThereError(FetchError):
    """The server says that there is no such thing (404, 410): another name may be right."""


@dataclass(frozen=True)
class Fetched:
    """A file that was got whole.

    Parameters
    ----------
    path : Path
    url : str
        Where it came from, without a name and password: it is written into manifests.
    sha256 : str
    day : str
        Date on which it was fetched, for the manifest only.
    """

    path: Path
    url: str
    sha256: str
    day: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", bare_address(self.url))

    @property
    def body(self) -> bytes:
        """Its bytes."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class Internet:
    """How sources are reached.

    Parameters
    ----------
    folder : Path
        Where files are kept by their content; a file that is there is not asked for again.
    addresses : mapping of str to str
        Base addresses that differ from `_ADDRESSES`.
    patience : Patience
        How often, how long and how gently to ask.
    limit_s : float
        Longest time for one thing, with all its tries and waits.
    proxy : str
        Address of a proxy; the environment's where empty.
    certificates : str
        File of the certificates to trust, where a council's proxy has its own.
    refresh : bool
        Ask again, whatever is kept.
    today : str
        Date written into the manifest; the clock's where empty.
    """

    folder: Path
    addresses: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    limit_s: float = 1800.0
    proxy: str = ""
    certificates: str = ""
    refresh: bool = False
    today: str = ""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.addresses) - set(_ADDRESSES))
        if unknown:
            raise ParameterError(
                f"no source is called {', '.join(unknown)}; expected {', '.join(_ADDRESSES)}"
            )
        if self.certificates and not Path(self.certificates).is_file():
            raise ParameterError(f"no file of certificates {self.certificates}")

    def address(self, source: str, path: str = "", **query: object) -> str:
        """Address of something a source gives."""
        base = self.addresses.get(source, _ADDRESSES[source]).rstrip("/")
        url = f"{base}/{path.lstrip('/')}" if path else base
        return f"{url}?{urlencode(query)}" if query else url

    @property
    def day(self) -> str:
        """Today's date, for the manifest."""
        return self.today or datetime.datetime.now(datetime.UTC).date().isoformat()

    def get(
        self,
        url: str,
        what: str,
        *,
        check: _Check | None = None,
        most_bytes: int = _MOST_FILE,
        fresh: bool = False,
    ) -> Fetched:
        """Get one file whole, or say why not.

        Parameters
        ----------
        url : str
        what : str
            What is asked for, for messages.
        check : callable, optional
            Given the file and its content type, raises `_NotWholeError` (ask again) or
            `FetchError` (for good) if it is not what was asked for.
        most_bytes : int
        fresh : bool
            The answer changes (a service list, a page of rows): kept for this call only.

        Returns
        -------
        Fetched

        Raises
        ------
        NotThereError
            If the server has no such thing.
        FetchError
            If it cannot be had; the message counts what went wrong.
        """
        kept = None if self.refresh or fresh else self._kept(url)
        if kept is not None:
            return kept
        patience = self.patience
        jitter, failed = random.Random(url), Counter[str]()
        end = time.monotonic() + self.limit_s
        for attempt in range(1, patience.tries + 1):
            asked_s: float | None = None
            try:
                work, kind, asked_s, status = self._stream(url, what, most_bytes)
                if status == 200 and work is not None:
                    (check or _no_page)(work, kind)
                    return self._keep(url, work)
                reason = f"HTTP {status}"
            except requests.exceptions.InvalidURL as error:
                raise FetchError(f"{url} is not an address: {error}") from error
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                reason = _plain_reason(error)
            except _NotWholeError as error:
                reason = str(error)
                self._partial(url).unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"cannot write into {self.folder}: {error}") from error
            failed[reason] += 1
            wait = patience.wait_s(attempt, asked_s, jitter)
            if attempt < patience.tries:
                if time.monotonic() + wait > end:
                    failed[f"gave up after {self.limit_s:g} s"] += 1
                    break
                patience.sleep(wait)
        times = "; ".join(f"{n} x {reason}" for reason, n in failed.items())
        raise FetchError(f"{url} did not give {what}: {times}")

    def _stream(self, url: str, what: str, most: int) -> tuple[Path | None, str, float | None, int]:
        """Write a reply into a partial file, going on where a former try stopped."""
        work = self._partial(url)
        work.parent.mkdir(parents=True, exist_ok=True)
        mark = work.with_suffix(".tag")
        have = work.stat().st_size if work.exists() and mark.exists() else 0
        headers = {"User-Agent": f"family-access/{access.__version__}", "Accept-Encoding": "gzip"}
        if have:
            headers |= {
                "Range": f"bytes={have}-",
                "If-Range": mark.read_text("utf-8"),
                "Accept-Encoding": "identity",
            }
        patience, settings = self.patience, self._settings()
        end = time.monotonic() + patience.timeout_s
        with requests.get(
            url,
            headers=headers,
            stream=True,
            timeout=(patience.connect_s, patience.timeout_s),
            **settings,
        ) as reply:
            kind = reply.headers.get("Content-Type", "")
            asked_s = _seconds(reply.headers.get("Retry-After"))
            status = reply.status_code
            if status == 416:  # what was kept of it does not fit any more
                work.unlink(missing_ok=True)
                return None, kind, asked_s, status
            if status in (404, 410):
                raise _NotThereError(f"{url} has no {what} (HTTP {status})")
            if status not in (200, 206):
                if status not in _TRY_AGAIN:
                    raise FetchError(f"{url} refuses to give {what}: HTTP {status}")
                return None, kind, asked_s, status
            going_on = status == 206
            _check_part(reply, have)
            tag = reply.headers.get("ETag") or reply.headers.get("Last-Modified") or ""
            mark.unlink(missing_ok=True)
            if tag and not tag.startswith("W/") and "Content-Encoding" not in reply.headers:
                mark.write_text(tag, "utf-8")
            size, total = have if going_on else 0, _length(reply)
            if total is not None and size + total > most:
                raise FetchError(
                    f"{url} would give {(size + total) / 1e6:,.0f} MB for {what}; at "
                    f"most {most / 1e6:,.0f} MB are taken"
                )
            with work.open("ab" if going_on else "wb") as file:
                for part in _parts(reply):
                    size += len(part)
                    if size > most:
                        raise FetchError(f"{url} gives more than {most / 1e6:,.0f} MB for {what}")
                    file.write(part)
                    if time.monotonic() > end and patience.timeout_s < self.limit_s / 10:
                        raise requests.exceptions.ReadTimeout
            if (
                "Content-Encoding" not in reply.headers
                and total is not None
                and (size != total + (have if going_on else 0))
            ):
                raise requests.exceptions.ChunkedEncodingError
        return work, kind, asked_s, 200

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self.proxy:
            settings["proxies"] = {"http": self.proxy, "https": self.proxy}
        if self.certificates:
            settings["verify"] = self.certificates
        return settings

    # --- what is kept ------------------------------------------------------------------------

    def _partial(self, url: str) -> Path:
        # two at once write two files: the name holds the process
        return self.folder / "partial" / f"{_name(url)}.{os.getpid()}.part"

    def _index(self, url: str) -> Path:
        return self.folder / "index" / f"{_name(bare_address(url))}.json"

    def _keep(self, url: str, work: Path) -> Fetched:
        with work.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        home = self.folder / "files" / digest
        home.parent.mkdir(parents=True, exist_ok=True)
        work.replace(home)
        work.with_suffix(".tag").unlink(missing_ok=True)
        entry = {"url": bare_address(url), "sha256": digest, "day": self.day}
        write_file(self._index(url), json.dumps(entry).encode())
        self.patience.sleep(self.patience.pause_s)
        return Fetched(home, url, digest, self.day)

    def forget(self, url: str) -> None:
        """Ask again next time: what was kept is not what it should be."""
        self._index(url).unlink(missing_ok=True)

    def _kept(self, url: str) -> Fetched | None:
        """What was got before, if it is still what it was."""
        try:
            entry = json.loads(self._index(url).read_bytes())
            home = self.folder / "files" / entry["sha256"]
            with home.open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == entry["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not whole:
            _LOG.warning("the kept file of %s is damaged and asked for again", bare_address(url))
            return None
        return Fetched(home, url, entry["sha256"], str(entry.get("day", "")))


def _name(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:40]


def _check_part(reply: requests.Response, start: int) -> None:
    """Refuse a part of a file that begins elsewhere than where a former try stopped."""
    told = reply.headers.get("Content-Range", "")
    if reply.status_code == 206 and not told.startswith(f"bytes {start}-"):
        raise _NotWholeError(f"another part than was asked for came ({told[:40]!r})")


def _length(reply: requests.Response) -> int | None:
    text = reply.headers.get("Content-Length", "")
    return int(text) if text.isdigit() and "Content-Encoding" not in reply.headers else None


def _is_page(start: bytes, kind: str) -> bool:
    """Whether a reply is a web page: a login, a proxy's notice, an error in words."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    return head.startswith((b"<!doctype html", b"<html")) or "text/html" in kind.lower()


def _no_page(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(2000)
    if _is_page(start, kind):
        raise _NotWholeError("a web page came in its place (a login or a proxy's notice)")
    if not start:
        raise _NotWholeError("an empty reply")


def _must_be(*starts: bytes, what: str) -> _Check:
    """A check that a file begins as its form does."""

    def check(path: Path, kind: str) -> None:
        _no_page(path, kind)
        with path.open("rb") as file:
            start = file.read(64)
        if not start.startswith(starts):
            raise _NotWholeError(f"not {what}")

    return check


def _is_zip(path: Path, kind: str) -> None:
    """A check that a file is a whole zip: the list of what is in it stands at its end."""
    _no_page(path, kind)
    with path.open("rb") as file:
        start = file.read(4)
    if not start.startswith(b"PK"):
        raise _NotWholeError("not a zip file")
    if not zipfile.is_zipfile(path):
        raise _NotWholeError("the zip file was cut short")


def _read_json(path: Path, kind: str) -> Any:
    """JSON of a reply; raises `_NotWholeError` for anything else."""
    _no_page(path, kind)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _NotWholeError("the reply is not JSON, or was cut short") from error


def _must_be_json(path: Path, kind: str) -> None:
    """A check that a reply is JSON."""
    _read_json(path, kind)
