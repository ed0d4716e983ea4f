"""What every test and example may lean on: none keeps anything for the next run."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

gc.disable()  # till all tests are found: a fifth of that time went to looking for garbage


@pytest.fixture(scope="session", autouse=True)
def searched(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Give where all workers keep what was found of the embedded study's hubs: none seeks again."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "searched"
    folder.mkdir(exist_ok=True)
    from tests.once import SEARCHED

    SEARCHED.append(folder)
    return folder


@pytest.fixture(scope="session", autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Keep no network in the user's folder; a test that keeps some names a folder of its own.

    Nor need what a test writes outlive a power cut: nobody waits for the disk.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCESS_CACHE", "off")
        patch.setattr(os, "fsync", lambda handle: None)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Before any module takes the functions by name; who only shares tests out needs none."""
    workers = getattr(config.option, "numprocesses", None)
    if not workers or hasattr(config, "workerinput"):
        import tests.once  # noqa: F401


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never among what was imported: a tenth of the time was that."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
    from hypothesis import given
    from hypothesis.strategies import just

    given(just(0))(lambda nothing: None)()  # hypothesis looks for garbage at its first example


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Leave what is held at the end to the end of the process, rather than look it all through."""
    gc.freeze()


@pytest.fixture(autouse=True)
def answers_in_examples(request: pytest.FixtureRequest, doctest_namespace: dict) -> Iterator[None]:
    """Give examples of the notebook room ``answers``, so that each need not ask anew.

    Nor does an example show many settings, or more than one picture.
    """
    if isinstance(request.node, pytest.DoctestItem) and "notebook" in str(request.node.path):
        from tests.conftest import few_draws, one_picture

        doctest_namespace["answers"] = _answers()
        with few_draws(), one_picture():
            yield
    else:
        yield


@cache
def _answers() -> Any:
    import access

    return access.answer("rotherham")
