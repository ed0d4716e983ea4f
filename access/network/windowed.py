"""Minutes that depend on when one sets out: one figure for every minute of a window.

The statistics are taken last: the median of the least over the open sites is not the least of
the sites' medians, for the next bus to one site may leave when the last to the other has gone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError
from access.labels import trip
from access.network.matrix import Status, TravelMatrix, nearest_rank
from access.text import limit_words

_Floats = NDArray[np.float64]
#: The latest that a window ends: 4 in the morning, minutes after midnight.
LAST_MARK = 28 * 60


@dataclass(frozen=True, eq=False, repr=False)
class WindowedTravel:
    """Minutes between areas and sites for every minute of a window.

    Parameters
    ----------
    area_ids, site_ids : tuple of str
    mode : str
    marks : tuple of int
        Minutes after midnight: of setting out, or of being there where `arrive_by`.
    minutes : ndarray of float32, shape (areas, marks, sites)
        Door to door, waiting included; ``inf`` where there is no way.
    unreached : ndarray of uint8, shape (areas, sites)
        `Status` of a pair that is not reached at a minute.
    same_place : ndarray of bool, shape (areas, sites)
    direction : str
        ``"to_site"`` or ``"from_site"``.
    arrive_by : bool
        Whether the marks are when one must be there.
    assumptions : tuple of str
    provenance : dict

    Examples
    --------
    >>> trips = WindowedTravel(("a",), ("X",), "bus", (540, 541), [[[12.0], [30.0]]])
    >>> trips.percentile(50).total_minutes.item(), trips.share_without(20).to_numpy().item()
    (12.0, 0.5)
    """

    area_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    mode: str
    marks: tuple[int, ...]
    minutes: NDArray[np.float32]
    unreached: NDArray[np.uint8] = None  # type: ignore[assignment]
    same_place: NDArray[np.bool_] = None  # type: ignore[assignment]
    direction: str = "to_site"
    arrive_by: bool = False
    assumptions: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (len(self.area_ids), len(self.marks), len(self.site_ids))
        pairs = shape[::2]
        fill = {
            "minutes": (_own(self.minutes), shape),
            "unreached": (_or_full(self.unreached, pairs, np.uint8, Status.UNREACHABLE), pairs),
            "same_place": (_or_full(self.same_place, pairs, bool, False), pairs),
        }
        for name, (array, expected) in fill.items():
            if array.shape != expected:
                raise ParameterError(f"{name} has shape {array.shape}; expected {expected}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of areas, minutes, sites."""
        return len(self.area_ids), len(self.marks), len(self.site_ids)

    def percentile(self, q: float = 50) -> TravelMatrix:
        """Minutes of the journey at a rank among the minutes of the window, pair by pair.

        Parameters
        ----------
        q : float
            Above 0, up to 100; 50 is the median.

        Returns
        -------
        TravelMatrix
            ``sorted[ceil(q / 100 * n) - 1]``, so that it is a journey that exists. ``inf`` where
            at that rank there is no way.

        Raises
        ------
        ParameterError
            If `q` is not above 0 and up to 100.

        Notes
        -----
        Nearest rank, as in R5 (Conway, Byrd, van der Linden 2017, TRR 2653).
        """
        at = self._at_rank(self.minutes, q)
        total = self._picked(self.minutes, at).astype(float)
        entry, exit_ = self._legs(at)
        return self._matrix(total, entry, exit_, q)

    def _matrix(self, total: _Floats, entry: _Floats, exit_: _Floats, q: float) -> TravelMatrix:
        reached = np.isfinite(total)
        inside = np.where(reached, np.maximum(total - entry - exit_, 0.0), np.inf)
        when = "being there by" if self.arrive_by else "setting out"
        return TravelMatrix(
            area_ids=self.area_ids, site_ids=self.site_ids, mode=self.mode,
            entry_minutes=np.where(reached, entry, np.inf), network_minutes=inside,
            exit_minutes=np.where(reached, exit_, np.inf), total_minutes=total,
            network_metres=np.where(reached, np.nan, np.inf),
            status=np.where(~reached, self.unreached,
                            np.where(self.same_place, Status.SAME_PLACE, Status.OK)),
            direction=self.direction,
            assumptions=(*self.assumptions,
                         f"Minutes are percentile {q:g} (nearest rank) over {len(self.marks)} "
                         f"minutes of {when}, {clock(self.marks[0])} to "
                         f"{clock(self.marks[-1])}."),
            provenance={**self.provenance, "percentile": float(q)},
            minute_by_minute=self.minutes, percentile=float(q),
        )  # fmt: skip

    def _at_rank(self, minutes: NDArray[Any], q: float) -> NDArray[np.intp]:
        """Which minute stands at a rank; the earliest of those that tie with it in order."""
        rank = nearest_rank(q, minutes.shape[1])
        return np.argsort(minutes, axis=1, kind="stable")[:, rank]

    @staticmethod
    def _picked(array: NDArray[Any], at: NDArray[np.intp]) -> NDArray[Any]:
        return np.take_along_axis(array, at[:, None], axis=1)[:, 0]

    def _legs(self, at: NDArray[np.intp]) -> tuple[_Floats, _Floats]:
        """Walks at the area's and the site's end of the picked journeys, where they are known."""
        return np.zeros(at.shape), np.zeros(at.shape)

    def share_without(self, minutes: float = 60.0) -> pd.DataFrame:
        """Share of the window in which no journey is under a limit: how often there is none.

        Parameters
        ----------
        minutes : float

        Returns
        -------
        DataFrame, shape (areas, sites)
            0 (always one) to 1 (never one).

        Raises
        ------
        ParameterError
            If the limit is not above 0.
        """
        _check_limit(minutes)
        share = (self.minutes >= minutes).mean(axis=1)
        return pd.DataFrame(share, index=pd.Index(self.area_ids, name="area_id"),
                            columns=pd.Index(self.site_ids, name="site_id"))  # fmt: skip

    def nearest(
        self, sites: Sequence[str] | None = None, *, q: float = 50, limit_minutes: float = 60.0
    ) -> pd.DataFrame:
        """Minutes to whichever open site is nearest at each minute, then the percentile.

        Parameters
        ----------
        sites : sequence of str, optional
            Open sites; all when not given.
        q : float
            Percentile, as for `percentile`.
        limit_minutes : float
            For the share of minutes with no journey under it.

        Returns
        -------
        DataFrame
            By ``area_id``: ``minutes`` at the rank, ``site_id`` that is nearest in that minute
            (missing where none is reached), ``share_without``.

        Raises
        ------
        ParameterError
            If no site is open or one is not known, or an option is out of range.

        Examples
        --------
        >>> trips = WindowedTravel(("a",), ("X", "Y"), "bus", (540, 541, 542),
        ...                        [[[10, 40], [30, 12], [35, 14]]])
        >>> trips.nearest()["minutes"].item(), trips.percentile().total_minutes.min().item()
        (12.0, 14.0)
        """
        _check_limit(limit_minutes)
        trips = self if sites is None else self.sites(sites)
        if not trips.site_ids:
            raise ParameterError("no site is open; expected at least one")
        which = trips.minutes.argmin(axis=2)
        least = np.take_along_axis(trips.minutes, which[..., None], axis=2)
        at = self._at_rank(least, q)
        minutes = self._picked(least, at)[:, 0].astype(float)
        site = np.array(trips.site_ids, object)[self._picked(which[..., None], at)[:, 0]]
        return pd.DataFrame(
            {
                "minutes": minutes,
                "site_id": np.where(np.isfinite(minutes), site, None),
                "share_without": (least[..., 0] >= limit_minutes).mean(axis=1),
            },
            index=pd.Index(self.area_ids, name="area_id"),
        )

    def sites(self, ids: Sequence[str]) -> WindowedTravel:
        """Keep some sites, in the order given.

        Parameters
        ----------
        ids : sequence of str

        Returns
        -------
        WindowedTravel

        Raises
        ------
        ParameterError
            If an id is not a site.
        """
        at = _rows_of(self.site_ids, ids, "site")
        return replace(
            self, site_ids=tuple(self.site_ids[i] for i in at), minutes=self.minutes[..., at],
            unreached=self.unreached[:, at], same_place=self.same_place[:, at],
            **self._of_sites(at),
        )  # fmt: skip

    def _of_sites(self, at: NDArray[np.intp]) -> dict[str, Any]:
        """What else goes with the sites that are kept."""
        return {}

    def __repr__(self) -> str:
        a, m, s = self.shape
        return (
            f"<WindowedTravel {self.mode}: {a:,} areas x {s} sites, {m} minutes from "
            f"{clock(self.marks[0])}>"
        )


