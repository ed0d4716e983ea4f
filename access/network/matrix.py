"""The travel matrix: minutes from every area to every site, with how each pair came about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.arguments import a, array, ids, text
from access.display import html_answer
from access.errors import ParameterError

_Floats = NDArray[np.float64]


class Status(IntEnum):
    """How a pair's minutes came about. Only `OK` and `SAME_PLACE` pairs have finite minutes."""

    OK = 0
    SAME_PLACE = 1
    UNSNAPPED = 2
    UNREACHABLE = 3
    BEYOND_LIMIT = 4


_STATUS_WORDS = {
    Status.OK: "reached along the network",
    Status.SAME_PLACE: "area and site are the same point",
    Status.UNSNAPPED: "area or site is too far from any usable street",
    Status.UNREACHABLE: "no way through the network",
    Status.BEYOND_LIMIT: "further than the search was allowed to go",
}


def _frozen(array: ArrayLike, dtype: type) -> NDArray[Any]:
    out: NDArray[Any] = np.array(array, dtype=dtype, order="C", copy=True)
    out.setflags(write=False)
    return out


@dataclass(frozen=True, eq=False)
class TravelMatrix:
    """Minutes between areas (rows) and sites (columns), and where they come from.

    Parameters
    ----------
    area_ids, site_ids : tuple of str
        Row and column names, unique.
    mode : str
        ``"walk"``, ``"drive"``, ``"typical"`` or a user's own word.
    entry_minutes, network_minutes, exit_minutes, total_minutes : ndarray, shape (areas, sites)
        Leg from the area to the network, along it, from it to the site, and their sum.
        ``inf`` where the site cannot be reached; never a made-up number.
    network_metres : ndarray, shape (areas, sites)
        Metres along the network on the path that was taken; ``inf`` where unreached, ``nan``
        where a matrix of minutes was handed over without metres.
    status : ndarray of uint8, shape (areas, sites)
        A `Status` for every pair.
    direction : str
        ``"to_site"`` (from the areas to the sites) unless told otherwise.
    assumptions : tuple of str
        What the reader of any number made from this matrix must be told.
    provenance : dict
        Network hash, profile and parameters, for the ledger.
    minute_by_minute : ndarray of float32, shape (areas, minutes of the day, sites), optional
        Where minutes depend on when one sets out: all of them. `total_minutes` are then their
        `percentile`, and the least over several sites is taken minute by minute first.
    percentile : float
        By nearest rank.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12], [9, float("inf")]],
    ...                               area_ids=["a", "b"], site_ids=["X", "Y"], mode="walk")
    >>> m.total_minutes[0].tolist(), m.shape
    ([5.0, 12.0], (2, 2))
    >>> m.status_counts()["UNREACHABLE"]
    1
    """

    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    mode: str
    entry_minutes: _Floats
    network_minutes: _Floats
    exit_minutes: _Floats
    total_minutes: _Floats
    network_metres: _Floats
    status: NDArray[np.uint8]
    direction: str = "to_site"
    assumptions: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    minute_by_minute: NDArray[np.float32] | None = None
    percentile: float = 50.0

    def __post_init__(self) -> None:
        for name in ("area_ids", "site_ids"):
            ids = tuple(str(i) for i in getattr(self, name))
            object.__setattr__(self, name, ids)
            if len(set(ids)) != len(ids):
                twice = pd.Index(ids)[pd.Index(ids).duplicated()].unique().tolist()
                raise ParameterError(f"{name} must be unique; found twice: {twice[:5]}")
        shape = (len(self.area_ids), len(self.site_ids))
        for name, dtype in _ARRAYS.items():
            array = _frozen(getattr(self, name), dtype)
            if array.shape != shape:
                raise ParameterError(
                    f"{name} has shape {array.shape}; expected (areas, sites) = {shape}"
                )
            object.__setattr__(self, name, array)
        each = self.minute_by_minute
        if each is not None and (each.ndim != 3 or each.shape[::2] != shape or not each.shape[1]):
            raise ParameterError(
                f"minute_by_minute has shape {each.shape}; expected (areas, minutes, sites) with "
                f"(areas, sites) = {shape}"
            )
        reached = self.status <= Status.SAME_PLACE
        if not np.array_equal(np.isfinite(self.total_minutes), reached):
            raise ParameterError(
                "total_minutes must be finite exactly where status is OK or SAME_PLACE, "
                "and inf everywhere else"
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of areas, number of sites."""
        return len(self.area_ids), len(self.site_ids)

    @classmethod
    def from_minutes(
        cls,
        minutes: ArrayLike | pd.DataFrame,
        *,
        area_ids: Sequence[str] | None = None,
        site_ids: Sequence[str] | None = None,
        mode: str = "walk",
        assumptions: Sequence[str] = (),
    ) -> TravelMatrix:
        """Make a matrix of minutes that somebody already has into a `TravelMatrix`.

        Parameters
        ----------
        minutes : array_like or DataFrame, shape (areas, sites)
            Minutes; ``inf`` (or missing, in a DataFrame) where the site cannot be reached.
        area_ids, site_ids : sequence of str, optional
            Names; a DataFrame's index and columns when not given.
        mode : str
            What the minutes are of.
        assumptions : sequence of str
            What readers must be told about these minutes.

        Returns
        -------
        TravelMatrix

        Raises
        ------
        ParameterError
            If minutes are negative or ``nan``, or shapes and ids disagree.

        Examples
        --------
        >>> TravelMatrix.from_minutes([[1.0]], area_ids=["a"], site_ids=["X"]).total_minutes.item()
        1.0
        """
        area_ids = None if area_ids is None else ids(area_ids, "area_ids")
        site_ids = None if site_ids is None else ids(site_ids, "site_ids")
        if isinstance(minutes, pd.DataFrame):
            area_ids = list(minutes.index) if area_ids is None else area_ids
            site_ids = list(minutes.columns) if site_ids is None else site_ids
            try:
                minutes = minutes.astype(float).fillna(np.inf)
            except (TypeError, ValueError) as error:
                raise ParameterError(f"minutes are not all numbers: {error}") from None
        total = array(dimensions=2)(minutes, "minutes")
        if total.ndim != 2 or area_ids is None or site_ids is None:
            raise ParameterError(
                "minutes must be a table of shape (areas, sites) with area_ids and site_ids; "
                f"found shape {total.shape}"
            )
        if np.isnan(total).any() or (total < 0).any():
            row, col = np.argwhere(np.isnan(total) | (total < 0))[0]
            raise ParameterError(
                f"minutes from area {area_ids[row]!r} to site {site_ids[col]!r} are "
                f"{total[row, col]!r}; expected 0 or more, or inf where it cannot be reached"
            )
        told = [text(t, "assumptions") for t in a(list, tuple, expected="a list of texts")(
            assumptions, "assumptions")]  # fmt: skip
        reached = np.isfinite(total)
        zero = np.where(reached, 0.0, np.inf)
        return cls(
            area_ids=tuple(map(str, area_ids)),
            site_ids=tuple(map(str, site_ids)),
            mode=mode,
            entry_minutes=zero,
            network_minutes=total,
            exit_minutes=zero,
            total_minutes=total,
            network_metres=np.where(reached, np.nan, np.inf),
            status=np.where(reached, Status.OK, Status.UNREACHABLE),
            assumptions=tuple(told),
        )

    def sites(self, ids: Sequence[str]) -> TravelMatrix:
        """Keep some sites, in the order given.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        TravelMatrix, shape (areas, len(ids))

        Raises
        ------
        ParameterError
            If an id is not a site of this matrix.
        """
        return self._take(cols=positions(self.site_ids, ids, "site"))

    def areas(self, ids: Sequence[str]) -> TravelMatrix:
        """Keep some areas, in the order given.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        TravelMatrix, shape (len(ids), sites)

        Raises
        ------
        ParameterError
            If an id is not an area of this matrix.
        """
        return self._take(rows=positions(self.area_ids, ids, "area"))

    def _take(
        self, rows: NDArray[np.intp] | None = None, cols: NDArray[np.intp] | None = None
    ) -> TravelMatrix:
        def taken(values: NDArray[Any], sites_at: int = 1) -> NDArray[Any]:
            values = values if rows is None else np.take(values, rows, axis=0)
            return values if cols is None else np.take(values, cols, axis=sites_at)

        each = self.minute_by_minute
        arrays: dict[str, Any] = {name: taken(getattr(self, name)) for name in _ARRAYS}
        return replace(
            self,
            area_ids=self.area_ids if rows is None else tuple(self.area_ids[i] for i in rows),
            site_ids=self.site_ids if cols is None else tuple(self.site_ids[i] for i in cols),
            minute_by_minute=None if each is None else taken(each, 2),
            **arrays,
        )

    def least(self, ids: Sequence[str]) -> _Floats:
        """Give minutes to the nearest of some sites.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        ndarray, shape (areas,)
            Where minutes depend on when one sets out, the least at every minute and then the
            percentile: never the least of the sites' percentiles.

        Raises
        ------
        ParameterError
            If an id is not a site of this matrix, or there is none.

        Examples
        --------
        >>> from access.network import WindowedTravel
        >>> trips = WindowedTravel(("a",), ("X", "Y"), "bus", (540, 541, 542),
        ...                        [[[10, 40], [30, 12], [35, 14]]])
        >>> by_bus = trips.percentile(50)
        >>> by_bus.least(["X", "Y"]).item(), by_bus.total_minutes.min().item()
        (12.0, 14.0)
        """
        cols = positions(self.site_ids, ids, "site")
        if not len(cols):
            raise ParameterError("no site is named; expected at least one")
        if self.minute_by_minute is None:
            least: _Floats = self.total_minutes[:, cols].min(axis=1)
            return least
        each = self.minute_by_minute[:, :, cols].min(axis=2)
        return at_rank(each, self.percentile).astype(float)

    def to_frame(self) -> pd.DataFrame:
        """Total minutes as a table, areas down and sites across.

        Returns
        -------
        DataFrame, shape (areas, sites)
            Minutes; ``inf`` where a site cannot be reached.
        """
        return pd.DataFrame(
            self.total_minutes.copy(),  # the caller's own: ours is never changed
            index=pd.Index(self.area_ids, name="area_id"),
            columns=pd.Index(self.site_ids, name="site_id"),
        )

    def status_counts(self) -> dict[str, int]:
        """Count pairs by status.

        Returns
        -------
        dict of str to int
            One entry per `Status`, zeros included; they sum to areas x sites.
        """
        counts = np.bincount(self.status.ravel(), minlength=len(Status))
        return {status.name: int(counts[status]) for status in Status}

    def __repr__(self) -> str:
        reached = int((self.status <= Status.SAME_PLACE).sum())
        return (
            f"<TravelMatrix {self.mode}: {self.shape[0]} areas x {self.shape[1]} sites, "
            f"{reached} of {self.status.size} pairs reached>"
        )

    def _repr_html_(self) -> str:
        rows = [
            (_STATUS_WORDS[Status[name]], f"{count:,}")
            for name, count in self.status_counts().items()
            if count
        ]
        sentence = (
            f"Minutes ({self.mode}) from {self.shape[0]:,} areas to {self.shape[1]:,} sites. "
            "Unreached pairs are inf, and counted apart."
        )
        return html_answer(sentence, ["Pairs of area and site", "Count"], rows,
                           notes=self.assumptions)  # fmt: skip


def nearest_rank(percentile: float, n: int) -> int:
    """Place of a percentile among `n` sorted values, counted from 0: one of them, as R5 takes it.

    Examples
    --------
    >>> nearest_rank(50, 3), nearest_rank(50, 4), nearest_rank(100, 4)
    (1, 1, 3)
    """
    if not (np.isfinite(percentile) and 0 < percentile <= 100):
        raise ParameterError(f"q={percentile!r}; expected a percentile above 0 and up to 100")
    return math.ceil(round(percentile * n / 100, 9)) - 1


def at_rank(values: NDArray[Any], percentile: float) -> NDArray[Any]:
    """Take a percentile of every row, by nearest rank."""
    k = nearest_rank(percentile, values.shape[-1])
    found: NDArray[Any] = np.partition(values, k, axis=-1)[..., k]
    return found


_ARRAYS: dict[str, type] = {
    "entry_minutes": np.float64,
    "network_minutes": np.float64,
    "exit_minutes": np.float64,
    "total_minutes": np.float64,
    "network_metres": np.float64,
    "status": np.uint8,
}


def positions(known: Sequence[str], wanted: Sequence[str], what: str) -> NDArray[np.intp]:
    """Find where ids stand in a list of ids."""
    where = {name: i for i, name in enumerate(known)}
    wanted = [str(w) for w in wanted]
    unknown = [w for w in wanted if w not in where]
    if unknown:
        raise ParameterError(
            f"unknown {what} id{'s' if len(unknown) > 1 else ''} {unknown}; "
            f"expected any of {list(known)[:30]}{' ...' if len(known) > 30 else ''}"
        )
    return np.array([where[w] for w in wanted], dtype=np.intp)
