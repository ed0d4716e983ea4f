"""What every test may lean on: real data, no socket beyond this machine, the same draws.

Random cases are the same in every run, so that a red run can be had again. To look for new ones:
``HYPOTHESIS_PROFILE=explore pytest tests/property``.

What a test needs and a machine may lack is decided here alone: `lacking` skips it on a person's
machine and fails it where the environment variable ``CI`` is set.
"""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
#: The shell first: the same engine without a window takes half the processor's time.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def pytest_configure(config: pytest.Config) -> None:
    """Say how cases are drawn, before any test is read; who only shares tests out reads none."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        return
    from hypothesis import HealthCheck, settings

    # no example is held to the clock: a busy machine changes nothing but the wait
    calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("same", derandomize=True, **calm)
    settings.register_profile("explore", derandomize=False, print_blob=True, **calm)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


# ---- what a test needs


def lacking(what: str) -> NoReturn:
    """Skip the test for want of something; where CI is set it fails, for there nothing may lack."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: where CI is set, no test is left out", pytrace=False)
    pytest.skip(what)


def need_program(*names: str, package: str) -> str:
    """Give the path of the first of these programs that is installed."""
    path = next((found for name in names if (found := shutil.which(name))), None)
    return path or lacking(f"{names[0]} is not installed (Debian: apt-get install {package})")


def need_module(name: str) -> Path:
    """Give where a module is installed."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        lacking(f"{name} is not installed; it comes with the test extra")
    return Path(spec.origin)


def need_data(relative: str) -> Path:
    """Give the path of a real data file."""
    path = SHARED / relative
    return path if path.exists() else lacking(f"real data file {relative} is not at {SHARED}")


def pdf_text(content: bytes) -> str:
    """Read the words of a PDF back; a form feed ends each page."""
    program = need_program("pdftotext", package="poppler-utils")
    done = subprocess.run([program, "-layout", "-", "-"], input=content, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Give `need_data`: a test that asks for this fixture is marked ``real_data``."""
    return need_data


# ---- marks and order

