"""Arrays for random examples, each drawn at once: a draw a cell took most of the tests' time."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from hypothesis import strategies as st


def cells(
    shape: Sequence[int], values: Sequence[float], *, between: tuple[float, float] | None = None
) -> st.SearchStrategy[np.ndarray]:
    """Give arrays of some values, or of numbers between two besides; half of them of few values.

    What is simplest holds the first value alone.
    """
    size = 2 * prod(shape) + 2
    listed = np.asarray(values)

    def made(raw: bytes) -> np.ndarray:
        few, first = (
            byte * len(listed) * scale // 256 for byte, scale in zip(raw, (2, 1), strict=False)
        )
        picked = np.frombuffer(raw, np.uint16, offset=2).astype(int)
        some = picked // 2 % (min(few, len(listed) - 1) + 1)
        found = listed[(first + some) % len(listed)]
        if between is not None and few >= len(listed):
            low, high = between
            found = np.where(picked % 2, low + (high - low) * (picked // 2) / 32767, found)
        return found.reshape(shape)

    return st.binary(min_size=size, max_size=size).map(made)
