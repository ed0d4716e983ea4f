"""Many authorities' tasks side by side into one data set, never all again; and their map."""

from __future__ import annotations

import io
import os
import textwrap
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from access.errors import AccessError, OutputError, ParameterError
from access.escape import chart_text
from access.files import (
    RunLedger,
    check_folder,
    one_writer,
    parse_json,
    read_whole,
    sha256_of,
    whole_folder,
    write_file,
)
from access.national.authority import (
    Ask,
    _gather,
    _Gathered,
    _measure_authority,
    _Outcome,
    _parquet_bytes,
    _part_paths,
    _streets_of,
    _Task,
    _TooSlowError,
    _unasked_of,
)
from access.run.summary import safe_cells
from access.units import metric_crs, project

# A map of every authority's areas by what a rule does, and the ten places it hurts most.

#: Upper ends of the classes of added minutes; the last is open.
_CLASSES = (0.0, 5.0, 10.0, 20.0, 40.0)
#: Grey where nothing changes, then darker with harm, also in black and white.
_COLOURS = ("#d9d9d9", "#fdd49e", "#fdbb84", "#fc8d59", "#d7301f", "#7f0000")
_PLACES = 10


def _worst(options: pd.DataFrame, option: str, most: int = _PLACES) -> pd.DataFrame:
    """List the authorities whose families a rule adds most minutes to; no others are hurt.

    Parameters
    ----------
    options : DataFrame
        As `access.national.authority._measure_authority` gives, all authorities together.
    option : str
    most : int

    Returns
    -------
    DataFrame
        ``authority name service mean_added_all moved families``, the worst first.
    """
    columns = ["authority", "name", "service", "mean_added_all", "moved", "families"]
    own = options[(options["option"] == option) & (options["mean_added_all"] > 0)]
    order = own.sort_values(
        ["mean_added_all", "authority", "service"], ascending=[False, True, True]
    )
    return pd.DataFrame(order[columns]).head(most).reset_index(drop=True)


def _picture(
    areas: pd.DataFrame, options: pd.DataFrame, option: str, told: Sequence[str] = ()
) -> bytes:
    """Draw every area by the minutes that a rule adds, as PNG.

    Parameters
    ----------
    areas : DataFrame
        ``authority lon lat added_minutes`` of one option.
    options : DataFrame
    option : str
    told : sequence of str
        What the figures rest on, printed below the map.

    Returns
    -------
    bytes
        The same for the same tables.
    """
    crs = metric_crs(float(areas["lon"].mean()), float(areas["lat"].mean()))
    xy = project(areas["lon"], areas["lat"], crs)
    added = areas["added_minutes"].to_numpy(float)
    figure = Figure(figsize=(8.0, 9.5), dpi=150)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.02, 0.08, 0.66, 0.83))
    norm = BoundaryNorm([-1e-9, *(c + 1e-9 for c in _CLASSES), np.inf], len(_COLOURS))
    order = np.argsort(added, kind="stable")  # harm lies on top
    size = float(np.clip(40_000 / max(len(added), 1), 0.6, 40))
    drawn = np.where(np.isfinite(added), added, 1e6)[order]
    axes.scatter(xy[order, 0], xy[order, 1], c=drawn, s=size, linewidths=0,
                 cmap=ListedColormap(_COLOURS), norm=norm, rasterized=True)  # fmt: skip
    axes.set_aspect("equal")
    axes.axis("off")
    hurt = _worst(options, option)
    moved, families = (float(options.loc[options["option"] == option, c].sum())
                       for c in ("moved", "families"))  # fmt: skip
    once = _once_a_service(options)
    figure.text(0.03, 0.955, chart_text(f"{moved:,.0f} of {families:,.0f} would travel further "
                f"(rule: {option})"), fontsize=13, weight="bold")  # fmt: skip
    figure.text(0.03, 0.93, chart_text(f"{len(areas):,} areas{once}; minutes added to the nearest "
                "open site"), fontsize=9)  # fmt: skip
    for k, words in enumerate(_class_words()):
        figure.text(0.72, 0.86 - 0.025 * k, "\u25a0", color=_COLOURS[k], fontsize=12)
        figure.text(0.75, 0.86 - 0.025 * k, words, fontsize=9)
    figure.text(0.72, 0.66, "Hurt most, mean minutes\nadded per family:", fontsize=9, weight="bold",
                va="top")  # fmt: skip
    for k, row in enumerate(hurt.itertuples()):
        words = f"{k + 1}. {str(row.name)[:24]}: {_minutes(row.mean_added_all)}"
        figure.text(0.72, 0.61 - 0.024 * k, chart_text(words), fontsize=8.5)
        at = xy[(areas["authority"] == row.authority).to_numpy()].mean(axis=0)
        axes.annotate(str(k + 1), at, fontsize=8, weight="bold", ha="center", va="center",
                      bbox={"boxstyle": "circle,pad=0.15", "fc": "white", "lw": 0.6})  # fmt: skip
    lines = [line for text in told for line in textwrap.wrap(text, 150)]
    figure.text(0.03, 0.008, chart_text("\n".join(lines)), fontsize=6.5, va="bottom")
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _minutes(added: Any) -> str:
    """Write minutes that are some, so that they never read as none."""
    return f"{added:.1f}" if added >= 0.05 else "less than 0.1"


