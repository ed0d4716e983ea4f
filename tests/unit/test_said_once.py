"""Each rule, label, threshold and escape stands in one place: a walk through the sources."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

import access
from access import labels
from access.disclosure import THRESHOLD
from access.maps.explorer import _strings

PACKAGE = Path(access.__file__).parent
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.json")])
    if "leaflet" not in path.parts
}


@cache
def spoken(source: str) -> list[str]:
    """Give the texts of a Python source, those in f-strings too, but no docstrings."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


#: What may be written in one place only: a pattern of code or of texts, and the files that may.
CODE = {
    "the disclosure threshold": (
        r"(count|families|number|people|total|longer|now|then)\w*[\'\"]?\]?"
        r"(\.sum\(\))?\)? *(<|>=) *5\b"
        r"|\b(0|1) <=? \w+ < 5\b|SUPPRESS_BELOW|min\([^)]*\) < 5",
        set(),
    ),
    "the formula guard": (r"\[=\+|\\s\*\[=", {"escape.py", "maps/assets/log.js"}),
    "the atomic write": (r"os\.replace|NamedTemporaryFile|mkstemp", {"files.py"}),
    "per cent as a figure": (
        r"100(\.0)? \* [^\n{}]*:[+]?\.\df\} ?%|:\.\d%\}",
        {"cli/terminal.py", "siting/solution.py"},
    ),
    "pounds": (r"£\{", {"text.py", "report/sites.py"}),
    "an ordinal": (r'"(st|rd)"', {"text.py"}),
    "a list in words": (r'" and "\.join\(\[', {"text.py"}),
    "a capital": (r"\[0\]\.upper\(\)|\[:1\]\.upper\(\)", {"text.py"}),
}
TEXTS = {
    "the disclosure threshold in words": (r"fewer than (5|five)\b|below (5|five)\b", set()),
    "the family trip": (r"(usual|typical) (family )?trip|usual mix|\bfamily trip", {"labels.py"}),
    "a criterion's name": (
        r"^average \{?trip|nine in ten are within$|^gap (between|by)|^worst-off area$",
        {"labels.py"},
    ),
    "a grouping's name": (r"^deprivation (tenth|fifth)$|^child poverty", {"labels.py"}),
    "an equality group's name": (
        r"^lone-parent households$|^disabled people$",
        {"sources/folder.py"},  # a new study's own groups, which it may rename
    ),
    "notebook HTML": (
        r"<(table|details|strong|tr|th|td)\b",
        {"display.py", "maps/planner_map.py"},
    ),
    "a space before per cent": (r"\d ?\{?\}? %( |$|\)|,)", set()),
}


def strays(kinds: dict, texts: bool) -> list[str]:
    found = []
    for what, (pattern, allowed) in kinds.items():
        for name, source in SOURCES.items():
            if name in allowed:
                continue
            if not texts:
                lines = source.splitlines() if not name.endswith(".json") else []
            elif name.endswith(".py"):
                lines = spoken(source)
            else:
                continue
            found += [
                f"{what}: {name}: {line.strip()[:90]}" for line in lines if re.search(pattern, line)
            ]
    return found


def test_no_rule_has_a_stray_copy():
    assert strays(CODE, texts=False) == []


def test_no_label_has_a_stray_copy():
    assert strays(TEXTS, texts=True) == []


@pytest.mark.parametrize(
    ("kinds", "what", "line"),
    [
        (CODE, "the disclosure threshold", "if 0 < count < 5:"),
        (CODE, "the disclosure threshold", "if own['count'].sum() < 5 and not internal:"),
        (CODE, "per cent as a figure", 'f"{100 * share:.0f} %"'),
        (CODE, "a capital", "text[0].upper() + text[1:]"),
        (TEXTS, "the family trip", "usual family trip"),
        (TEXTS, "a space before per cent", "44 % of children"),
    ],
)
def test_a_copy_would_be_seen(kinds, what, line):
    assert re.search(kinds[what][0], line)


def test_the_page_takes_its_words_and_its_threshold_from_python():
    own = json.loads((PACKAGE / "maps/assets/strings.en.json").read_text(encoding="utf-8"))
    words = labels.page_words()
    assert not set(words) & set(own), "the page's file says again what labels say"
    assert words.items() <= _strings("en").items()
    text = json.dumps(own, ensure_ascii=False)
    assert not re.search(rf"fewer than {THRESHOLD}|below {THRESHOLD}\b|1 to {THRESHOLD - 1}", text)
    for name, source in SOURCES.items():
        if name.endswith(".js"):
            assert f"< {THRESHOLD}" not in source.replace(f"if (c < {THRESHOLD})", ""), name


def test_a_limit_of_minutes_is_worded_in_one_place():
    """A limit may be 1: "within 1 minute". Ranges, and names of functions, are none."""
    worded = {"text.py", "measure/decay.py"}
    one = re.compile(r"(?<!\} to )\{(?!MINUTES_EDGES|edges)[^{}]*:g\} minutes\b(?!')")
    found = {
        (file, line.strip())
        for file, source in SOURCES.items()
        if file.endswith(".py") and file not in worded
        for line in source.splitlines()
        if one.search(line)
    }
    assert not found


def test_one_minute_is_no_minutes():
    assert labels.criterion_words("share_beyond", "walk", 1) == "share beyond 1 minute"
    assert labels.offer_words("cumulative", 1, "sites") == "sites within 1 minute"
