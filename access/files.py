"""Files and folders of outputs: whole or not at all, never over an input; and their ledger."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import io
import json
import math
import os
import platform
import shutil
import stat
import sys
import tempfile
import tomllib
import uuid
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

from access.errors import Fault, OutputError, StudyError
from access.escape import settings_faults

# The ledger that stands beside every output: what went in, how, and what was assumed.

#: Packages whose version can change a number.
_PACKAGES = (
    "family-access", "numpy", "scipy", "pandas", "geopandas", "shapely", "pyproj", "osmium",
    "scikit-learn", "highspy",
)  # fmt: skip


def sha256_of(path: Path) -> str:
    """Hash a regular file: a pipe would be waited for, and a device read, without end."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def code_fingerprint(*rooms: str) -> str:
    """Hash the source of some rooms of this package: what they work out may change with it."""
    home = Path(__file__).parent
    total = hashlib.sha256()
    files = [path for room in rooms for path in (home / room).glob("*.py")]
    for path in sorted([*files, home / "units.py"]):
        total.update(path.name.encode() + path.read_bytes())
    return total.hexdigest()


def versions() -> dict[str, str]:
    """Name the versions of Python and of the packages that can change a number."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class RunLedger:
    """What a run read, with which settings, and what its readers must know.

    Parameters
    ----------
    command : dict
        How to run it again: the command's name and options.
    inputs : tuple of dict
        ``file, sha256, source, vintage, licence`` of everything read.
    parameters : dict
        Every setting that can change a number.
    counts : dict
        Rows in and rows out.
    assumptions, warnings : tuple of str
        In words.
    outputs : dict of str to str
        File name to sha256.
    left_out : tuple of dict
        ``part reason`` of what the run had to do without.
    """

    command: Mapping[str, Any]
    inputs: tuple[Mapping[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[Mapping[str, str], ...] = ()

    def to_json(self) -> str:
        """Write the ledger as JSON, keys sorted: the same run gives the same bytes.

        Returns
        -------
        str
        """
        body = {
            "command": dict(self.command),
            "inputs": [dict(i) for i in self.inputs],
            "parameters": dict(self.parameters),
            "counts": dict(self.counts),
            "assumptions": list(self.assumptions),
            "warnings": list(self.warnings),
            "outputs": dict(self.outputs),
            "left_out": [dict(part) for part in self.left_out],
            "versions": versions(),
        }
        return to_json(body)


def to_json(body: Any) -> str:
    r"""Turn plain values into stable JSON: keys sorted, numpy numbers plain, ``inf`` as null."""
    return json.dumps(_plain(body), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, str) or value is None:
        return value
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        # Twelve digits: what a processor's own order of adding changes lies beyond them.
        return float(f"{value:.12g}") if math.isfinite(value) else None
    if isinstance(value, Iterable):
        return [_plain(v) for v in value]
    return value


# ------------------------------------------------------------------------------
# Files and folders of outputs: whole or not at all, and never over an input.
#
# A folder is made beside the one it replaces and takes its place in one step, or in two that the
# next start finishes. One run at a time writes a folder: it holds a lock that the system lets go
# of when the run ends, however it ends, so that what lies behind a free lock is of the dead.

#: What the name of everything that is being written begins with.
_UNFINISHED = ".unfinished-"
#: First bytes of the outputs that are also written on their own, without a ledger.
_LOOSE = {
    "explorer.html": b"<!doctype html",
    "report.docx": b"PK\x03\x04",
    "report.pdf": b"%PDF-",
    "tables.xlsx": b"PK\x03\x04",
    "report-internal.docx": b"PK\x03\x04",
    "report-internal.pdf": b"%PDF-",
    "tables-internal.xlsx": b"PK\x03\x04",
    "report.ledger.json": b"{",
    "report-internal.ledger.json": b"{",
    "map.ledger.json": b"{",
}
_KINDS = {Path(name).suffix: start for name, start in _LOOSE.items() if start != b"{"} | {
    ".png": b"\x89PNG", ".svg": b"<?xml",
}  # fmt: skip
#: Before the name of every file that is for the council's own use only.
INTERNAL_MARK = "INTERNAL-"
_BY_RUNS = ("ledger.json", "evidence.zip", f"{INTERNAL_MARK}evidence.zip")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_AT_FDCWD, _EXCHANGE = -100, 2
_NOT_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


#: A ledger, a log of options or a scenario is never larger.
MOST_LEDGER_BYTES = 50_000_000


def check_regular(path: Path, most_bytes: int) -> None:
    """Raise OSError, its `strerror` in plain words, for what is no regular file or too large."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        kind = _NOT_FILES.get(stat.S_IFMT(found.st_mode), "something else")
        raise OSError(errno.EINVAL, f"it is {kind}, not a file", str(path))
    if found.st_size > most_bytes:
        raise OSError(
            errno.EFBIG,
            f"it holds {found.st_size / 1e6:,.1f} MB; at most {most_bytes / 1e6:,.0f} MB are read",
            str(path),
        )


