"""Kill runs while they write, many times, and count what stands in the folder afterwards.

    python tests/benchmarks/bench_kills.py [AT_ANY_MOMENT [IN_THE_LAST_STEP]]

The study is the small one of `access new`, and one picture stands for all, for drawing them takes
most of the time and tells nothing of kills. Two runs differ by the title; after each kill the
folder must hold the one or the other, whole, and after the next start no trace of the dead. In the
last step, where the new folder takes the old one's place, the files are copies of a whole run's.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import access.files
from access.analysis.results import StudyResults
from access.charts.chart import Chart
from access.files import _UNFINISHED, whole_folder
from access.ledger import sha256_of
from access.run import run_job, write_outputs
from access.study import load_study
from access.study.template import new_study

_STEPS = ("rename", "link", "unlink", "rmdir", "fsync", "open")


def print_of(folder: Path) -> dict[str, str]:
    """Hash every file of a folder."""
    return {p.name: sha256_of(p) for p in sorted(folder.iterdir())} if folder.exists() else {}


def killed_after(results: StudyResults, out: Path, seconds: float) -> bool:
    """Kill a run so long after it began to write; whether it was still at it."""
    child = os.fork()
    if not child:
        write_outputs(results, out)
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


def draw_once() -> None:
    """Draw one picture a kind, and take it for all."""
    drawn: dict[str, bytes] = {}
    real = Chart._bytes

    def bytes_of(self: Chart, kind: str, titled: bool, **options: object) -> bytes:
        if kind not in drawn:
            drawn[kind] = real(self, kind, titled, **options)
        return drawn[kind]

    Chart._bytes = bytes_of


def main(at_any_moment: int = 60, in_the_last_step: int = 40) -> Counter[str]:
    """Kill, look, start again, look again; print the counts."""
    counts: Counter[str] = Counter()
    draw = random.Random(1)
    draw_once()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        runs = []
        for title in ("one", "other"):
            new_study(home / title)
            settings = home / title / "study.toml"
            text = settings.read_text(encoding="utf-8")
            settings.write_text(text.replace("An example", title), encoding="utf-8")
            runs.append(run_job(load_study(home / title)))
        began = time.perf_counter()
        prints = []
        for number, results in enumerate(runs):
            write_outputs(results, home / f"whole-{number}")
            prints.append(print_of(home / f"whole-{number}"))
        seconds = (time.perf_counter() - began) / 2
        out = home / "out"
        write_outputs(runs[0], out)
        for kill in range(at_any_moment + in_the_last_step):
            new = int(print_of(out) == prints[0])
            if kill < at_any_moment:
                kind = "any moment"
                dead = killed_after(runs[new], out, draw.uniform(0, seconds))
            else:
                step = kill - at_any_moment
                kind = "two renames" if step % 2 else "one swap"
                dead = killed_at_step(home / f"whole-{new}", out, 1 + step // 2, swap=not step % 2)
            counts[f"{kind}: {'killed' if dead else 'done'}"] += 1
            counts[f"{kind}: {_state(out, prints)} at once"] += 1
            with whole_folder(out, adds=True):
                pass  # the next start
            counts[f"{kind}: {_state(out, prints)} after the next start"] += 1
            print(kill + 1, kind, _state(out, prints), flush=True, file=sys.stderr)
            counts["left over"] += len(list(home.rglob(f"{_UNFINISHED}*")))
    for words, number in sorted(counts.items()):
        print(f"{number:5}  {words}")
    mixed = sum(number for words, number in counts.items() if "MIXED" in words)
    print(f"{at_any_moment + in_the_last_step} kills, {in_the_last_step} of them in the last step: "
          f"{mixed} mixtures")  # fmt: skip
    return counts


def _state(out: Path, prints: list[dict[str, str]]) -> str:
    found = print_of(out)
    return "whole" if found in prints else "MIXED" if found else "away"


if __name__ == "__main__":
    found = main(*map(int, sys.argv[1:]))
    sys.exit(any("MIXED" in words and number for words, number in found.items()))
