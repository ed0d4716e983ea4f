"""Everything that must pass: lint, format, types, doctests and tests, side by side.

Run from the repository's root:

- ``python -m tests fast``: lint, format and the quick tests, while one works (under a minute);
- ``python -m tests``: everything, before one hands over (about five minutes on two cores);
- ``python -m tests measure``: everything, and write anew which tests are slow (`tests/slow.txt`).

Further words go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORES = os.cpu_count() or 1
SLOW_SECONDS = 0.2
QUICK = "not slow and not browser"
LINT = {
    "lint": ["ruff", "check", "access", "tests"],
    "format": ["ruff", "format", "--check", "access", "tests"],
}


def spread(workers: int) -> list[str]:
    """Share files of tests among so many processes; each first takes seconds to find all tests."""
    return ["-n", str(min(4, workers)), "--dist", "loadscope", "--no-loadscope-reorder"]


#: One more than there are cores, for one often waits: for a browser, or for another's run.
ALL = spread(CORES + 1)


def steps(words: list[str]) -> dict[str, list[str]]:
    """Name the steps that the words ask for; the last one is shown as it goes."""
    if words[:1] == ["fast"]:
        return {**LINT, "tests": ["pytest", *spread(CORES), "-m", QUICK, *words[1:]]}
    return {**LINT, "types": ["mypy"], "tests": ["pytest", *ALL, *words]}


def main(words: list[str]) -> int:
    """Run every step, also after one failed; 0 only if all passed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is compiled once need not be again
    if words[:1] == ["measure"]:
        return measure(words[1:])
    began = time.monotonic()
    *beside, (last, command) = steps(words).items()
    with tempfile.TemporaryDirectory() as folder:
        running = [(*step, *_start(*step, Path(folder))) for step in beside]
        print(f"== {last}: {' '.join(command)}", flush=True)
        failed = []
        if subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode:
            failed.append(last)
        for name, step, process, said in running:
            print(f"== {name}: {' '.join(step)}", flush=True)
            if process.wait():
                failed.append(name)
            print(said.read_text(encoding="utf-8"), end="", flush=True)
    print(f"== {'failed: ' + ', '.join(failed) if failed else 'all passed'}")
    print(f"== {time.monotonic() - began:.0f} seconds", flush=True)
    return 1 if failed else 0


def _start(name: str, command: list[str], folder: Path) -> tuple[subprocess.Popen, Path]:
    """Start a step beside the others; what it says goes into a file, to be shown at the end."""
    path = folder / name
    with path.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT
        )
    return process, path


def measure(words: list[str]) -> int:
    """Run every test, and list those whose cases take 0.2 seconds of a processor or more."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TESTS_SECONDS_IN"] = folder
        code = subprocess.run([sys.executable, "-m", "pytest", *ALL, *words], cwd=ROOT).returncode
        seconds: Counter[str] = Counter()
        in_all: Counter[str] = Counter()
        for kept in Path(folder).iterdir():
            for line in kept.read_text(encoding="utf-8").splitlines():
                taken, waited, name = line.split(" ", 2)
                seconds[name.partition("[")[0]] += float(taken)
                in_all[name.partition("[")[0]] += float(waited)
    slow = sorted(
        f"{name} {max(1, round(in_all[name]))}"
        for name, taken in seconds.items()
        # what ends in a test's time, as a browser does at the end, was busy before
        if min(taken, CORES * in_all[name]) >= SLOW_SECONDS or in_all[name] >= 15 * SLOW_SECONDS
    )
    (ROOT / "tests" / "slow.txt").write_text("\n".join([*slow, ""]), encoding="utf-8")
    print(f"== {sum(seconds.values()):.0f} seconds of a processor, {len(slow)} slow tests")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