def leads_out(folder: Path, name: str) -> bool:
    """Tell whether a name in a folder is a link, or lies behind one, that leads out of it."""
    real = Path(os.path.realpath(folder))
    return not Path(os.path.realpath(folder / name)).is_relative_to(real)


def read_whole(path: Path, most_bytes: int) -> bytes:
    """Read a regular file of at most so many bytes: no folder, pipe or device, and nothing endless.

    Raises OSError as `check_regular` does; FileNotFoundError where there is nothing.
    """
    check_regular(path, most_bytes)
    with path.open("rb") as handle:
        return handle.read(most_bytes)


def parse_json(content: bytes) -> Any:
    """Read JSON; ValueError, in words, also for what is nested without end or no text at all."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested deeper than anything we write") from None


#: The largest file of settings, or manifest, that is read, bytes.
MOST_TOML_BYTES = 5_000_000


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Read what ``manifest.toml`` says of each table; nothing where there is none.

    One that cannot be read is refused: what it says would be lost when it is written again.
    """
    path = folder / "manifest.toml"
    try:
        raw = tomllib.loads(read_whole(path, MOST_TOML_BYTES).decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StudyError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path} cannot be read as TOML: {str(error)[:300]}") from None
    listed = raw.get("table", {})
    if not isinstance(listed, dict) or not all(isinstance(v, dict) for v in listed.values()):
        raise StudyError(f'{path} is not a manifest; expected a section [table."FILE"] a file')
    faults = [Fault(path.name, "", *fault) for fault in settings_faults(listed, "table")]
    if faults:
        raise StudyError(f"{path} has {len(faults)} fault(s)", faults)
    return listed


def write_file(path: Path, content: bytes, *, inputs: Iterable[Path] = ()) -> None:
    """Write a whole file or, where that fails, leave what was there."""
    check_file(path, inputs)
    # first: a ledger that lists a file less is true at every moment, one that lists it falsely not
    told = _without(path.parent, {path.name: hashlib.sha256(content).hexdigest()})
    if told is not None:
        with replacing(path.parent / "ledger.json") as handle:
            handle.write(told)
    with replacing(path) as handle:
        handle.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write beside a file and move over it when whole."""
    try:
        if path.exists() and not path.is_file():
            raise OutputError(f"{path} is not a file; name a file to write")
        path.parent.mkdir(parents=True, exist_ok=True)
        _bury_files(path.parent)
        handle = _unfinished(path.parent)
        work = Path(handle.name)
        try:
            with handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
                if os.name != "nt":  # still locked, so that nobody takes it for a dead run's
                    os.replace(work, path)  # noqa: PTH105 - one way to say it, and to test it
            if os.name == "nt":  # Windows moves no file that is open
                os.replace(work, path)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                work.unlink()
            raise
    except (OSError, UnicodeError) as error:
        raise OutputError(
            f"cannot write {_shown(path)} ({_reason(error)}); where a folder cannot be written, "
            "choose another, and close the file where a program has it open. A former file is "
            "left as it was."
        ) from error


def check_file(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Refuse a file to write that is an input, no file at all, or a file of another kind."""
    try:
        real = _real(path)
        _check_beside(real)
        if not real.exists():
            return
        if not real.is_file():
            raise OutputError(f"{path} is not a file; name a file to write")
        if any(_same(real, given) for given in inputs):
            raise OutputError(
                f"{path} is an input of the study and is not written over; name another file"
            )
        start = _KINDS.get(path.suffix.lower())
        if start is not None and not _starts(real, start):
            raise OutputError(
                f"{path} is there and is not what its name says, so no former output; it is not "
                "written over: name another file, or move this one away"
            )
    except OSError as error:
        raise OutputError(f"{_shown(path)} cannot be written: {_reason(error)}") from error


#: Endings of what is written: whoever names a folder so wants one file.
_OF_FILES = frozenset(
    (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".parquet", ".json", ".geojson", ".gpkg", ".html",
     ".pdf", ".docx", ".png", ".svg", ".zip")
)  # fmt: skip