#: Tests whose cases together take 0.2 seconds or more of a processor, as they are named, with the
#: seconds they took when last measured: ``python -m tests measure`` writes `tests/slow.txt` anew.
SLOW = {
    name: int(seconds)
    for line in (ROOT / "tests" / "slow.txt").read_text(encoding="utf-8").splitlines()
    for name, seconds in [line.rsplit(" ", 1)]
}
#: A test that asks for this fixture gets this mark: it is never forgotten.
MARKS = {"shared_data": "real_data", "chromium": "browser", "firefox": "browser",
         "rotherham_run": "slow", "rotherham_results": "slow", "rotherham_answers": "slow",
         "town_run": "slow", "ran": "slow"}  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path):
    """Look for examples in no file of tests: a tenth of the time to find all tests went there."""
    found = yield
    return [node for node in found if type(node).__name__ != "DoctestModule"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for; files that take longest first, so that all end together."""
    for item in items:
        for fixture in MARKS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKS[fixture])
        if item.nodeid.partition("[")[0] in SLOW or item.nodeid.startswith("access/notebook/"):
            item.add_marker("slow")
    named = {(unit(item.nodeid), item.nodeid.partition("[")[0]) for item in items}
    long: Counter[str] = Counter()
    for own, name in named:
        long[own] += SLOW.get(name, 0)
    units = sorted(long, key=lambda own: (-long[own], own))
    # one worker makes the run that many read; the others begin with what does not wait for it
    asks = (i for i in items if "rotherham_run" in getattr(i, "fixturenames", ()))
    read_it = {unit(item.nodeid) for item in asks}
    first = [own for own in units if own in read_it][:1]
    beside = [own for own in units if own not in read_it][: 2 * len(first)]
    order = {own: k for k, own in enumerate(dict.fromkeys([*first, *beside, *units]))}
    items.sort(key=lambda item: order[unit(item.nodeid)])


def unit(nodeid: str) -> str:
    """Name what one worker does whole: a file, all tests in a browser, all examples of a room."""
    path = nodeid.partition("::")[0]
    folder = path.rpartition("/")[0]
    return folder if folder == "tests/browser" or folder.startswith("access") else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Share the tests out by `unit`: what asks for the same is done by one worker."""
    if config.getvalue("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    return Together(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """Write down a test's seconds where that is asked for: of the processor, and in all."""
    folder = os.environ.get("TESTS_SECONDS_IN")
    before = os.times()
    done = yield
    if folder:
        now = os.times()
        taken = sum(now[:4]) - sum(before[:4])
        with Path(folder, str(os.getpid())).open("a", encoding="utf-8") as kept:
            kept.write(f"{taken:.3f} {now.elapsed - before.elapsed:.3f} {item.nodeid}\n")
    return done


# ---- made once for all workers


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock between processes, which the system lets go when its holder ends."""
    with path.open("a+b") as handle:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
                    break
                except OSError:  # it gives up after ten seconds
                    continue
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, request) -> Callable[[str, Callable[[Path], None]], Path]:
    """Give ``once(name, make)``: the first worker that asks makes the folder, all read it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if hasattr(request.config, "workerinput") else base

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = base / f"shared-{name}", base / f"shared-{name}.done"
        with one_at_a_time(base / f"shared-{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def rotherham_run(made_once) -> Path:
    """Give what `access run` wrote on the embedded study, by the command line, once for all.

    Its outputs are in ``maps/rotherham`` of the folder where it was called, what it said is
    beside them in ``said.txt``, what it measured in ``results.pickle``. Tests read them, and write
    nothing there.
    """
    from access import run

    def make(folder: Path) -> None:
        measure = run.run_job

        def kept(*args, **options):
            results = measure(*args, **options)
            (folder / "results.pickle").write_bytes(pickle.dumps(results))
            return results

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run, "run_job", kept)
            done = call_here(folder, "run", cwd=folder)
        assert done.returncode == 0, done.stderr
        (folder / "said.txt").write_text(done.stdout, encoding="utf-8")

    return made_once("rotherham-run", make)


@pytest.fixture(scope="session")
def town_run(made_once) -> Path:
    """Give what `access run` wrote on the study of `access new`, by the command line, once for all.

    ``my_town`` is the study, ``out`` its outputs, ``said.txt`` what it said. Tests read them.
    """
    from access.sources.folder import new_study

    def make(folder: Path) -> None:
        own = {"PYTHONHASHSEED": "1", "OPENBLAS_CORETYPE": "Haswell"}
        new_study(folder / "my_town")
        done = call_access(folder, "run", "my_town", "--out", "out", cwd=folder, **own)
        assert done.returncode == 0, done.stderr
        (folder / "said.txt").write_text(done.stdout, encoding="utf-8")

    return made_once("town-run", make)


@pytest.fixture(scope="session")
def rotherham_results(rotherham_run):
    """Give what that run measured."""
    return pickle.loads((rotherham_run / "results.pickle").read_bytes())


@pytest.fixture(scope="session")
def rotherham_answers(rotherham_results):
    """Give the answers of a notebook on the embedded study; each is found when first asked."""
    from access.notebook.answers import Answers

    return Answers(rotherham_results)


@contextmanager
def one_picture(*, laid_out: bool = False, but_maps: bool = False) -> Iterator[None]:
    """Take one plain picture a kind for all: for tests of words, tables and files' names.

    ``laid_out`` lays each figure out all the same, and draws none; ``but_maps`` draws those of
    places for real, where only the places are out of the way.
    """
    from access.charts.chart import Chart

    real = Chart._files

    def files_of(self, kinds, titled):
        if but_maps and self.alt.startswith("Map of "):
            return real(self, kinds, titled)
        if laid_out:
            self.figure(titled=titled)
        if lacking := {kind: options for kind, options in kinds.items() if kind not in _PLAIN}:
            plain = Chart("One bar", "One bar.", "", lambda figure, axes: axes.bar([0], [1]))
            _PLAIN.update(zip(lacking, real(plain, lacking, titled), strict=True))
        return [_PLAIN[kind] for kind in kinds]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chart, "_files", files_of)
        yield


#: Drawn once a process, and alike in all.
_PLAIN: dict[str, bytes] = {}


@contextmanager
def each_picture_once() -> Iterator[None]:
    """Draw each picture for real, and not again: for runs that are made once more."""
    from access.charts.chart import Chart

    drawn: dict[str, list[bytes]] = {}
    real = Chart._files

    def files_of(self, kinds, titled):
        told = repr((self.title, self.alt, self.caption, self.size, kinds, titled))
        if told not in drawn:
            drawn[told] = real(self, kinds, titled)
        return drawn[told]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chart, "_files", files_of)
        yield


