"""What every test may lean on: real data, no socket beyond this machine, the same draws.

Random cases are the same in every run, so that a red run can be had again. To look for new ones:
``HYPOTHESIS_PROFILE=explore pytest tests/property``.

What a test needs and a machine may lack is decided here alone: `lacking` skips it on a person's
machine and fails it where the environment variable ``CI`` is set.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False, print_blob=True)
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need real data, so that a checkout without may leave them out by name."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real_data)


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


# ---- what no test may do


@pytest.fixture(autouse=True)
def no_outside_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that is not to this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        host = address[0] if isinstance(address, tuple) else ""
        if self.family in (socket.AF_INET, socket.AF_INET6) and host not in ("127.0.0.1", "::1"):
            raise RuntimeError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