def check_folder(out: Path, inputs: Iterable[Path] = ()) -> Path:
    """Refuse a folder that outputs may not go to: one with inputs, or with what is not ours."""
    try:
        real = _real(out)
        _check_place(out, real, inputs)
        _check_beside(real)
        if not real.exists():
            return real
        _, rest, run = _sorted_out(real)
    except OSError as error:
        raise OutputError(_no_folder(out, error)) from error
    if rest and not run:
        names = ", ".join(rest[:3]) + (f" and {len(rest) - 3} more" if len(rest) > 3 else "")
        raise OutputError(
            f"{out} holds files and no former run ({names}; there is no ledger.json of a run); "
            "nothing was written. Name an empty or a new folder."
        )
    return real


def _check_beside(real: Path) -> None:
    """Try whether files can be made beside a place: better now than when the work is done."""
    there = next((above for above in real.parents if above.exists()), real)
    with tempfile.TemporaryFile(dir=there):
        pass


def _check_place(out: Path, real: Path, inputs: Iterable[Path]) -> None:
    if real.exists() and not real.is_dir():
        raise OutputError(f"cannot write into {out}: it is not a folder. Name one with --out DIR.")
    if not real.exists() and real.suffix.lower() in _OF_FILES:
        raise OutputError(
            f"{out} is named as a file is, and what is made there is a folder of several; nothing "
            f"was written. Name the folder without {real.suffix}: --out DIR."
        )
    for given in inputs:
        try:
            place = _real(given)
        except (OSError, OutputError):  # who reads it says what is wrong with it
            continue
        if any(_same(real, above) for above in (place, *place.parents)):
            raise OutputError(
                f"{out} holds an input ({given}), and outputs never go where inputs are; nothing "
                "was written. Name another folder with --out DIR."
            )
    here = Path.cwd()
    if real.exists() and any(_same(real, place) for place in (here, *here.parents)):
        raise OutputError(
            f"{out} is the folder you are in, or above it, and cannot be replaced as a whole; "
            "name a folder inside it with --out DIR"
        )


@contextmanager
def one_writer(out: Path) -> Iterator[None]:
    """Hold a folder that is written part by part for one run, from its first part to its last."""
    try:
        real = _real(out)
        real.parent.mkdir(parents=True, exist_ok=True)
        with _alone(out, real, "parts"):
            yield
    except (OSError, UnicodeError) as error:
        raise OutputError(_no_folder(out, error)) from error


@contextmanager
def whole_folder(
    out: Path, inputs: Iterable[Path] = (), *, adds: bool = False, keeps: Collection[str] = ()
) -> Iterator[Path]:
    """Write a folder that takes the place of a former run's only when all of it is whole.

    What is there of a former run goes, but for what `keeps` names; with `adds` all of it stays, and
    the former run's ledger lists no more what is written anew with other bytes.
    """
    try:
        real = _real(out)
        _check_place(out, real, inputs)
        real.parent.mkdir(parents=True, exist_ok=True)
        with _alone(out, real):
            work, old = _beside(real, "new"), _beside(real, "old")
            _recover(real)
            check_folder(out, inputs)
            work.mkdir()
            try:
                yield work
                told = _without(real, _hashes(work)) if adds else None
                _keep(real, work, adds=adds, keeps=set(keeps))
                if told is not None:
                    with replacing(work / "ledger.json") as handle:  # a file of its own: no link
                        handle.write(told)
                _sync(work)
                _switch(work, real, old)
            finally:
                _recover(real)
    except (OSError, UnicodeError) as error:
        raise OutputError(_no_folder(out, error)) from error


#: GDAL would write the clock into a GeoPackage.
_STEADY = {"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"}


@contextmanager
def steady_layers(**more: str) -> Iterator[None]:
    """Let files of layers be written as the same bytes each time; `more` are settings of GDAL."""
    import pyogrio  # half a second, and most commands write no layer

    options = _STEADY | more
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(dict.fromkeys(options))


@contextmanager
def any_clock() -> Iterator[None]:
    """Let zip files be written where the clock stands before 1980, which they cannot say."""

    class Clamped(zipfile.ZipInfo):
        def __init__(self, filename: str = "NoName", date_time: Any = _FIRST_DAY) -> None:
            super().__init__(filename, max(tuple(date_time), _FIRST_DAY))

    before = zipfile.ZipInfo
    zipfile.ZipInfo = Clamped  # type: ignore[misc]
    try:
        yield
    finally:
        zipfile.ZipInfo = before  # type: ignore[misc]