def _once_a_service(options: pd.DataFrame) -> str:
    """Say that who has several services is counted for each, where there are several."""
    services = options["service"].nunique()
    return f", counted once for each of {services} services" if services > 1 else ""


def _class_words() -> list[str]:
    between = [f"over {a:g} to {b:g}" for a, b in pairwise(_CLASSES)]
    return ["no change", *between, f"over {_CLASSES[-1]:g}, or out of reach"]


# ------------------------------------------------------------------------------
# Doing many tasks side by side, each into its own part of one data set, and never all again.
#
# A part is written beside its place and renamed; one that is there is not worked out a second
# time, so a run that was killed goes on where it was. What fails is a row of `failures.csv` and
# stops nothing: neither another authority nor another rule. The ledger names every part with its
# hash: the same from one worker or fifty.

#: How often a task is tried whose worker process died under it.
_TRIES = 2
_LONGEST_WHY = 1000
#: The largest ledger that is read, bytes.
_MOST_LEDGER = 200_000_000
#: Seconds between two words of progress.
_EVERY_S = 5.0


@dataclass(frozen=True)
class _Failure:
    """What could not be asked of an authority, and why; every rule where none is named."""

    authority: str
    name: str
    service: str
    rule: str
    why: str

    @property
    def part(self) -> str:
        """Name what is left out."""
        return " ".join(filter(None, (self.authority, self.service, self.rule)))


