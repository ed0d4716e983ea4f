"""The list of slow tests names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, SLOW


def test_the_list_is_sorted_and_names_each_once():
    lines = (ROOT / "tests" / "slow.txt").read_text(encoding="utf-8").splitlines()
    assert lines == sorted(lines)
    assert len(lines) == len(SLOW)


@pytest.mark.parametrize("name", sorted(SLOW))
def test_a_slow_test_is_there(name):
    path, *names = name.split("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    for part in names[-1].split(".")[-1:] if path.startswith("access/") else names:
        assert re.search(rf"^\s*(?:def|class) {part}\b", source, re.MULTILINE), Path(path)
