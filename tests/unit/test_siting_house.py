"""The optimiser's modules: each is on the map of the front door, and none imports in a circle."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import access.siting

FOLDER = Path(access.siting.__file__).parent
MODULES = {path.stem: path for path in FOLDER.glob("*.py") if path.stem != "__init__"}


def siblings(source: str) -> set[str]:
    """Name the modules of this room that a module needs when it is loaded or called."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return {
        node.module.split(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("access.siting.")
    }


def test_an_import_that_hides_in_a_function_is_seen():
    assert siblings("def f():\n    from access.siting.solve import site\n") == {"solve"}
    assert siblings("if TYPE_CHECKING:\n    from access.siting.solve import site\n") == set()
    with pytest.raises(CycleError):
        list(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())


def test_no_module_imports_in_a_circle():
    needs = {name: siblings(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
    order = list(TopologicalSorter(needs).static_order())
    assert set(order) == set(MODULES)


def test_every_module_is_on_the_map():
    named = set(re.findall(r"`(\w+)`", access.siting.__doc__))
    assert named == set(MODULES)