def family_trip(
    bus: WindowedTravel,
    drive: TravelMatrix,
    p_no_car: pd.Series | Sequence[float] | _Floats,
    *,
    parking_minutes: float = 3.0,
    walk: TravelMatrix | None = None,
) -> WindowedTravel:
    """The typical family trip with the bus in it, minute by minute.

    ``p * min(walk, bus) + (1 - p) * min(walk, drive + parking)``, p the share of an area's
    households without a car. Take percentiles, or the nearest site, of what comes back.

    Parameters
    ----------
    bus : WindowedTravel
        As `bus_matrix` makes it: walking all the way is in it where that is quicker.
    drive : TravelMatrix
        Of the same areas and sites, in any order.
    p_no_car : Series or sequence
        Share (0 to 1) by area id, or in the order of ``bus.area_ids``.
    parking_minutes : float
        Added to every trip by car.
    walk : TravelMatrix, optional
        The walk that `bus` was made with when not given.

    Returns
    -------
    WindowedTravel
        Mode ``"typical"``. A pair is ``inf`` at a minute as long as any household has no car and
        can neither walk nor ride.

    Raises
    ------
    ParameterError
        If areas or sites are missing, directions differ, a share is not from 0 to 1, or parking is
        negative.

    Examples
    --------
    >>> ids = {"area_ids": ["a"], "site_ids": ["X"]}
    >>> bus = WindowedTravel(("a",), ("X",), "bus", (540, 541), [[[20.0], [40.0]]])
    >>> drive = TravelMatrix.from_minutes([[7.0]], mode="drive", **ids)
    >>> walk = TravelMatrix.from_minutes([[45.0]], mode="walk", **ids)
    >>> family_trip(bus, drive, [0.25], walk=walk).minutes.ravel().tolist()
    [12.5, 17.5]
    """
    if not (np.isfinite(parking_minutes) and parking_minutes >= 0):
        raise ParameterError(f"parking_minutes={parking_minutes!r}; expected 0 or more")
    walk = getattr(bus, "walk", None) if walk is None else walk
    if walk is None:
        raise ParameterError("walk is missing; expected the walking matrix that goes with the bus")
    for name, other in (("drive", drive), ("walk", walk)):
        if other.direction != bus.direction:
            raise ParameterError(
                f"{name} goes {other.direction} and the bus {bus.direction}; expected one direction"
            )
    on_foot, by_car = (
        m.areas(bus.area_ids).sites(bus.site_ids).total_minutes for m in (walk, drive)
    )
    p = _shares(p_no_car, bus.area_ids)[:, None, None]
    car = np.minimum(on_foot, by_car + parking_minutes)[:, None, :]
    no_car = np.minimum(on_foot[:, None, :], bus.minutes)
    blend = np.where(p > 0, no_car, 0.0) * p + np.where(p < 1, car, 0.0) * (1 - p)
    minutes: NDArray[np.float32] = blend.astype(np.float32)
    minutes.setflags(write=False)
    return WindowedTravel(
        bus.area_ids, bus.site_ids, "typical", bus.marks, minutes,
        bus.unreached, bus.same_place, bus.direction, bus.arrive_by,
        (
            *dict.fromkeys((*bus.assumptions, *drive.assumptions)),
            f"{trip('typical')}: at every minute the share of households without a car takes the "
            "quicker of walking and the bus, the rest the quicker of walking and driving + "
            f"{limit_words(parking_minutes)} to park",
        ),
        {"bus": bus.provenance, "drive": drive.provenance, "parking_minutes": parking_minutes},
    )  # fmt: skip


