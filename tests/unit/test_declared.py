"""What is declared is what is imported; one version; licences that a council can live with."""

from __future__ import annotations

import ast
import csv
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path

import pytest

import access

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: The brief of the project names these; they stay, each because it is really used.
NAMED_BY_THE_BRIEF = {"geopandas", "shapely", "osmnx", "networkx", "folium", "scikit-learn"}
#: Declared without an import of their own: other programs run them.
RUN_NOT_IMPORTED = {
    "mypy": "python -m mypy",
    "ruff": "python -m ruff",
    "pandas-stubs": "types of pandas, for mypy",
    "pytest-xdist": "pytest -n",
    "ipykernel": "the kernel notebooks run in",
    "axe-playwright-python": "axe.min.js, read as a file",
    "jupyterlab": "jupyter lab",
}
#: Peers that benchmarks and one oracle compare with where they happen to be installed.
PEERS = {"igraph", "rustworkx", "pulp", "spopt", "kmedoids"}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_of(requirements: list[str]) -> set[str]:
    return {plain(re.match(r"[A-Za-z0-9._-]+", r)[0]) for r in requirements}


def imported_by(*roots: str) -> set[str]:
    """Top-level modules of other people that files of these folders import, however late."""
    own = {"access", "tests", "conftest"} | {p.stem for p in (ROOT / "tests").rglob("*.py")}
    return set().union(*map(imports_of, roots)) - set(sys.stdlib_module_names) - own


def given_name(call: ast.Call) -> object:
    """Give what `import_module` is told to import, where it is told in letters."""
    named = getattr(call.func, "id", getattr(call.func, "attr", ""))
    told = call.args[0] if named == "import_module" and call.args else None
    return told.value if isinstance(told, ast.Constant) else None


@cache
def imports_of(root: str) -> frozenset[str]:
    found, path = set(), ROOT / root
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and isinstance(name := given_name(node), str):
                found.add(name.split(".")[0])
    return frozenset(found)


installed = cache(packages_distributions)


def distributions_of(modules: set[str]) -> set[str]:
    known = installed()
    missing = sorted(m for m in modules if m not in known)
    assert not missing, f"imported and not installed: {missing}"
    return {plain(known[m][0]) for m in modules}


def test_what_the_package_imports_is_what_it_declares():
    optional = names_of(PROJECT["optional-dependencies"]["national"])
    assert distributions_of(imported_by("access")) == names_of(PROJECT["dependencies"]) | optional


