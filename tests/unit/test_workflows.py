"""The workflows are YAML of the right shape, and call only what is there."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
from typing import Any

import pytest
import typer.main
import yaml

from access.cli.app import app
from tests.conftest import ROOT, need_program

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(p for p in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if p.stem != "config")
OTHERS = [ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml", ROOT / ".pre-commit-config.yaml",
          ROOT / "CITATION.cff"]  # fmt: skip
#: Contexts of expressions that a step may use, beside the job's own matrix.
CONTEXTS = {"github", "runner", "env", "steps", "needs", "secrets"}
#: Modules that a step installs itself before it calls them.
INSTALLED_THERE = {"pip", "build", "venv"}


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML takes the last and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{twice} twice, {node.start_mark}")
        return super().construct_mapping(node, deep)


def read(text: str) -> Any:
    return yaml.load(text, Loader=_Strict)


def faults_of(workflow: dict[Any, Any]) -> list[str]:
    """Name what GitHub would refuse, or what a step calls and is not there."""
    found = [] if workflow.get("on") or workflow.get(True) else ["no event starts it"]
    found += [] if "permissions" in workflow else ["permissions are not narrowed"]
    for key, job in workflow.get("jobs", {}).items():
        if not {"runs-on", "steps"} <= set(job):
            found.append(f"{key}: no runs-on or steps")
            continue
        matrix = job.get("strategy", {}).get("matrix", {})
        own = set(matrix) | {k for row in matrix.get("include", []) for k in row}
        for step in job["steps"]:
            if ("run" in step) == ("uses" in step):
                found.append(f"{key}: a step has one of run and uses")
            if not re.fullmatch(r"[\w.-]+/[\w./-]+@v\d+", step.get("uses", "a/b@v1")):
                found.append(f"{key}: {step['uses']} names no version")
            found += [f"{key}: {fault}" for fault in _faults_of_run(step.get("run", ""))]
        for expression in re.findall(r"\$\{\{\s*(.+?)\s*\}\}", str(job)):
            for context, name in re.findall(r"\b([a-z]+)\.([\w-]+)", expression):
                if context not in CONTEXTS and not (context == "matrix" and name in own):
                    found.append(f"{key}: {expression} is not known")
    return found


def _faults_of_run(text: str) -> list[str]:
    plain = re.sub(r"\$\{\{.*?\}\}", "x", text)
    checked = subprocess.run(
        [need_program("bash", package="bash"), "-n"], input=plain, text=True, capture_output=True
    )
    if checked.returncode:
        return [checked.stderr]
    found, words = [], shlex.split(plain.replace("&&", " ; ").replace("||", " ; "), comments=True)
    for word, after in zip(words, [*words[1:], ""][: len(words)], strict=True):
        if word == "-m" and after not in INSTALLED_THERE and not after.startswith("not "):
            if importlib.util.find_spec(after) is None:
                found.append(f"python -m {after} is not there")
        elif word.rpartition("/")[2] == "access" and after != "":
            if after not in typer.main.get_command(app).commands:
                found.append(f"access {after} is no command")
        elif word in ("-r", "-c", "--ignore") or word == "python":
            if re.fullmatch(r"[\w./-]+\.\w+", after) and not (ROOT / after).exists():
                found.append(f"{after} is not there")
        elif word.startswith(("tests/", "notebooks/")) and not (ROOT / word).exists():
            found.append(f"{word} is not there")
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.name)
def test_a_workflow_is_whole_and_calls_what_is_there(path):
    assert faults_of(read(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on: push\njobs: {a: {runs-on: x, steps: []}}", "permissions"),
        ("permissions: {}\njobs: {}", "no event"),
        ("on: push\npermissions: {}\njobs: {a: {steps: []}}", "no runs-on"),
        ("{step: {run: a, uses: b/c@v1}}", "one of run and uses"),
        ("{step: {uses: b/c}}", "names no version"),
        ("{step: {run: 'if then'}}", "syntax error"),
        ("{step: {run: python -m no_such_module}}", "no_such_module"),
        ("{step: {run: access rnu --out x}}", "access rnu"),
        ("{step: {run: python -m pytest tests/none.py}}", "tests/none.py"),
        ("{step: {run: pip install -c none.txt .}}", "none.txt"),
        ("{step: {run: 'echo ${{ matrix.oss }}'}}", "matrix.oss"),
    ],
)
def test_a_fault_of_a_workflow_would_be_noticed(text, said):
    given = read(text)
    if "step" in given:
        job = {"runs-on": "x", "strategy": {"matrix": {"os": ["x"]}}, "steps": [given["step"]]}
        given = {"on": "push", "permissions": {}, "jobs": {"a": job}}
    (fault,) = faults_of(given)
    assert said in fault


def test_a_key_that_stands_twice_is_refused():
    with pytest.raises(yaml.YAMLError, match="twice"):
        read("a: 1\na: 2")


@pytest.mark.parametrize("path", FORMS, ids=lambda p: p.name)
def test_an_issue_form_asks_with_fields_of_its_own(path):
    form = read(path.read_text("utf-8"))
    assert {"name", "description", "body"} <= set(form)
    kinds = {field["type"] for field in form["body"]}
    assert kinds <= {"markdown", "textarea", "input", "dropdown", "checkboxes"}
    ids = [field["id"] for field in form["body"] if "id" in field]
    assert len(ids) == len(set(ids))
    assert all(f["attributes"].get("label") for f in form["body"] if f["type"] != "markdown")


@pytest.mark.parametrize("path", OTHERS, ids=lambda p: p.name)
def test_the_other_files_are_yaml(path):
    assert read(path.read_text("utf-8"))


def test_the_check_on_a_clean_machine_is_a_script_that_calls_what_is_there():
    text = (ROOT / ".ci" / "run").read_text("utf-8")
    assert _faults_of_run(text) == []
    assert "export CI=true" in text