@contextmanager
def few_draws(most: int = 10) -> Iterator[None]:
    """Draw at most so many settings: for runs of which no test counts how firm they are."""
    from access.analysis import analysis, hub_plans

    ranked, hubs = analysis.robustness, hub_plans._drawn

    def few(*given, draws, **more):
        return ranked(*given, draws=min(draws, most), **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "robustness", few)
        patch.setattr(hub_plans, "_drawn", _fewer(hubs, most))
        yield


@cache
def _fewer(drawn: Callable[..., object], most: int) -> Callable[..., object]:
    """Draw fewer settings of hubs: the same function each time, so that answers are known again."""
    return lambda plans, n, near: drawn(plans, min(n, most), near)


@contextmanager
def no_hubs() -> Iterator[None]:
    """Ask no run where Family Hubs would stand: for tests that look at nothing of them."""
    from access.analysis.analysis import Analysis

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Analysis, "with_hubs", lambda self, *given, **more: self.results)
        yield


@contextmanager
def no_draws() -> Iterator[None]:
    """Draw no settings of what a run ranks: for tests that read nothing of how firm it is."""
    from access.report.robustness import StudyRobustness

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StudyRobustness, "draw", lambda self, **given: {})
        yield


@contextmanager
def plain_pages(*, but: Collection[str] = ()) -> Iterator[None]:
    """Write all that a report holds, laid out on no page: for tests that open none of its files.

    ``but`` names files that are written for real.
    """
    from access.report import board

    def written(document) -> bytes:
        return repr(document).encode()

    with pytest.MonkeyPatch.context() as patch:
        real = {name: write for name, write in board._WRITERS.items() if name in but}
        patch.setattr(board, "_WRITERS", dict.fromkeys(board._WRITERS, written) | real)
        yield


@pytest.fixture(scope="module")
def no_pages() -> Iterator[None]:
    """Lay out no page of any report of a file that opens none."""
    with plain_pages():
        yield


@pytest.fixture(scope="module")
def quick_runs() -> Iterator[None]:
    """Draw one picture a kind and few settings for all runs of a file that looks at neither."""
    with one_picture(), few_draws():
        yield


@pytest.fixture(scope="module")
def settings_few() -> Iterator[None]:
    """Draw few settings for all runs of a file that counts none."""
    with few_draws():
        yield


# ---- the command line, as a user calls it

_MAIN = "from access.cli import main; main()"


def call_access(
    home: Path, *words: object, cwd: Path | None = None, program: str = _MAIN, **settings: str
) -> subprocess.CompletedProcess:
    """Run `access ...` in a process of its own with an empty home, and give what came back."""
    env = {**os.environ, "HOME": str(home / "home"), "COLUMNS": "200", "NO_COLOR": "1", **settings}
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        cwd=cwd or home,
        env=env,
        capture_output=True,
        text=True,
        timeout=1800,
    )


def call_here(
    home: Path, *words: object, cwd: Path | None = None, **settings: str
) -> subprocess.CompletedProcess:
    """Run `access ...` as `call_access` does, but in this process: nothing is imported anew."""
    from access.cli import main

    given = ["access", *map(str, words)]
    said = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said[0]), redirect_stderr(said[1]):
        for name, value in {"COLUMNS": "200", "NO_COLOR": "1", **settings}.items():
            patch.setenv(name, value)
        patch.setenv("HOME", str(home / "home"))
        patch.chdir(cwd or home)
        patch.setattr(sys, "argv", given)
        with pytest.raises(SystemExit) as ended:
            main()
    texts = []
    for stream in said:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))
    return subprocess.CompletedProcess(given, ended.value.code or 0, *texts)


@pytest.fixture
def access_command(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run `access ...` in a folder of its own with an empty home, and give what came back."""
    return partial(call_here, tmp_path)


# ---- what no test may do


@pytest.fixture(scope="session", autouse=True)
def no_outside_sockets() -> Iterator[None]:
    """Refuse every connection that is not to this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1"):
            raise RuntimeError(f"a test tried to reach {address}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
