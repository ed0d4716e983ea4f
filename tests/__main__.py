"""Everything that must pass: lint, format, types, doctests and tests, in this order.

Run from the repository's root: ``python -m tests``. Further words go to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKERS = str(min(4, os.cpu_count() or 1))
SPREAD = ["--dist", "loadscope"]  # what a file's tests share is made once
STEPS = {
    "lint": ["ruff", "check", "access", "tests"],
    "format": ["ruff", "format", "--check", "access", "tests"],
    "types": ["mypy"],
    # the browser's driver keeps an event loop running, which tests of notebooks cannot share
    "tests": ["pytest", "--ignore=tests/browser", "-n", WORKERS, *SPREAD, *sys.argv[1:]],
    "browser": ["pytest", "tests/browser", "-n", WORKERS, *SPREAD, *sys.argv[1:]],
}


def main() -> int:
    """Run every step, also after one failed; 0 only if all passed."""
    failed = []
    for name, command in STEPS.items():
        print(f"== {name}: {' '.join(command)}", flush=True)
        if subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode:
            failed.append(name)
    print(f"== {'failed: ' + ', '.join(failed) if failed else 'all passed'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
