"""No test holds a result to the clock: a busy machine changes nothing but the wait.

A clock may be read to print a time, or be replaced by a test's own; what is measured may not
stand in an assertion. How long things take is shown by `tests/benchmarks`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parents[1]
CLOCKS = {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time",
          "process_time_ns", "thread_time", "time_ns"}  # fmt: skip
MEASURED = {"seconds", "elapsed", "elapsed_s", "took", "duration"}
PAGE_CLOCKS = ("performance.now", "Date.now", "ContentLoadedEvent")
#: One of these stands in every source that reads a clock: the others are not taken apart.
WORDS = (*CLOCKS, *MEASURED, *PAGE_CLOCKS, "time.time", "timeit.timeit", "deadline")
FILES = sorted(p for p in TESTS.rglob("*.py") if "benchmarks" not in p.parts)


def clocks_in(source: str) -> list[str]:
    """Name what a test's source measures by the clock, or asserts of what was measured."""
    found: list[str] = []
    if not any(word in source for word in WORDS):
        return found
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            found.append(f"line {node.lineno}: {node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"line {node.lineno}: {a.name}" for a in node.names if a.name in CLOCKS]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "time.time",
            "timeit.timeit",
        ):
            found.append(f"line {node.lineno}: {ast.unparse(node.func)}")
        elif isinstance(node, ast.keyword) and node.arg == "deadline":
            if ast.unparse(node.value) != "None":
                found.append(f"line {node.value.lineno}: deadline")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [f"line {node.lineno}: {c}" for c in PAGE_CLOCKS if c in node.value]
        elif isinstance(node, ast.Assert):
            for part in ast.walk(node.test):
                bounds = isinstance(part, ast.Compare) and any(
                    isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for op in part.ops
                )
                if bounds:
                    names = {n.attr for n in ast.walk(part) if isinstance(n, ast.Attribute)}
                    names |= {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
                    found += [f"line {node.lineno}: {name}" for name in sorted(names & MEASURED)]
    return found


@pytest.mark.parametrize(
    "source",
    [
        "start = time.monotonic()",
        "from time import perf_counter",
        "assert time.time() - start < 2",
        "assert one.seconds < 3",
        "def test():\n    assert 0 < took <= 5",
        "page.evaluate('performance.now()')",
        "@settings(max_examples=3, deadline=200)\ndef test(): ...",
    ],
)
def test_a_clock_would_be_noticed(source):
    assert clocks_in(source)


def test_an_end_that_nobody_times_is_no_clock():
    assert not clocks_in(
        "time.sleep(0.1)\nassert words == 'it took 3 seconds'\nassert seconds == 3"
    )


def test_no_random_example_has_a_deadline():
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check


def test_no_test_holds_a_result_to_the_clock():
    home = {TESTS / "__main__.py", Path(__file__).resolve()}
    found = {
        str(p.relative_to(TESTS)): clocks_in(p.read_text("utf-8")) for p in FILES if p not in home
    }
    assert {name: clocks for name, clocks in found.items() if clocks} == {}
