"""What is made once a process for all tests: each wraps what makes it, and takes its place."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from functools import wraps
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer.main

from access.analysis import hub_plans, hubs, job
from access.analysis.analysis import Analysis
from access.national import authority
from access.release import with_policy
from access.study import study as study_module
from access.study.study import Study

#: Where all workers keep what was found of the embedded study's hubs.
SEARCHED: list[Path] = []
_SEARCHES = ((hubs, "hub_search", hubs.hub_search), (hub_plans, "choose", hub_plans.choose))


def _once(measure: Callable[..., Any]) -> Callable[..., Any]:
    """Measure the embedded study on its own streets once a process; anything else as ever.

    Dozens of tests and examples ask it; that it is measured alike each time is shown by processes
    of their own (`tests/cli/test_run.py`).
    """
    kept: dict[bytes, Any] = {}

    @wraps(measure)
    def measured(study: Study, *, network: Path | None = None, **rest: Any) -> Any:
        if network is not None or study.streets is not None or not study.is_embedded:
            return measure(study, network=network, **rest)
        given = pickle.dumps([getattr(study, field.name) for field in fields(study)])
        key = hashlib.sha256(given).digest()  # another setting or table is another study
        if key not in kept:
            kept[key] = measure(study, **rest)
        return replace(kept[key], study=with_policy(study))

    return measured


def _read_once(read: Callable[..., Any]) -> Callable[..., Any]:
    """Read and check a table once a process: a table is its name, its bytes and what is asked."""
    kept: dict[tuple[Any, ...], tuple[Any, tuple[Any, ...]]] = {}

    @wraps(read)
    def table(path: Path, kind: str, more: Any = None, needed: Any = ()) -> Any:
        if not path.is_file() or path.is_symlink() or path.stat().st_size > _MOST_KEPT_BYTES:
            return read(path, kind, more, needed)  # a pipe is never opened twice
        asked = [(name, _column_words(column)) for name, column in (more or {}).items()]
        content = hashlib.sha256(path.read_bytes()).digest()
        key = (path.name, content, kind, tuple(asked), frozenset(needed))
        if key not in kept:
            frame, faults = read(path, kind, more, needed)
            kept[key] = frame, tuple(faults)
        frame, found = kept[key]
        return frame.copy(), list(found)  # a caller may add to either

    return table


_MOST_KEPT_BYTES = 2_000_000


def _loaded_once(load: Callable[[Path], Study]) -> Callable[[Path], Study]:
    """Load a study once a process: a study is its files' names and bytes, wherever they lie."""
    kept: dict[tuple[Any, ...], Study] = {}

    def loaded(folder: Path) -> Study:
        files = sorted(folder.iterdir())
        if not all(map(_is_plain, files)):
            return load(folder)
        key = tuple((f.name, hashlib.sha256(f.read_bytes()).digest()) for f in files)
        if key not in kept:
            kept[key] = load(folder)
            if len(kept) > _MOST_KEPT_STUDIES:
                del kept[next(iter(kept))]
        return _another(kept[key], folder)

    return loaded


_MOST_KEPT_STUDIES = 50


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_KEPT_BYTES


def _another(study: Study, folder: Path) -> Study:
    """Give the same study in a folder, with tables of its own: a caller may change either."""
    own: dict[str, Any] = {
        field.name: value.copy()
        for field in fields(study)
        if isinstance(value := getattr(study, field.name), pd.DataFrame | pd.Series)
    }
    feeds = tuple(folder / feed.relative_to(study.folder) for feed in study.timetables)
    inputs = tuple(dict(row) for row in study.inputs)
    return replace(study, folder=folder, timetables=feeds, inputs=inputs, **own)


def _column_words(column: Any) -> tuple[Any, ...]:
    """Say what a column must be, as a key: each check is told apart by what it says it expects."""
    checks = tuple(check.expected for check in column.checks)
    return column.kind, column.required, column.unique, checks


def _commands_once(make: Callable[..., Any]) -> Callable[..., Any]:
    """Read the commands' signatures once, not at every call of the command line in a process."""
    kept: dict[tuple[Any, ...], Any] = {}

    @wraps(make)
    def command(app: typer.Typer) -> Any:
        key = app, len(app.registered_commands), len(app.registered_groups)
        if key not in kept:
            kept[key] = make(app)
        return kept[key]

    return command


def _asked_once(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Ask the embedded study for its hubs once a process and question; anything else as ever."""
    kept: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    @wraps(ask)
    def asked(analysis: Analysis, size: int | None = None, **given: Any) -> Any:
        results = analysis.results
        if given.get("search") or not results.study.is_embedded:
            return ask(analysis, size, **given)
        question = {k: v for k, v in given.items() if k != "progress"}
        told = repr((size, sorted(question.items()), results.study.config))
        key = id(results.matrices), told, hub_plans._drawn  # a file may draw fewer settings
        if key not in kept:  # beside the answer, so that no other object takes its identity
            from tests.notebooks.run_all import once

            with pytest.MonkeyPatch.context() as patch:
                for room, name, real in _SEARCHES if SEARCHED else ():
                    if getattr(room, name) is real:  # no test has put another in its place
                        patch.setattr(room, name, once(real, SEARCHED[0]))
                kept[key] = results.matrices, ask(analysis, size, **given)
        return kept[key][1]

    return asked


study_module._loaded = _loaded_once(study_module._loaded)
study_module.read_table = authority.read_table = _read_once(study_module.read_table)
typer.main.get_command = _commands_once(typer.main.get_command)
# before any module takes the functions by name
job.travel_times, job.measure_study = _once(job.travel_times), _once(job.measure_study)
Analysis._hubs = _asked_once(Analysis._hubs)  # type: ignore[method-assign]
