"""The house keeps its shape: imports run one way, the name is ours, the front door is small."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import access

PACKAGE = Path(access.__file__).parent
ORDER = [
    {"errors", "escape"}, {"units", "display", "files"}, {"ledger"}, {"study"},
    {"sources", "network"}, {"measure"}, {"scenario"}, {"siting"}, {"results"}, {"analysis"},
    {"maps", "report"}, {"run"},
    {"notebook", "cli"},
]  # fmt: skip
LEVEL = {room: i for i, rooms in enumerate(ORDER) for room in rooms}


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("access."):
            rooms.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("access.")}
    return rooms


def test_every_room_has_its_place():
    rooms = {p.stem if p.is_file() else p.name for p in PACKAGE.iterdir()
             if p.suffix == ".py" or (p / "__init__.py").exists()}  # fmt: skip
    assert rooms - {"__init__", "__main__"} <= set(LEVEL)


def test_imports_run_one_way():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room not in LEVEL:
            continue
        wrong += [
            f"{path.relative_to(PACKAGE)} imports {other}"
            for other in imported_rooms(path)
            if other != room and LEVEL[other] > LEVEL[room]
        ]
    assert not wrong


def test_the_import_name_is_ours():
    assert Path(access.__file__).resolve() == (PACKAGE / "__init__.py").resolve()
    assert access.load_study.__module__.startswith("access.study")


def test_every_public_name_is_there():
    for name in access.__all__:
        assert getattr(access, name) is not None


def test_importing_access_is_quick_because_it_imports_nothing_heavy():
    code = (
        "import sys, access; print([m for m in ('pandas', 'numpy', 'shapely') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