def _shares(p_no_car: pd.Series | Sequence[float] | _Floats, area_ids: Sequence[str]) -> _Floats:
    """Shares in the order of the areas, each from 0 to 1."""
    if isinstance(p_no_car, pd.Series):
        by_id = p_no_car.copy()
        by_id.index = by_id.index.map(str)
        p = by_id.reindex(list(area_ids)).to_numpy(float)
    else:
        p = np.asarray(p_no_car, float)
    if p.shape != (len(area_ids),) or not ((p >= 0) & (p <= 1)).all():
        raise ParameterError(
            f"p_no_car must hold a share from 0 to 1 for each of the {len(area_ids)} areas; found "
            f"shape {p.shape}, least {np.min(p, initial=np.inf):g}, most "
            f"{np.max(p, initial=-np.inf):g}"
        )
    return p


def _rows_of(known: Sequence[str], wanted: Sequence[str], what: str) -> NDArray[np.intp]:
    """Where ids stand; naming every one that is not known."""
    names = [str(w) for w in wanted]
    at = pd.Index(known).get_indexer(pd.Index(names))
    unknown = [n for n, i in zip(names, at, strict=True) if i < 0]
    if unknown:
        raise ParameterError(f"unknown {what} {unknown}; expected any of {list(known)[:30]}")
    return at.astype(np.intp)


def clock(mark: float) -> str:
    """A time of day as timetables print it.

    Parameters
    ----------
    mark : float
        Minutes after midnight.

    Returns
    -------
    str

    Examples
    --------
    >>> clock(554), clock(1445)
    ('9.14', '0.05 the next day')
    """
    whole = math.floor(mark + 1e-9)
    day, minute = divmod(whole, 1440)
    said = {0: "", 1: " the next day", -1: " the day before"}.get(day, f" (day {day:+d})")
    return f"{minute // 60}.{minute % 60:02d}{said}"


def _own(minutes: ArrayLike) -> NDArray[np.float32]:
    """Minutes that nobody else can change: a copy of an array that its owner still may."""
    array = np.asarray(minutes, np.float32)
    return array.copy() if array is minutes and array.flags.writeable else array


def _or_full(
    array: ArrayLike | None, shape: tuple[int, ...], dtype: type, fill: object
) -> NDArray[Any]:
    return np.full(shape, fill, dtype) if array is None else np.array(array, dtype)


def _check_limit(minutes: float) -> None:
    if not minutes > 0:
        raise ParameterError(f"the limit is {minutes!r} minutes; expected minutes above 0")
