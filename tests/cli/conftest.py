"""Running the command line as a user does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest


def call_access(
    home: Path, *words: object, cwd: Path | None = None, **settings: str
) -> subprocess.CompletedProcess:
    """Run `access ...` with an empty home, and give what came back."""
    env = {**os.environ, "HOME": str(home / "home"), "COLUMNS": "200", "NO_COLOR": "1", **settings}
    return subprocess.run(
        [sys.executable, "-c", "from access.cli import main; main()", *map(str, words)],
        cwd=cwd or home,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture
def access_command(tmp_path: Path):
    """Run `access ...` in a folder of its own with an empty home, and give what came back."""
    return partial(call_access, tmp_path)