def test_what_is_imported_anywhere_is_declared():
    declared = names_of(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        declared |= names_of(extra)
    imported = distributions_of(imported_by("access", "tests", "notebooks", "conftest.py") - PEERS)
    assert imported <= declared, f"imported and not declared: {sorted(imported - declared)}"
    extras = {n for e in PROJECT["optional-dependencies"].values() for n in names_of(e)}
    idle = extras - imported - set(RUN_NOT_IMPORTED)
    assert not idle, f"declared and never imported: {sorted(idle)}"


def test_the_libraries_of_the_brief_stay():
    assert names_of(PROJECT["dependencies"]) >= NAMED_BY_THE_BRIEF
    assert "pytest" in names_of(PROJECT["optional-dependencies"]["test"])


def test_osmnx_is_really_used():
    text = (ROOT / "access/sources/overpass.py").read_text(encoding="utf-8")
    assert "osmnx.settings.overpass_url" in text  # the server, its limits and proxies are osmnx's


def test_every_dependency_has_a_lower_bound_and_no_pin():
    every = [*PROJECT["dependencies"]]
    for extra in PROJECT["optional-dependencies"].values():
        every += extra
    assert [r for r in every if not re.fullmatch(r"[A-Za-z0-9._-]+>=[0-9.]+", r)] == []


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-oldest.txt"])
def test_constraints_meet_the_bounds(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pinned = {plain(n): v for n, v in (line.split("==") for line in lines if "==" in line)}

    def numbers(text: str) -> tuple[int, ...]:
        return tuple(int(n) for n in re.findall(r"\d+", text))

    for requirement in PROJECT["dependencies"]:
        name, least = requirement.split(">=")
        assert plain(name) in pinned, f"{file} does not name {name}"
        have, want = numbers(pinned[plain(name)]), numbers(least)
        if file == "constraints-oldest.txt":
            assert have[: len(want)] == want, f"{file}: {name} {have}, the bound says {least}"
        else:
            assert have >= want


@pytest.mark.parametrize(
    ("page", "said", "table", "column", "kind"),
    [
        ("README.md", r"([\d,]+) Output Areas with Census", "areas", "", ""),
        ("README.md", r"the ([\d,]+) Children's Centres' names", "centres", "service",
         "childrens_centre"),
        ("README.md", r"([\d,]+) candidate sites", "candidates", "", ""),
        ("README.md", r"([\d,]+) centres of neighbouring councils", "neighbours", "", ""),
        ("data/README.md", r"([\d,]+) localities", "gazetteer", "kind", "locality"),
        ("data/README.md", r"([\d,]+) streets", "gazetteer", "kind", "street"),
        ("data/README.md", r"([\d,]+) primary\s+schools", "gazetteer", "kind", "school"),
        ("data/README.md", r"([\d,]+) postcodes", "postcodes", "", ""),
        ("data/README.md", r"([\d,]+) corners", "outline", "", ""),
    ],
)  # fmt: skip
def test_what_a_page_counts_of_the_embedded_study_is_there(page, said, table, column, kind):
    with (ROOT / "data" / "rotherham" / f"{table}.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not column or row[column] == kind]
    told = re.findall(said, (ROOT / page).read_text(encoding="utf-8"))
    assert told == [f"{len(rows):,}"]


def test_there_is_one_version_number():
    assert access.__version__ == version("family-access") == PROJECT["version"]
    literals = [
        file.relative_to(ROOT).as_posix()
        for file in sorted((ROOT / "access").rglob("*.py"))
        if f'"{PROJECT["version"]}"' in file.read_text(encoding="utf-8")
    ]
    assert literals == []
    assert f"version: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {PROJECT['version']} " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_import_access_stays_quick():
    """It reads no metadata and loads no library; only what is asked for is loaded."""
    code = (
        "import sys, access; heavy = {'numpy', 'pandas', 'importlib.metadata'} & set(sys.modules);"
        "assert not heavy, heavy; assert access.__version__"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# --- licences -----------------------------------------------------------------------------------

_FORBIDDEN = re.compile(r"\b(A?GPL|GNU (Affero )?General Public)", re.IGNORECASE)


def installed_with(name: str, seen: set[str] | None = None) -> set[str]:
    """A distribution and everything installed that it needs to run."""
    seen = set() if seen is None else seen
    if plain(name) in seen:
        return seen
    try:
        needs = distribution(name).requires or []
    except PackageNotFoundError:  # for another system or Python
        return seen
    seen.add(plain(name))
    for need in needs:
        if "extra ==" not in need:
            installed_with(re.match(r"[A-Za-z0-9._-]+", need)[0], seen)
    return seen


def licence_of(name: str) -> str:
    meta = distribution(name).metadata
    stated = [meta.get("License-Expression") or ""]
    stated += [c for c in meta.get_all("Classifier") or [] if c.startswith("License ::")]
    first = (meta.get("License") or "").strip().splitlines()
    return "; ".join(s for s in [*stated, *first[:1]] if s)


def in_the_table() -> dict[str, str]:
    text = (ROOT / "LICENSES.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \|", text, re.MULTILINE)
    return {name: licence.strip() for name, licence in rows}


def everything_needed() -> set[str]:
    asked = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["national"]
    return set().union(*(installed_with(n) for n in names_of(asked)))


def test_the_licence_table_names_every_dependency():
    lacking = everything_needed() - set(in_the_table())
    assert not lacking, f"add to LICENSES.md: { {n: licence_of(n) for n in sorted(lacking)} }"


def test_no_dependency_is_under_gpl_or_agpl():
    """LGPL, MPL and the like may be linked; GPL and AGPL would bind whoever ships the program."""
    for name in sorted(everything_needed()):
        for said in (licence_of(name), in_the_table().get(name, "")):
            alone = re.sub(r"\bLGPL[\w.+-]*|Lesser General Public", "", said)
            assert not _FORBIDDEN.search(alone), f"{name}: {said}"
