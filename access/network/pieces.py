"""Small values that networks are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: Values of `Network.edge_sides`.
BOTH, WAY_OUT, WAY_IN = 0, 1, 2


class Csr(NamedTuple):
    """Open directed edges in compressed rows: `indices[indptr[n]:indptr[n + 1]]` leave node n."""

    indptr: Ints
    indices: Ints
    metres: Floats
    minutes: Floats
    edge: Ints


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Streets that are not in a network, kept to say whom that concerns.

    Parameters
    ----------
    reason : tuple of str
        Words that `reason_code` points to.
    reason_code : ndarray of uint8, shape (k,)
    part : ndarray of int32, shape (k,)
        Number of the cut-off part, from 1; 0 where the street itself is refused.
    metres : ndarray, shape (k,)
    xy, offsets : ndarray
        Geometry in the network's CRS, as in `Network`.
    """

    reason: tuple[str, ...] = ()
    reason_code: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    part: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    metres: Floats = field(default_factory=lambda: np.zeros(0))
    xy: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
