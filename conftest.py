"""What the examples in docstrings may lean on."""

from __future__ import annotations

from functools import lru_cache

import pytest


@lru_cache(maxsize=1)
def _answers():
    import access

    return access.answer("rotherham")


@pytest.fixture(autouse=True)
def answers_in_examples(request: pytest.FixtureRequest, doctest_namespace: dict) -> None:
    """Give examples of the notebook room ``answers``, so that each need not ask anew."""
    if isinstance(request.node, pytest.DoctestItem) and "notebook" in str(request.node.path):
        doctest_namespace["answers"] = _answers()
