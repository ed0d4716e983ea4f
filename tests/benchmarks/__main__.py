"""All benchmarks by one command; figures of the scaling are kept in a history.

    python -m tests.benchmarks                  # ranking, network, siting and scaling
    python -m tests.benchmarks scaling areas    # one kind
    python -m tests.benchmarks scaling --keep   # and add its figures to history.csv

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

from tests.benchmarks.scaling import CASES, scaling

HERE = Path(__file__).parent
HISTORY = HERE / "history.csv"
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


def main(words: list[str]) -> int:
    """Run the benchmarks asked for; what a script says of itself is passed on, not judged."""
    keeping = "--keep" in words
    words = [w for w in words if w != "--keep"]
    kinds = [w for w in words if w in CASES]
    asked = [w for w in words if w not in CASES] or (["scaling"] if kinds else list(USUAL))
    unknown = [w for w in asked if w not in (*SCRIPTS, "scaling")]
    if unknown:
        print(f"no benchmark {unknown}; expected some of {[*SCRIPTS, 'scaling', *CASES]}")
        return 2
    for name in asked:
        if name == "scaling":
            rows = list(scaling(kinds))
            if keeping:
                keep(rows)
            continue
        print(f"\n== {name}", flush=True)
        done = subprocess.run([sys.executable, str(HERE / SCRIPTS[name])], check=False)
        if done.returncode:
            print(f"({name} ended with {done.returncode})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
