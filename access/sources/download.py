"""One door to the internet: whole files, kept by their content, resumed, and never too large."""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
import urllib3

import access
from access.errors import FetchError, OutputError, ParameterError
from access.sources.patient import TRY_AGAIN, NotWholeError, Patience
from access.sources.saving import save

_LOG = logging.getLogger(__name__)
_CHUNK = 1 << 16
#: Where each source lives; a proxy's or a mirror's address may stand in its place.
ADDRESSES: Mapping[str, str] = {
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
MOST_REPLY = 80_000_000
MOST_FILE = 3_000_000_000
Check = Callable[[Path, str], None]


class NotThereError(FetchError):
    """The server says that there is no such thing (404, 410): another name may be right."""


@dataclass(frozen=True)
class Fetched:
    """A file that was got whole.

    Parameters
    ----------
    path : Path
    url : str
        Where it came from.
    sha256 : str
    day : str
        Date on which it was fetched, for the manifest only.
    """

    path: Path
    url: str
    sha256: str
    day: str

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
        Base addresses that differ from `ADDRESSES`.
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
        unknown = sorted(set(self.addresses) - set(ADDRESSES))
        if unknown:
            raise ParameterError(
                f"no source is called {', '.join(unknown)}; expected {', '.join(ADDRESSES)}"
            )
        if self.certificates and not Path(self.certificates).is_file():
            raise ParameterError(f"no file of certificates {self.certificates}")

    def address(self, source: str, path: str = "", **query: object) -> str:
        """Address of something a source gives."""
        base = self.addresses.get(source, ADDRESSES[source]).rstrip("/")
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
        check: Check | None = None,
        most_bytes: int = MOST_FILE,
        fresh: bool = False,
    ) -> Fetched:
        """Get one file whole, or say why not.

        Parameters
        ----------
        url : str
        what : str
            What is asked for, for messages.
        check : callable, optional
            Given the file and its content type, raises `NotWholeError` (ask again) or
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
                reason = plain_reason(error)
            except NotWholeError as error:
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
                raise NotThereError(f"{url} has no {what} (HTTP {status})")
            if status not in (200, 206):
                if status not in TRY_AGAIN:
                    raise FetchError(f"{url} refuses to give {what}: HTTP {status}")
                return None, kind, asked_s, status
            going_on = status == 206 and have > 0
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
                while part := reply.raw.read1(_CHUNK, decode_content=True):
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
        return self.folder / "index" / f"{_name(url)}.json"

    def _keep(self, url: str, work: Path) -> Fetched:
        with work.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        home = self.folder / "files" / digest
        home.parent.mkdir(parents=True, exist_ok=True)
        work.replace(home)
        work.with_suffix(".tag").unlink(missing_ok=True)
        entry = {"url": url, "sha256": digest, "day": self.day}
        save(self._index(url), json.dumps(entry).encode())
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
            _LOG.warning("the kept file of %s is damaged and asked for again", url)
            return None
        return Fetched(home, url, entry["sha256"], str(entry.get("day", "")))


def _name(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:40]


def _length(reply: requests.Response) -> int | None:
    text = reply.headers.get("Content-Length", "")
    return int(text) if text.isdigit() and "Content-Encoding" not in reply.headers else None


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None


def plain_reason(error: Exception) -> str:
    """What went wrong on the way, in plain words."""
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


def is_page(start: bytes, kind: str) -> bool:
    """Whether a reply is a web page: a login, a proxy's notice, an error in words."""
    head = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    return head.startswith((b"<!doctype html", b"<html")) or "text/html" in kind.lower()


def _no_page(path: Path, kind: str) -> None:
    with path.open("rb") as file:
        start = file.read(2000)
    if is_page(start, kind):
        raise NotWholeError("a web page came in its place (a login or a proxy's notice)")
    if not start:
        raise NotWholeError("an empty reply")


def must_be(*starts: bytes, what: str) -> Check:
    """A check that a file begins as its form does."""

    def check(path: Path, kind: str) -> None:
        _no_page(path, kind)
        with path.open("rb") as file:
            start = file.read(64)
        if not start.startswith(starts):
            raise NotWholeError(f"not {what}")

    return check


def read_json(path: Path, kind: str) -> Any:
    """JSON of a reply; raises `NotWholeError` for anything else."""
    _no_page(path, kind)
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotWholeError("the reply is not JSON, or was cut short") from error


def must_be_json(path: Path, kind: str) -> None:
    """A check that a reply is JSON."""
    read_json(path, kind)
