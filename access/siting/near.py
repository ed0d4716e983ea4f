"""Each area's nearest sites in order, as far as they can matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from access.siting.model import Floats, Ints

_BLOCK_CELLS = 2_000_000
_MOST_ENTRIES = 40_000_000


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest sites of every area, in order of minutes, ties by site position.

    Parameters
    ----------
    site : ndarray of int32, shape (areas, kept)
        Site positions.
    cost : ndarray, shape (areas, kept)
        Minutes to them, rising along each row.
    limit : ndarray, shape (areas,)
        Every site nearer than this stands in the row; ``inf`` where all do.
    """

    site: NDArray[np.int32]
    cost: Floats
    limit: Floats

    @classmethod
    def of(cls, minutes: Floats, columns: Ints, keep: int) -> Near:
        """List the `keep` nearest of some sites for every area.

        Parameters
        ----------
        minutes : ndarray, shape (areas, sites)
        columns : ndarray of int
            Positions of the sites that may be listed, rising.
        keep : int
            How many to list an area; fewer where memory would not allow it.

        Returns
        -------
        Near
        """
        n, m = len(minutes), len(columns)
        keep = max(1, min(keep, m, _MOST_ENTRIES // max(1, n)))
        everything = m == minutes.shape[1]
        site = np.empty((n, keep), np.int32)
        cost = np.empty((n, keep))
        step = max(1, _BLOCK_CELLS // max(1, m))
        for start in range(0, n, step):
            block = slice(start, start + step)
            part = minutes[block] if everything else minutes[block][:, columns]
            if keep < m:
                picked = np.argpartition(part, keep - 1, axis=1)[:, :keep]
                picked.sort(axis=1)
                part = np.take_along_axis(part, picked, 1)
                order = np.argsort(part, axis=1, kind="stable")
                site[block] = columns[np.take_along_axis(picked, order, 1)]
            else:
                order = np.argsort(part, axis=1, kind="stable")
                site[block] = columns[order]
            cost[block] = np.take_along_axis(part, order, 1)
        limit = cost[:, -1].copy() if keep < m else np.full(n, np.inf)
        return cls(site, cost, limit)

    def within(self, rows: Ints | slice, radius: Floats) -> tuple[Ints, NDArray[np.int32], Floats]:
        """List the sites of some rows that are nearer than a radius of each row.

        Parameters
        ----------
        rows : ndarray of int or slice
        radius : ndarray
            One for each of those rows.

        Returns
        -------
        tuple of ndarray
            Position within `rows`, site, minutes; row by row.
        """
        cost = self.cost[rows]
        mask = cost < radius[:, None]
        # Rows rise, so whole columns beyond the last hit can be left out before the search.
        depth = int(mask.any(axis=0).sum())
        mask = mask[:, :depth]
        row = np.repeat(np.arange(len(mask)), mask.sum(axis=1))
        return row, self.site[rows][:, :depth][mask], cost[:, :depth][mask]