def _recover(real: Path) -> None:
    """Finish or roll back a switch that was cut off, and clear away what the dead left."""
    work, old = _beside(real, "new"), _beside(real, "old")
    if old.exists() and not real.exists():  # between the two steps: the new one is whole
        try:
            os.rename(work, real)  # noqa: PTH104
        except OSError:
            os.rename(old, real)  # noqa: PTH104
    for rest in (work, old):
        shutil.rmtree(rest, ignore_errors=True)


def _switch(work: Path, real: Path, old: Path) -> None:
    """Put the new folder where the old one is: in one step where the system can."""
    if not real.exists():
        os.rename(work, real)  # noqa: PTH104
    elif not _exchange(work, real):
        os.rename(real, old)  # noqa: PTH104
        try:
            os.rename(work, real)  # noqa: PTH104
        except OSError:
            os.rename(old, real)  # noqa: PTH104
            raise
    _sync_entry(real.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where this system cannot."""
    if sys.platform != "linux":
        return False
    swap = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if swap is None:
        return False
    names = (os.fsencode(one), os.fsencode(other))
    if swap(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _keep(real: Path, work: Path, *, adds: bool, keeps: set[str]) -> None:
    """Carry what is not written anew over from the former folder into the new one."""
    if not real.exists():
        return
    shutil.copymode(real, work)
    ours, rest, _ = _sorted_out(real)
    for name in rest:
        if _there(work / name):
            raise OutputError(
                f"{real / name} is not of a former run, and this one writes a file of that name; "
                "nothing was written. Move it elsewhere, or name another folder with --out DIR."
            )
    for name in (*rest, *(name for name in ours if adds or name in keeps)):
        if not _there(work / name):
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            _link(real / name, work / name)


def _hashes(folder: Path) -> dict[str, str]:
    """Hash every file below a folder, by its path from there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def _without(folder: Path, made: Mapping[str, str]) -> bytes | None:
    """Word a former run's ledger without the outputs that now come of another command.

    They stand under ``replaced``, each with the ledger beside it that tells of it, or with none.
    """
    try:
        ledger = parse_json(read_whole(folder / "ledger.json", MOST_LEDGER_BYTES))
        outputs, replaced = dict(ledger["outputs"]), dict(ledger.get("replaced", {}))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    gone = sorted(name for name, sha in made.items() if outputs.get(name, sha) != sha)
    if not gone:
        return None
    beside = next((name for name in sorted(made) if name.endswith(".ledger.json")), None)
    ledger["replaced"] = replaced | dict.fromkeys(gone, beside)
    ledger["outputs"] = {name: sha for name, sha in outputs.items() if name not in gone}
    return to_json(ledger).encode()


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the disk knows no such thing."""
    if source.is_symlink():
        target.symlink_to(os.readlink(source))  # noqa: PTH115
        return
    if source.is_dir():
        target.mkdir(exist_ok=True)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def _sorted_out(folder: Path, above: Collection[str] = ()) -> tuple[list[str], list[str], bool]:
    """Tell former outputs from other files, by name; and whether there is a former run.

    `above` names files here that the ledger of a folder above lists.
    """
    own = _listed(folder)
    run, ours, rest = own is not None, [], []
    listed = {*above, *(own or ())}
    for path in sorted(folder.iterdir()):
        name = path.name
        if name.startswith(_UNFINISHED):
            continue  # of a run that was cut off
        if path.is_dir() and not path.is_symlink():
            inner = _sorted_out(
                path, {n[len(name) + 1 :] for n in listed if n.startswith(f"{name}/")}
            )
            run = run or inner[2]
            ours += [f"{name}/{n}" for n in inner[0]]
            stills = [n for n in inner[1] if name == "maps" and _is_still(path / n)]
            ours += [f"{name}/{n}" for n in stills]
            rest += [f"{name}/{n}" for n in inner[1] if n not in stills]
            if not any(inner[:2]):
                rest.append(name)
        elif name in listed or (name in _LOOSE and _starts(path, _LOOSE[name])):
            ours.append(name)
        else:
            rest.append(name)
    return ours, rest, run


def _is_still(path: Path) -> bool:
    kind = _KINDS.get(path.suffix)
    return path.name.startswith("map-") and kind is not None and _starts(path, kind)


def _listed(folder: Path) -> set[str] | None:
    """Names that a former run's ledger lists, with the ledger's own; None where there is none."""
    try:
        ledger = parse_json(read_whole(folder / "ledger.json", MOST_LEDGER_BYTES))
        if not {"command", "inputs", "outputs", "versions"} <= set(ledger):
            return None
        return {*map(str, ledger["outputs"]), *map(str, ledger.get("replaced", ())), *_BY_RUNS}
    except (OSError, ValueError, TypeError):
        return None


def _is_internal(folder: Path) -> bool | None:
    """Say whether a former run's files here are for the council only; None where there are none."""
    listed = _listed(folder)
    if listed is None:
        return None
    return any(name.startswith(INTERNAL_MARK) for name in listed - set(_BY_RUNS))


def check_kind(out: Path, *, internal: bool) -> None:
    """Keep internal files and public ones in folders of their own."""
    there = _is_internal(out)
    if there is not None and there != internal:
        kinds = {True: "internal files", False: "files for the public"}
        raise OutputError(
            f"{out} holds {kinds[there]} of a former run, and {kinds[internal]} never go beside "
            "them or in their place; nothing was written. Name another folder with --out DIR."
        )


def _starts(path: Path, start: bytes) -> bool:
    if not path.is_file():  # a pipe would be waited for without end
        return False
    with path.open("rb") as file:
        found = file.read(len(start))
    return found.lower() == start.lower() or not found


def _there(path: Path) -> bool:
    return os.path.lexists(path)


@contextmanager
def _alone(out: Path, real: Path, what: str = "lock") -> Iterator[None]:
    """Hold a folder's lock; the system lets go of it when the process ends."""
    path = _beside(real, what)
    while True:
        with path.open("ab") as handle:
            if not _locked(handle):
                raise OutputError(
                    f"another run is writing into {out}; wait until it is done, or name another "
                    "folder with --out DIR"
                )
            try:
                if not path.exists() or not os.path.samestat(
                    path.stat(), os.fstat(handle.fileno())
                ):
                    continue  # the run before has just taken its lock file away
            except FileNotFoundError:
                continue
            try:
                yield
            finally:
                with suppress(OSError):
                    path.unlink()
            return


def _locked(handle: IO[Any]) -> bool:
    """Lock an open file for this process alone; False where another has it."""
    try:
        import fcntl
    except ImportError:  # Windows refuses to delete or rename what a program holds open
        import msvcrt

        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return True


def _unfinished(folder: Path) -> IO[bytes]:
    """Open a new file of our own in a folder, locked: another writer may have buried the first."""
    while True:  # ends: names never come again, and each is buried only between two of its steps
        handle = (folder / f"{_UNFINISHED}{uuid.uuid4().hex[:12]}.part").open("xb")
        if _locked(handle) and Path(handle.name).exists():
            return handle
        handle.close()


def _bury_files(folder: Path) -> None:
    """Delete what runs that were killed left half written in a folder."""
    for path in folder.glob(f"{_UNFINISHED}*.part"):
        with suppress(OSError), path.open("rb") as handle:
            if _locked(handle):
                path.unlink()


def _beside(real: Path, what: str) -> Path:
    name = hashlib.sha256(os.fsencode(real.name)).hexdigest()[:12]
    return real.parent / f"{_UNFINISHED}{name}-{what}"


def _real(path: Path) -> Path:
    """Follow links and dots, and take a name as the disk spells it."""
    try:
        str(path).encode("utf-8")
        real = Path(os.path.realpath(path))
        real.parent.lstat() if real.parent.exists() else None
    except (UnicodeError, ValueError) as error:
        raise OutputError(
            f"cannot write into {_shown(path)}: the name is not text in UTF-8; name another"
        ) from error
    if real.exists() and real.parent != real and real.name not in os.listdir(real.parent):  # noqa: PTH208
        for twin in real.parent.iterdir():
            if twin.name.casefold() == real.name.casefold() and _same(twin, real):
                return twin
    return real


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def _sync(folder: Path) -> None:
    """See a folder's files onto the disk."""
    for place, _, files in os.walk(folder):
        for name in files:
            path = Path(place) / name
            if path.is_symlink() or not path.is_file():
                continue
            with path.open("rb") as handle:
                _fsync(handle.fileno())
        _sync_entry(Path(place))


def _sync_entry(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _fsync(handle)
    finally:
        os.close(handle)


def _fsync(handle: int) -> None:
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise


def _no_folder(out: Path, error: Exception) -> str:
    return (
        f"cannot write into {_shown(out)}: {_reason(error)}. "
        "Name another folder with --out DIR; former outputs there are untouched."
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _shown(path: Path) -> str:
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return text if len(text) <= 300 else f"{text[:297]}..."


_EPOCH = (1980, 1, 1, 0, 0, 0)


def steady_zip(content: bytes) -> bytes:
    """Pack a zip file anew, so that its bytes depend on its contents only."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in old.namelist():
            part = zipfile.ZipInfo(name, _EPOCH)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 3
            part.external_attr = 0o600 << 16
            new.writestr(part, old.read(name))
    return packed.getvalue()
