"""The reference of settings and tables says what the schema says, and leaves nothing out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from access.study.config import StudyConfig

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("maker", NOTEBOOKS / "make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_file_is_what_the_generator_writes(maker):
    written = (NOTEBOOKS / "settings.md").read_text(encoding="utf-8")
    assert written == maker.reference(), "run python notebooks/make_reference.py"


def test_every_setting_says_what_it_means_and_what_changes(maker):
    for name, field in StudyConfig.model_fields.items():
        assert field.description, name
        for key, inner in getattr(maker.model_of(field), "model_fields", {}).items():
            assert inner.description, f"{name}.{key}"
            assert inner.json_schema_extra["changes"], f"{name}.{key}"


def test_every_column_of_every_table_is_there(maker):
    assert set(maker.COLUMNS) == set(maker.ABOUT) == set(maker.tables._SCHEMAS)
    for kind, words in maker.COLUMNS.items():
        assert set(words) == set(maker.schema_columns(kind)), kind


def test_settings_that_are_not_there_are_not_spoken_of(maker):
    known = {
        f"{name}.{key}"
        for name, field in StudyConfig.model_fields.items()
        for key in getattr(maker.model_of(field), "model_fields", {})
    }
    for named, _, _ in maker.BY_NAME:
        for each in named.replace("`", "").replace(".*", "").split(", "):
            assert each in known or "." not in each
