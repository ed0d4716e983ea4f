"""Running a ledger again, and seeing whether every output comes out the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from access.analysis.job import run_job
from access.errors import Fault, OutputError, StudyError
from access.files import MOST_LEDGER_BYTES, parse_json, read_whole
from access.ledger import sha256_of, versions
from access.network.osm import check_street_file
from access.release import released
from access.run import draw_ahead
from access.run.write import write_outputs
from access.study import Study, load_study

#: The largest ledger that is read, bytes.
_MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class _Replay:
    """What came of running a ledger again.

    Parameters
    ----------
    agree, differ, missing : tuple of str
        Outputs by name: the same bytes, other bytes, not written this time.
    other_versions : tuple of str
        Software whose version is not the ledger's, in words.
    """

    agree: tuple[str, ...]
    differ: tuple[str, ...]
    missing: tuple[str, ...]
    other_versions: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every output came out with the same bytes."""
        return not self.differ and not self.missing

    def sentence(self) -> str:
        """Say the result in words."""
        total = len(self.agree) + len(self.differ) + len(self.missing)
        if self.same:
            return f"All {total} outputs came out the same, byte for byte."
        parts = [f"{len(self.agree)} of {total} outputs came out the same."]
        if self.differ:
            parts.append(f"Different: {', '.join(self.differ)}.")
        if self.missing:
            parts.append(f"Not written: {', '.join(self.missing)}.")
        if self.other_versions:
            parts.append(f"Other versions than then: {'; '.join(self.other_versions)}.")
        return " ".join(parts)


def replay(
    ledger_file: Path,
    *,
    study: str | Path | None = None,
    network: Path | None = None,
    timetables: Sequence[Path] = (),
    progress: Callable[[str], None] = lambda step: None,
) -> _Replay:
    """Run a ledger again on the same inputs and compare the outputs' hashes.

    Parameters
    ----------
    ledger_file : Path
        A ``ledger.json``.
    study : str or Path, optional
        Where the study lies; the ``study`` folder beside the ledger, or the embedded study of
        the ledger's name, when not given.
    network : Path, optional
        The street extract, when the ledger names one.
    timetables : sequence of Path
        The GTFS feeds, when the ledger names some, in its order.
    progress : callable

    Returns
    -------
    Replay

    Raises
    ------
    OutputError
        If the file is no ledger, or not one of a whole run.
    StudyError
        If an input is not the one of the ledger; every such file is listed.
    """
    ledger = _read(ledger_file)
    if ledger["command"].get("command") != "run":
        raise OutputError(
            f"{ledger_file} is the ledger of `access {ledger['command'].get('command')}`; only one "
            "that `access run` wrote can be run again as a whole: ask its question anew instead"
        )
    if study is None:
        beside = ledger_file.parent / "study"
        study = beside if (beside / "study.toml").exists() else str(ledger["command"]["study"])
    internal = ledger["command"].get("internal") is True
    with (
        released(load_study(study).with_timetables(timetables), internal=internal) as loaded,
        tempfile.TemporaryDirectory() as folder,
    ):
        _check_inputs(ledger, loaded, network or loaded.streets)
        ahead = partial(draw_ahead, progress=progress)
        results = run_job(loaded, network=network, keep=False, progress=progress, meanwhile=ahead)
        again = write_outputs(results, Path(folder), internal=internal, progress=progress).outputs
    then: Mapping[str, str] = ledger["outputs"]
    return _Replay(
        agree=tuple(n for n in sorted(then) if again.get(n) == then[n]),
        differ=tuple(n for n in sorted(then) if n in again and again[n] != then[n]),
        missing=tuple(n for n in sorted(then) if n not in again),
        other_versions=_other_versions(ledger["versions"]),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        ledger: dict[str, Any] = parse_json(read_whole(path, MOST_LEDGER_BYTES))
        _check_shape(ledger)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path} is no ledger ({error}); expected the ledger.json that a run wrote"
        ) from error
    return ledger


def _check_shape(ledger: Any) -> None:
    """Raise ValueError for what does not have a ledger's parts, each of its type."""
    if not isinstance(ledger, dict):
        raise ValueError("it is no table of parts")
    missing = [k for k in ("command", "inputs", "outputs", "versions") if k not in ledger]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    for part in ("command", "outputs", "versions"):
        if not isinstance(ledger[part], dict):
            raise ValueError(f"its part {part} is no table")
    for part in ("outputs", "versions"):
        if not all(isinstance(v, str) for v in ledger[part].values()):
            raise ValueError(f"its part {part} holds something that is no text")
    command = ledger["command"]
    for key in ("command", "study"):
        if not isinstance(command.get(key, ""), str):
            raise ValueError(f"command.{key} is no text")
    if not isinstance(command.get("network") or "", str):
        raise ValueError("command.network is no text")
    feeds = command.get("timetables", [])
    if not isinstance(feeds, list) or not all(isinstance(name, str) for name in feeds):
        raise ValueError("command.timetables is no list of names")
    inputs = ledger["inputs"]
    if not isinstance(inputs, list) or not all(
        isinstance(row, dict) and isinstance(row.get("file"), str)
        and isinstance(row.get("sha256"), str)
        for row in inputs
    ):  # fmt: skip
        raise ValueError("its inputs are no list of files with their sha256")


def _check_inputs(ledger: Mapping[str, Any], study: Study, network: Path | None) -> None:
    here = {row["file"]: row["sha256"] for row in study.inputs}
    street_file = ledger["command"].get("network")
    if street_file is not None and network is None:
        raise StudyError(f"this run used the streets of {street_file}; give them with --network")
    if network is not None:
        check_street_file(network)
        here[str(street_file)] = sha256_of(network)
    feeds = ledger["command"].get("timetables", [])
    if len(feeds) > len(study.timetables):
        raise StudyError(f"this run used {', '.join(feeds)}; give it with --timetable")
    here |= {name: sha256_of(feed) for name, feed in zip(feeds, study.timetables, strict=False)}
    faults = [
        Fault(row["file"], "", "sha256", here.get(row["file"], "not there")[:16],
              f"{row['sha256'][:16]}, as in the ledger")
        for row in ledger["inputs"]
        if here.get(row["file"]) != row["sha256"]
    ]  # fmt: skip
    if faults:
        raise StudyError(f"{len(faults)} input(s) are not those of the ledger", faults)


def _other_versions(then: Mapping[str, str]) -> tuple[str, ...]:
    now = versions()
    return tuple(
        f"{name} {now.get(name, 'not installed')} (then {version})"
        for name, version in sorted(then.items())
        if now.get(name) != version
    )
