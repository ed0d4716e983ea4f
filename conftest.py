"""What every test and example may lean on: none keeps anything for the next run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import pytest


@pytest.fixture(scope="session", autouse=True)
def nothing_is_kept() -> Iterator[None]:
    """Keep no network in the user's folder; a test that keeps some names a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCESS_CACHE", "off")
        yield


@lru_cache(maxsize=1)
def _answers():
    import access

    return access.answer("rotherham")


@pytest.fixture(autouse=True)
def answers_in_examples(request: pytest.FixtureRequest, doctest_namespace: dict) -> None:
    """Give examples of the notebook room ``answers``, so that each need not ask anew."""
    if isinstance(request.node, pytest.DoctestItem) and "notebook" in str(request.node.path):
        doctest_namespace["answers"] = _answers()
