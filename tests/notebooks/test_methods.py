"""The methods page names what is in the program, with its own numbers; the API reference builds."""

from __future__ import annotations

import importlib
import re
import runpy
import sys
import warnings
from pathlib import Path

import pytest

import access
from tests.conftest import need_module

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "notebooks" / "methods.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`(access\.[A-Za-z_.]+)`", PAGE)))
NUMBERS = re.findall(r"^\| ([^|]+?) \| ([\d.]+) \| `(access\.[^`]+)` \|$", PAGE, re.MULTILINE)


def find(name: str):
    """Import the longest module that a dotted name begins with, and work out the rest on it."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        module = ".".join(parts[:end])
        if re.fullmatch(r"[\w.]+", module) is None:
            continue
        try:
            home = importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        rest = ".".join(parts[end:])
        return eval(f"home.{rest}", {"home": home}) if rest else home
    raise AssertionError(f"{name} is not in the package")


# ---- wrong ones would be noticed


@pytest.mark.parametrize("name", ["access.measure.ginny", "access.network.profiles.SPEEDS"])
def test_a_name_that_is_not_there_is_noticed(name):
    with pytest.raises((AssertionError, AttributeError)):
        find(name)


# ---- the page


def test_the_page_names_many_things():
    assert len(NAMES) > 40
    assert len(NUMBERS) > 20


@pytest.mark.parametrize("name", NAMES)
def test_every_name_on_the_page_is_in_the_package(name):
    assert find(name) is not None


@pytest.mark.parametrize(("what", "value", "name"), NUMBERS)
def test_every_number_on_the_page_is_the_programs_own(what, value, name):
    assert find(name) == pytest.approx(float(value), abs=0)


def test_every_measure_and_objective_is_on_the_page():
    told = " ".join(NAMES)
    measures = ["gini", "palma", "concentration_index", "slope_index", "cumulative", "gravity",
                "two_step", "enhanced_two_step", "three_step", "nearest", "fit_take_up",
                "share_within", "weighted_mean", "weighted_quantile"]  # fmt: skip
    for measure in measures:
        assert f"access.measure.{measure}" in told
    for name in ("p_median", "p_centre", "max_cover", "set_cover", "capacitated_p_median",
                 "site", "verify", "rank_closures", "compare", "travel_matrix"):  # fmt: skip
        assert hasattr(access, name)
        assert f"access.{name}" in NAMES


def test_every_criterion_is_on_the_page():
    from access.scenario.criteria import _CRITERIA

    for criterion in _CRITERIA:
        assert f"`{criterion}`" in PAGE


# ---- the API reference


@pytest.mark.slow
def test_the_api_reference_builds_without_a_warning(tmp_path, monkeypatch, capfd):
    need_module("pdoc")
    script = ROOT / "notebooks" / "make_api.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
    # pdoc's own: a sixth of the time, and it reads no more of the package than the pages do
    monkeypatch.setattr("pdoc.render.search_index", lambda modules: "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runpy.run_path(str(script), run_name="__main__")
    assert capfd.readouterr().err.strip() == ""
    page = (tmp_path / "access.html").read_text(encoding="utf-8")
    for name in access.__all__:
        assert f'id="{name}"' in page
    answers = (tmp_path / "access" / "notebook" / "answers.html").read_text(encoding="utf-8")
    assert "What a study finds, with one method a question." in answers
    assert (tmp_path / "access" / "scenario" / "ranking.html").exists()
    methods = (tmp_path / "methods.html").read_text(encoding="utf-8")
    assert methods.count("<table>") == len(re.findall(r"^\|(?:---\|)+$", PAGE, re.MULTILINE))
