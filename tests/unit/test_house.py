"""The house keeps its shape: imports run one way, in no circle, and the name is ours."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import access
from access.sources.folder import new_study

PACKAGE = Path(access.__file__).parent
#: Each room imports only from its left (and from its own modules).
ORDER = (
    "errors escape arguments units text labels display files | sources | study | network | "
    "measure | scenario | disclosure | release | siting | analysis | charts | document | maps | "
    "report | run | national | notebook cli"
)
LEVEL = {room: i for i, rooms in enumerate(ORDER.split("|")) for room in rooms.split()}
MOST_MODULES = 165


def module_name(path: Path, package: Path = PACKAGE) -> str:
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(("access", *(parts[:-1] if parts[-1] == "__init__" else parts)))


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports(source: str) -> list[ast.Import | ast.ImportFrom]:
    """Give what a source imports anywhere, in functions and for types too."""
    return [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import | ast.ImportFrom)]


def needs(source: str, modules: set[str]) -> set[str]:
    """Name the modules that a source imports."""
    found = set()
    for node in imports(source):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "access":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in modules else str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in modules}
    return found - {"access"}


def kept_names(source: str, here: str) -> list[str]:
    """Name what a source in the room `here` takes of what another room keeps to itself."""
    found = []
    for node in imports(source):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("access."):
            full = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            full = [alias.name for alias in node.names if alias.name.startswith("access.")]
        else:
            continue
        kept = [name for name in full if any(part.startswith("_") for part in name.split("."))]
        found += [name for name in kept if name.split(".")[1] != here]
    return found


@cache
def needs_of() -> dict[str, set[str]]:
    return {
        name: needs(path.read_text(encoding="utf-8"), set(MODULES)) - {name}
        for name, path in MODULES.items()
        if name != "access"
    }


def room(module: str) -> str:
    return module.split(".")[1]


def test_an_import_that_hides_in_a_function_is_seen():
    hidden = "def f():\n    from access.siting.solve import site\n"
    assert needs(hidden, {"access.siting.solve"}) == {"access.siting.solve"}
    assert needs("from access.siting import solve\n", {"access.siting.solve"}) == {
        "access.siting.solve"
    }
    with pytest.raises(CycleError):
        list(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())


def test_a_kept_name_that_crosses_would_be_seen():
    hidden = "def f():\n    from access.text import _half_up\n"
    assert kept_names(hidden, "document") == ["access.text._half_up"]
    assert kept_names(hidden, "text") == []
    assert kept_names("import access.text._inner\n", "maps") == ["access.text._inner"]


def test_what_a_room_keeps_to_itself_stays_there():
    wrong = {
        name: kept_names(MODULES[name].read_text(encoding="utf-8"), room(name))
        for name in needs_of()
    }
    assert {name: names for name, names in wrong.items() if names} == {}


def test_every_room_has_its_place():
    assert {room(name) for name in needs_of()} <= set(LEVEL)


def test_imports_run_one_way():
    wrong = [
        f"{name} imports {other}"
        for name, others in needs_of().items()
        for other in others
        if room(name) != room(other)
        and LEVEL[room(other)] >= LEVEL[room(name)]
        and LEVEL[room(name)] > 0
    ] + [
        f"{name} imports {other}"
        for name, others in needs_of().items()
        for other in others
        if LEVEL[room(name)] == 0 and LEVEL[room(other)] > 0
    ]
    assert not wrong


def test_no_module_imports_in_a_circle():
    # a package's front door comes after its members: a member may name another member only
    graph = {
        name: {o for o in others if not name.startswith(f"{o}.")}
        for name, others in needs_of().items()
    }
    order = list(TopologicalSorter(graph).static_order())
    assert set(needs_of()) <= set(order)


def test_rooms_are_few_and_full():
    assert len(MODULES) <= MOST_MODULES


def test_the_import_name_is_ours():
    assert Path(access.__file__).resolve() == (PACKAGE / "__init__.py").resolve()
    assert access.load_study.__module__.startswith("access.study")


def test_every_public_name_is_there():
    for name in access.__all__:
        assert getattr(access, name) is not None


NAMED = re.compile(r"`(access(?:\.\w+)+)`|`(access/[\w/]+\.py)`")


def is_there(named: str) -> bool:
    """Tell whether a file, a module or a name of one is what a text says it is."""
    if named.endswith(".py"):
        return (PACKAGE.parent / named).is_file()
    module, names = named, list[str]()
    while module not in MODULES:
        module, _, name = module.rpartition(".")
        names = [name, *names]
    found = importlib.import_module(module)
    for name in names:
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True


def test_what_a_text_names_of_the_house_is_there():
    assert is_there("access.text.listed") and is_there("access/text.py")
    assert not is_there("access.text.lost") and not is_there("access/lost.py")
    assert not is_there("access.lost.listed")
    pages = [*PACKAGE.parent.glob("*.md"), *(PACKAGE.parent / "notebooks").glob("*.md")]
    texts = [*MODULES.values(), *(page for page in pages if page.name != "CHANGELOG.md")]
    named = {
        (path.name, a or b)
        for path in texts
        for a, b in NAMED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 50
    assert sorted(n for n in named if not is_there(n[1])) == []


def test_importing_access_is_quick_because_it_imports_nothing_heavy():
    code = (
        "import sys, access; print([m for m in ('pandas', 'numpy', 'shapely') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


#: What draws, lays out pages, makes up tests or searches; each takes long to import.
SLOW_TO_IMPORT = (
    "matplotlib", "folium", "branca", "docx", "openpyxl", "typst", "lxml", "hypothesis", "pandera",
    "networkx", "osmnx", "sklearn", "requests", "dask", "scipy.stats", "scipy.optimize",
    "scipy.spatial",
)  # fmt: skip
#: What a question on few streets, said to nobody who watches, does without besides.
SLOW_TO_ASK = (
    "rich", "scipy", "numpy.f2py", "osmium", "pyogrio", "pyarrow.parquet", "access.document",
    "access.network.build", "access.network.bus", "access.network.timetable",
)  # fmt: skip
COMMANDS = """
import sys
from access.cli import main
for words in (["compare", "STUDY"], ["check", "STUDY"], ["rank", "STUDY"], ["--help"],
              ["site", "STUDY", "--most", "2"], ["minutes", "STUDY", "--out", "table.csv"]):
    sys.argv = ["access", *(w.replace("STUDY", "town") for w in words)]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
    slow = {SLOW} | ({MORE} if words[0] in ("compare", "check", "rank") else set())
    there = sorted(slow & set(sys.modules))
    assert not there, f"{words[0]} imports {there}"
"""


def test_a_question_that_is_answered_in_words_imports_nothing_that_draws(tmp_path):
    new_study(tmp_path / "town")
    code = COMMANDS.replace("{SLOW}", repr(set(SLOW_TO_IMPORT)))
    code = code.replace("{MORE}", repr(set(SLOW_TO_ASK)))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
