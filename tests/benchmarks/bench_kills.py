"""Kill commands while they write, many times, and count what stands in the folder afterwards.

    python tests/benchmarks/bench_kills.py [AT_ANY_MOMENT [IN_THE_LAST_STEP [OF_THE_OTHERS]]]

The study is the small one of `access new`, and one picture stands for all, for drawing them takes
most of the time and tells nothing of kills. Two runs differ by the title; after each kill the
folder must hold the one or the other, whole, and after the next start no trace of the dead. In the
last step, where the new folder takes the old one's place, the files are copies of a whole run's.
The others are `access report`, `compare`, `site` and `map`, each killed so many times.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import access.files
from access.cli import main as command_line
from access.files import _UNFINISHED, sha256_of, whole_folder
from access.run import run_job, write_outputs
from access.sources.folder import new_study
from access.study import load_study
from tests.conftest import one_picture

_STEPS = ("rename", "link", "unlink", "rmdir", "fsync", "open")
Write = Callable[[Path], object]


def print_of(folder: Path) -> dict[str, str]:
    """Hash every file of a folder."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): sha256_of(p) for p in files}


def killed_after(write: Write, out: Path, seconds: float) -> bool:
    """Kill a command so long after it began; whether it was still at it."""
    child = os.fork()
    if not child:
        write(out)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def killed_at_step(whole: Path, out: Path, step: int, *, swap: bool) -> bool:
    """Kill a run at a step of putting the new folder into its place and clearing up."""
    child = os.fork()
    if not child:
        if not swap:
            access.files._exchange = lambda one, other: False  # as where the system cannot
        switch, count = access.files._switch, 0

        def deadly(real):
            def call(*given, **named):
                nonlocal count
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given, **named)

            return call

        def last_step(*given):
            for name in _STEPS:
                setattr(os, name, deadly(getattr(os, name)))
            switch(*given)

        access.files._switch = last_step
        with whole_folder(out) as work:
            shutil.copytree(whole, work, dirs_exist_ok=True)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def said_to_nobody(*words: object, out: Path) -> None:
    """Give a command to the command line, as a user does, and let it speak to nobody."""
    sys.argv = ["access", *map(str, words), "--out", str(out)]
    nowhere = io.StringIO()
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            command_line()
        except SystemExit as ended:
            assert not ended.code, (words, ended.code)


def writers(home: Path) -> dict[str, tuple[Write, Write]]:
    """Name the commands, each twice with another answer."""
    studies = []
    for title in ("one", "other"):
        new_study(home / title)
        settings = home / title / "study.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("An example", title), encoding="utf-8")
        studies.append(home / title)

    def told(*words: object) -> tuple[Write, Write]:
        one, other = (
            lambda out, s=s: said_to_nobody(words[0], s, *words[1:], out=out) for s in studies
        )
        return one, other

    one, other = (partial(write_outputs, run_job(load_study(study))) for study in studies)
    return {
        "run": (one, other),
        "report": told("report", "--draws", 0),
        "compare": told("compare", "--close", "C1"),
        "site": told("site", "--hubs", 2),
        "map": told("map"),
    }


def main(at_any_moment: int = 60, in_the_last_step: int = 40, of_the_others: int = 0) -> int:
    """Kill, look, start again, look again; print the counts and give the mixtures."""
    draw, mixed = random.Random(1), Counter()
    with tempfile.TemporaryDirectory() as place, one_picture():
        home = Path(place)
        for name, pair in writers(home).items():
            moments, steps = (
                (at_any_moment, in_the_last_step) if name == "run" else (of_the_others, 0)
            )
            if moments + steps:
                mixed[name] = _mixtures(name, pair, home, moments, steps, draw)
    print(f"{at_any_moment + in_the_last_step} kills of a run, {in_the_last_step} of them in the "
          f"last step: {mixed.pop('run', 0)} mixtures")  # fmt: skip
    if of_the_others:
        print(", ".join(f"{of_the_others} of {name}: {n}" for name, n in mixed.items()))
    return sum(mixed.values())


def _mixtures(
    name: str, pair: tuple[Write, Write], home: Path, moments: int, steps: int, draw: random.Random
) -> int:
    """Kill one command so often, print what was found, and give the mixtures."""
    counts: Counter[str] = Counter()
    prints, seconds = [], 0.0
    for number, write in enumerate(pair):
        began = time.perf_counter()
        write(home / f"{name}-{number}")
        seconds = time.perf_counter() - began  # the second is as quick as a child will be
        prints.append(print_of(home / f"{name}-{number}"))
    assert prints[0] != prints[1]
    out = home / f"{name}-out"
    pair[0](out)
    for kill in range(moments + steps):
        new = int(print_of(out) == prints[0])
        if kill < moments:
            kind = "any moment"
            dead = killed_after(pair[new], out, draw.uniform(0, seconds))
        else:
            step = kill - moments
            kind = "two renames" if step % 2 else "one swap"
            dead = killed_at_step(home / f"{name}-{new}", out, 1 + step // 2, swap=not step % 2)
        counts[f"{kind}: {'killed' if dead else 'done'}"] += 1
        counts[f"{kind}: {_state(out, prints)} at once"] += 1
        with whole_folder(out, adds=True):
            pass  # the next start
        counts[f"{kind}: {_state(out, prints)} after the next start"] += 1
        counts["left over"] += len(list(home.rglob(f"{_UNFINISHED}*")))
    for words, number in sorted(counts.items()):
        print(f"{number:5}  {name}, {words}", flush=True)
    return sum(number for words, number in counts.items() if "MIXED" in words)


def _state(out: Path, prints: list[dict[str, str]]) -> str:
    found = print_of(out)
    return "whole" if found in prints else "MIXED" if found else "away"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > 0)
