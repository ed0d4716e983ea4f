"""All benchmarks by one command; figures of the scaling are kept in a history.

    python -m tests.benchmarks                  # ranking, network, siting and scaling
    python -m tests.benchmarks scaling areas    # one kind
    python -m tests.benchmarks scaling --keep   # add its figures to history.csv, write the page
    python -m tests.benchmarks quick            # each kind at its least size, beside the history

Peers that are not installed are named and left out. Nothing is judged: a benchmark tells, tests
decide.
"""

from __future__ import annotations

import csv
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.scaling import CASES, exponent, quick, scaling

HERE = Path(__file__).parent
HISTORY = HERE / "history.csv"
PAGE = HERE.parents[1] / "notebooks" / "scaling.md"
SCRIPTS = {
    "ranking": "bench_ranking.py", "network": "bench_network.py", "siting": "bench_siting.py",
    "bus": "bench_bus.py", "explorer": "bench_explorer.py", "kills": "bench_kills.py",
    "national": "bench_national.py",
}  # fmt: skip
USUAL = ("ranking", "network", "siting", "scaling")


def processor() -> str:
    """Name the processor."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", info.read_text()) if info.exists() else None
    return found[1].strip() if found else platform.processor() or "not known"


def keep(rows: list[dict[str, Any]]) -> None:
    """Add figures to the history: plain numbers, with date, processor and versions."""
    about = {
        "date": datetime.now(tz=UTC).date().isoformat(), "cpu": processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("family-access", "numpy", "scipy", "pandas")},
    }  # fmt: skip
    new = not HISTORY.exists()
    with HISTORY.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*about, *rows[0]], lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(about | row for row in rows)


def kept() -> dict[tuple[str, int], dict[str, str]]:
    """Read the last figures of each kind and size from the history."""
    if not HISTORY.exists():
        return {}
    with HISTORY.open(encoding="utf-8", newline="") as file:
        return {(row["name"], int(row["size"])): row for row in csv.DictReader(file)}


def beside_history() -> None:
    """Say how many times the fixed piece of work each kind takes, now and when last kept."""
    before = kept()
    print(
        f"\n{'times the fixed work':24} {'size':>9} {'now':>8} {'kept':>8} {'ratio':>6} "
        f"{'MB so far':>9}  kept on"
    )
    never = {"times_fixed": "", "date": "never"}
    for row in quick():
        old = before.get((row["name"], row["size"]), never)
        ratio = (
            f"{row['times_fixed'] / float(old['times_fixed']):.2f}" if old["times_fixed"] else ""
        )
        print(
            f"{row['name']:24} {row['size']:9,} {row['times_fixed']:8.2f} "
            f"{old['times_fixed']:>8} {ratio:>6} {row['peak_mb'] or '':>9}  "
            f"{old['date']}", flush=True,
        )  # fmt: skip


_HEAD = """\
# How it scales

Written by `python -m tests.benchmarks scaling --keep` from `tests/benchmarks/history.csv`: the last
figures of each kind. Work is counted in times a fixed piece of work (a sort of two million numbers
and a loop of as many steps, about 0.17 seconds on the processor named below), measured beside it,
so that figures of different machines can be set side by side. Memory is the peak of the process
with all that it imports. The exponent is the slope of a straight line through the logarithms of the
three larger sizes: 1 grows as the size does, 2 as its square, below 1 a part is the same for every
size.
"""


def write_page() -> None:
    """Write the page on scaling from the history."""
    last = kept()
    parts = [_HEAD]
    for name, (words, _, sizes) in CASES.items():
        rows = [last[name, size] for size in sizes if (name, size) in last]
        if len(rows) < len(sizes):
            continue
        more = rows[1:]
        power = exponent([float(r["size"]) for r in more], [float(r["times_fixed"]) for r in more])
        lines = [
            f"| {int(r['size']):,} | {float(r['times_fixed']):,.2f} | {float(r['cpu_s']):,.2f} "
            f"| {r['peak_mb'] or 'not known'} |" for r in rows
        ]  # fmt: skip
        parts.append(
            f"## {name.capitalize()}\n\nSize: {words}. Exponent **{power:.2f}**.\n\n"
            "| size | times the fixed work | processor seconds | peak MB |\n"
            "|---:|---:|---:|---:|\n" + "\n".join(lines) + "\n"
        )
        about = rows[-1]
    parts.append(
        f"Measured on {about['date']} on one core of {about['cpu']}, Python {about['python']}, "
        f"numpy {about['numpy']}.\n"
    )
    PAGE.write_text("\n".join(parts), encoding="utf-8")


def main(words: list[str]) -> int:
    """Run the benchmarks asked for; what a script says of itself is passed on, not judged."""
    keeping = "--keep" in words
    words = [w for w in words if w != "--keep"]
    if {"-h", "--help"} & {*words}:
        print(__doc__)
        print(f"Benchmarks: {', '.join([*SCRIPTS, 'scaling', 'quick'])}.")
        print(f"Kinds of scaling: {', '.join(CASES)}.")
        return 0
    kinds = [w for w in words if w in CASES]
    asked = [w for w in words if w not in CASES] or (["scaling"] if kinds else list(USUAL))
    unknown = [w for w in asked if w not in (*SCRIPTS, "scaling", "quick")]
    if unknown:
        print(f"no benchmark {unknown}; expected some of {[*SCRIPTS, 'scaling', 'quick', *CASES]}")
        return 2
    for name in asked:
        if name == "scaling":
            rows = list(scaling(kinds))
            if keeping:
                keep(rows)
                write_page()
            continue
        if name == "quick":
            beside_history()
            continue
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, str(HERE / SCRIPTS[name])], check=False)
        if done.returncode:
            print(f"({name} ended with {done.returncode})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