@dataclass(frozen=True)
class _National:
    """What a run over many authorities came to.

    Parameters
    ----------
    folder : Path
    rules : tuple of str
        As they were asked.
    rests_on : tuple of str
        What every figure rests on, in words.
    outcomes : tuple of Outcome
        One a task, done, found done, or failed; sorted by authority and service.
    options : DataFrame
        One row an authority, service and option.
    """

    folder: Path
    rules: tuple[str, ...]
    rests_on: tuple[str, ...]
    outcomes: tuple[_Outcome, ...]
    options: pd.DataFrame

    @property
    def failures(self) -> tuple[_Failure, ...]:
        """What is left out, each with its reason."""
        return tuple(
            _Failure(o.authority, o.name, o.service, rule, why)
            for o in self.outcomes
            for rule, why in o.reasons.items()
        )

    @property
    def done(self) -> int:
        """How many were asked at least one rule."""
        return sum(bool(o.files) for o in self.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """Give the run in plain values, as ``--json`` prints it."""
        return {
            "folder": str(self.folder),
            "done": self.done,
            "failed": [{"authority": f.authority, "service": f.service, "rule": f.rule,
                        "why": f.why} for f in self.failures],
            "rows": sum(o.rows for o in self.outcomes),
            "options": [self._totals(name) for name in self.answered],
            "assumptions": list(self.rests_on),
        }  # fmt: skip

    def to_text(self) -> str:
        """Say in plain words what came out and where it lies."""
        lines = [f"{self.done:,} of {len(self.outcomes):,} done; "
                 f"{sum(o.rows for o in self.outcomes):,} rows in {self.folder}"]  # fmt: skip
        for name in self.answered:
            row = self._totals(name)
            lines.append(
                f"{name}: {row['sites_closed']:,} of {row['sites']:,} sites close, "
                f"{row['moved']:,.0f} of {row['families']:,.0f} would travel further"
                f"{_once_a_service(self.options)}"
            )
            lines += [
                f"  {k + 1}. {w.name} ({w.service}): {_minutes(w.mean_added_all)} min more on "
                "average"
                for k, w in enumerate(_worst(self.options, name).itertuples())
            ]
        return "\n".join([*lines, "", *self.rests_on[:4]])  # fmt: skip

    @property
    def answered(self) -> list[str]:
        """Rules that some authority could be asked, as they were asked."""
        met = set() if self.options.empty else {*self.options["option"]}
        return [rule for rule in self.rules if rule in met]

    def _totals(self, name: str) -> dict[str, Any]:
        own = self.options[self.options["option"] == name]
        return {
            "option": name,
            "sites": int(own["sites_before"].sum()),
            "sites_closed": int(own["sites_closed"].sum()),
            "families": float(own["families"].sum()),
            "moved": float(own["moved"].sum()),
        }


def run_national(
    source: Path,
    out: Path,
    ask: Ask,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    pool: bool = False,
    cache: str = "",
    progress: Callable[[str], None] = lambda step: None,
) -> _National:
    """Put the same question to every authority, and write one data set.

    Parameters
    ----------
    source : Path
        National tables or study folders: see `access.national.authority._gather`.
    out : Path
        New, empty, or the folder of a former run, whose finished parts are kept.
    ask : Ask
    workers : int, optional
        Processes at once; as many as cores and memory allow when not given.
    scheduler : str, optional
        Address of a Dask scheduler that runs already; it must see the same folders.
    pool : bool
        Use Python's own process pool even where Dask is installed.
    cache : str
        Folder for networks of street extracts.
    progress : callable
        Told each step in words.

    Returns
    -------
    National

    Raises
    ------
    AccessError
        If the question or the tables are wrong, or the folder cannot be used. An authority that
        fails raises nothing: it is in `National.failures`.
    """
    if workers is not None and workers < 1:
        raise ParameterError(f"--workers is {workers}; expected 1 or more")
    if pool and scheduler:
        raise ParameterError("--pool and --scheduler exclude each other")
    progress("reading the tables of every authority")
    found = _gather(source, ask, cache=cache)
    _check_ours(
        check_folder(out, [source, *ask.streets, *([ask.closures] if ask.closures else [])])
    )
    with one_writer(out):
        _mark(out, ask, found)
        waiting = [task for task in found.tasks if not _done(out, task)]
        if len(waiting) < len(found.tasks):
            kept = len(found.tasks) - len(waiting)
            progress(f"{kept:,} of {len(found.tasks):,} are there from a former run")
        failed: dict[str, _Outcome] = {}
        if waiting:
            _build_streets(waiting, progress)
            many = _workers_for(waiting, workers)
            do = _with_pool if pool or not _has_dask(scheduler) else _with_dask
            failed = _told(do(waiting, out, many, scheduler, progress), len(waiting), progress)
        progress("gathering what came out")
        return _finish(out, ask, found, failed)


def _workers_for(tasks: Sequence[_Task], asked: int | None = None) -> int:
    """Say how many processes the cores and the memory allow at once, at least one."""
    need = max(task.bytes_needed for task in tasks)
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        cores = len(os.sched_getaffinity(0))
    except (AttributeError, ValueError, OSError):  # not on every system
        free, cores = need * (os.cpu_count() or 1), os.cpu_count() or 1
    return max(min(asked or cores, int(free * 0.8 // need), len(tasks)), 1)


def _check_ours(out: Path) -> None:
    """Refuse the folder of a run of another kind: its files would stand among the parts."""
    try:
        held = parse_json(read_whole(out / "ledger.json", _MOST_LEDGER))
    except (OSError, ValueError):  # there is none: the folder is new or empty
        return
    command = held.get("command") if isinstance(held, Mapping) else None
    if not isinstance(command, Mapping) or command.get("command") != "national":
        raise OutputError(
            f"{out} holds a run of another kind; nothing was written. Name a new folder with "
            "--out, or one that `access national` wrote."
        )


def _mark(out: Path, ask: Ask, found: _Gathered) -> None:
    """Make the folder a run's own before there is a result, so that it can be gone on with."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write into {out}: {error.strerror or error}") from error
    if not (out / "ledger.json").exists():
        nothing = _National(out, ask.rules, found.assumptions, (), pd.DataFrame())
        _write_ledger(out, out / "ledger.json", ask, found, nothing)


def _held(out: Path, task: _Task) -> _Outcome | None:
    """Find a task's two parts, if both are there and whole, and what they could not answer."""
    paths = _part_paths(task)
    try:
        rows = pq.read_metadata(out / paths["areas"]).num_rows
        unasked = _unasked_of(pq.read_metadata(out / paths["options"]))
    except (OSError, ValueError):
        return None
    files = {path: sha256_of(out / path) for path in paths.values()}
    return _Outcome(
        task.authority, task.name, task.service, task.key, files=files, rows=rows, unasked=unasked
    )


def _done(out: Path, task: _Task) -> bool:
    """Tell whether each rule of a task was answered, or is known not to be asked."""
    held = _held(out, task)
    if held is None:
        return False
    options = pq.ParquetFile(out / _part_paths(task)["options"]).read(columns=["option"])
    return {*options["option"].to_pylist(), *held.unasked} >= {*task.rules}


def _work(task: _Task, out: str) -> _Outcome:
    """Do one task and write its parts; every failure becomes words, none stops the others.

    A rule that fails for a reason of this machine leaves no part: it is asked again another time.
    """
    told: dict[str, Exception] = {}
    why = ""
    try:
        areas, options = _measure_authority(task, told.__setitem__)
        unasked = {rule: _words_of(error) for rule, error in told.items()}
        kept = {r: w for r, w in unasked.items() if _lasts(told[r])}
        parts = {"areas": _parquet_bytes(areas), "options": _parquet_bytes(options, kept)}
        for table, part in parts.items() if len(options) else ():  # options last: it is whole
            place = Path(out) / _part_paths(task)[table]
            place.parent.mkdir(parents=True, exist_ok=True)
            write_file(place, part)
    except Exception as error:
        why, unasked = _words_of(error), {}
    return _Outcome(task.authority, task.name, task.service, task.key, why, unasked=unasked)


def _lasts(error: Exception) -> bool:
    """Tell whether the same tables would always fail so: not for want of time or memory."""
    return isinstance(error, AccessError) and not isinstance(error, _TooSlowError)


def _words_of(error: Exception) -> str:
    """Say why something failed."""
    if isinstance(error, AccessError):
        return str(error)[:_LONGEST_WHY]
    if isinstance(error, MemoryError):
        return "the memory of this machine was not enough"
    return f"a fault of the program: {type(error).__name__}: {error}"[:_LONGEST_WHY]


def _build_streets(tasks: Sequence[_Task], progress: Callable[[str], None]) -> None:
    """Read each extract once, before the workers that share its network."""
    seen = set()
    for task in tasks:
        made_of = task.streets, task.walk_km_h
        if task.streets and task.cache and made_of not in seen:
            seen.add(made_of)
            progress(f"building the streets of {Path(task.streets).name}")
            with suppress(AccessError):  # its tasks say so, each in its own row
                _streets_of(task)


def _has_dask(scheduler: str | None) -> bool:
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        if scheduler:
            raise ParameterError(
                "--scheduler needs Dask: pip install 'family-access[national]'"
            ) from error
        return False
    return True


_Done = Iterator[_Outcome]


def _with_pool(
    tasks: Sequence[_Task], out: Path, workers: int, _: str | None, progress: Callable[[str], None]
) -> _Done:
    """Use Python's own processes; one that dies is told from the others by working it alone."""
    progress(f"{len(tasks):,} tasks on {workers} process(es)")
    suspects: list[_Task] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        futures = {processes.submit(_work, task, str(out)): task for task in tasks}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                suspects.append(futures[future])
    for task in suspects:  # one process died and took the others along: whose, each alone shows
        yield _by_itself(task, out)


def _by_itself(task: _Task, out: Path) -> _Outcome:
    for _ in range(_TRIES):
        with (
            suppress(BrokenProcessPool),
            ProcessPoolExecutor(1, mp_context=get_context("spawn")) as one,
        ):
            return one.submit(_work, task, str(out)).result()
    return _died(task)


def _died(task: _Task) -> _Outcome:
    why = "its process ended (killed, or out of memory) each time it was tried"
    return _Outcome(task.authority, task.name, task.service, task.key, why)


def _with_dask(
    tasks: Sequence[_Task], out: Path, workers: int, scheduler: str | None,
    progress: Callable[[str], None],
) -> _Done:  # fmt: skip
    """Use a Dask scheduler that runs, or a cluster of processes on this machine."""
    import dask
    import distributed

    with_types: Any = distributed  # it has none of its own

    settings = {
        "distributed.scheduler.allowed-failures": _TRIES - 1,
        "distributed.worker.daemon": True,
    }
    place = str(out.resolve())
    with dask.config.set(settings):
        cluster = None if scheduler else with_types.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0,
            host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50,
        )  # fmt: skip
        try:
            with with_types.Client(scheduler or cluster) as client:
                board = f" (dashboard: {client.dashboard_link})" if client.dashboard_link else ""
                progress(f"{len(tasks):,} tasks on {scheduler or f'{workers} process(es)'}{board}")
                futures = {
                    client.submit(_work, task, place, key=f"{task.authority}-{task.key}"): task
                    for task in tasks
                }
                suspects: list[_Task] = []
                for future in with_types.as_completed(futures):
                    try:
                        yield future.result()
                    except Exception:
                        suspects.append(futures[future])
                for task in suspects:  # a worker died with several: whose fault, each alone shows
                    yield _alone(client, task, place)
        except OSError as error:
            raise ParameterError(
                f"no Dask scheduler answers at {scheduler}: {error}; expected an address such as "
                "tcp://10.0.0.5:8786"
            ) from error
        finally:
            if cluster is not None:
                cluster.close()


def _alone(client: Any, task: _Task, place: str) -> _Outcome:
    try:
        outcome: _Outcome = client.submit(_work, task, place, key=f"{task.key}-alone").result()
    except Exception:  # KilledWorker and whatever a cluster says
        return _died(task)
    return outcome


def _told(done: _Done, total: int, progress: Callable[[str], None]) -> dict[str, _Outcome]:
    """Say how many are done and about how long the rest takes; give the failures by task."""
    start, last = time.monotonic(), 0.0
    failed: dict[str, _Outcome] = {}
    for many, outcome in enumerate(done, 1):
        if outcome.reasons:
            failed[outcome.key] = outcome
        now = time.monotonic()
        if now - last > _EVERY_S or many == total:
            left = (now - start) / many * (total - many) / 60
            rest = "" if many == total else f", about {left:.1f} minutes left"
            progress(f"{many:,} of {total:,} done, {len(failed):,} failed{rest}")
            last = now
    return failed


def _finish(out: Path, ask: Ask, found: _Gathered, failed: Mapping[str, _Outcome]) -> _National:
    """Gather what is there into a whole new folder, without the parts of former questions."""
    outcomes = [*found.left_out]
    for task in found.tasks:
        lost = _Outcome(task.authority, task.name, task.service, task.key,
                       "its parts cannot be read")  # fmt: skip
        told, held = failed.get(task.key), _held(out, task)
        if held is not None:
            unasked = {**held.unasked, **(told.unasked if told else {})}
            held = replace(held, unasked={r: unasked[r] for r in task.rules if r in unasked})
        outcomes.append(held or told or lost)
    outcomes.sort(key=lambda o: (o.authority, o.service))
    ours = {path for outcome in outcomes for path in outcome.files}
    _clear_unlisted(out, ours)
    national = _National(
        out, ask.rules, found.assumptions, tuple(outcomes), _options(out, outcomes)
    )
    columns = ["authority", "name", "service", "rule", "why"]
    why = pd.DataFrame([asdict(f) for f in national.failures], columns=columns)
    with whole_folder(out, keeps=ours) as work:
        _write_table(work / "failures.csv", why)
        _write_table(work / "options.csv", national.options)
        for option in national.answered:
            areas = _area_table(out, outcomes, option)
            picture = _picture(areas, national.options, option, found.assumptions[:2])
            write_file(work / f"map-{option}.png", picture)
            _write_table(work / f"worst-{option}.csv", _worst(national.options, option))
        _write_ledger(work, work / "ledger.json", ask, found, national)
    return national


def _clear_unlisted(out: Path, ours: Collection[str]) -> None:
    """Clear away parts of former questions that were never finished: no ledger lists them."""
    listed = parse_json(read_whole(out / "ledger.json", _MOST_LEDGER))["outputs"]
    for table in ("areas", "options"):
        for path in sorted((out / table).glob("*/*")):
            name = path.relative_to(out).as_posix()
            if name not in ours and name not in listed:
                path.unlink()
                with suppress(OSError):
                    path.parent.rmdir()


def _write_table(path: Path, table: pd.DataFrame) -> None:
    write_file(path, safe_cells(table).to_csv(index=False, lineterminator="\n").encode())


def _options(out: Path, outcomes: Sequence[_Outcome]) -> pd.DataFrame:
    tables = []
    for outcome in outcomes:
        for path in outcome.files:
            if path.startswith("options/"):
                table = pq.ParquetFile(out / path).read().to_pandas()
                table.insert(0, "authority", outcome.authority)
                tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _area_table(out: Path, outcomes: Sequence[_Outcome], option: str) -> pd.DataFrame:
    """Read what a picture needs of every area under one option."""
    tables = []
    for outcome in outcomes:
        for path in outcome.files:
            if path.startswith("areas/"):
                columns = ["lon", "lat", "added_minutes", "option"]
                table = pq.ParquetFile(out / path).read(columns=columns).to_pandas()
                table = table[table["option"] == option].assign(authority=outcome.authority)
                tables.append(table)
    joined: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return joined


def _write_ledger(
    folder: Path, path: Path, ask: Ask, found: _Gathered, national: _National
) -> None:
    parameters: dict[str, Any] = {
        "rules": list(ask.rules), "share": ask.share, "service": ask.service or "every",
        "mode": ask.mode, "national_areas": ask.national_areas,
        "streets": [p.name for p in ask.streets] or "modelled",
    }  # fmt: skip
    files = {path: sha for o in national.outcomes for path, sha in o.files.items()}
    extra = {p.name: sha256_of(p) for p in sorted(folder.glob("[!.]*.*"))}
    ledger = RunLedger(
        {"command": "national"}, found.inputs, parameters,
        counts={"tasks": len(found.tasks), "done": national.done,
                "rows": sum(o.rows for o in national.outcomes)},
        assumptions=found.assumptions, outputs=files | extra,
        left_out=tuple({"part": f.part, "reason": f.why} for f in national.failures),
    )  # fmt: skip
    write_file(path, ledger.to_json().encode())
