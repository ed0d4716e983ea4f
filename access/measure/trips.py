"""Families' trips: with or without a car, over a week's days, and how use falls with minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from access.arguments import a, by_id, checked, ids, number, table
from access.errors import ParameterError
from access.labels import trip
from access.measure.demand import align_demand, by_area
from access.network.matrix import Status, TravelMatrix, at_rank, positions
from access.text import limit_words

# The trip of families as they live: with and without a car, and over the days of a week.

# The family trip: those without a car walk, the others take the quicker way.

_Floats = NDArray[np.float64]
_LEGS = ("entry_minutes", "network_minutes", "exit_minutes")


def _blend(p: _Floats, walk: _Floats, other: _Floats) -> _Floats:
    """``p * walk + (1 - p) * other``, where a share of nobody does not spread an ``inf``."""
    return np.where(p > 0, walk, 0.0) * p + np.where(p < 1, other, 0.0) * (1 - p)


@checked(
    walk=a(TravelMatrix, expected="a TravelMatrix"),
    drive=a(TravelMatrix, expected="a TravelMatrix"),
    parking_minutes=number(0),
)
def typical_matrix(
    walk: TravelMatrix,
    drive: TravelMatrix,
    p_no_car: pd.Series | Mapping[str, float] | Sequence[float] | _Floats,
    parking_minutes: float = 3.0,
) -> TravelMatrix:
    """Blend walking and driving by car ownership, pair by pair.

    ``p * walk + (1 - p) * min(walk, drive + parking)``, p the share of an area's households
    without a car.

    Parameters
    ----------
    walk, drive : TravelMatrix
        Of the same areas and sites, in any order.
    p_no_car : Series, mapping or sequence
        Share (0 to 1) of households without a car, by area id or in the order of
        ``walk.area_ids``.
    parking_minutes : float
        Added to every trip by car; 3 unless told otherwise.

    Returns
    -------
    TravelMatrix
        Mode ``"typical"``, in the order of `walk`. A pair that cannot be walked is ``inf``
        (with the walk's status) as long as any household has no car, for those families
        cannot get there at all; where every household has one, the car's time stands. A pair
        that cannot be driven is walked. Metres are ``nan``: a blend follows no one path.

    Raises
    ------
    ParameterError
        If areas or sites differ, a share is not from 0 to 1, or parking is negative.

    Notes
    -----
    The blend is the expected time of one family; a family with a car walks where that is
    quicker.

    Examples
    --------
    >>> ids = {"area_ids": ["a"], "site_ids": ["X"]}
    >>> walk = TravelMatrix.from_minutes([[30.0]], mode="walk", **ids)
    >>> drive = TravelMatrix.from_minutes([[5.0]], mode="drive", **ids)
    >>> typical_matrix(walk, drive, [0.25]).total_minutes.item()
    13.5
    """
    if not (np.isfinite(parking_minutes) and parking_minutes >= 0):
        raise ParameterError(f"parking_minutes={parking_minutes!r}; expected 0 or more")
    for what in ("area_ids", "site_ids"):
        differ = sorted(set(getattr(walk, what)) ^ set(getattr(drive, what)))
        if differ:
            raise ParameterError(
                f"walk and drive must hold the same {what}; only one of them has {differ[:10]}"
            )
    drive = drive.areas(walk.area_ids).sites(walk.site_ids)
    p = by_area(p_no_car, walk.area_ids, name="p_no_car", high=1.0)[:, None]
    by_car = drive.total_minutes + parking_minutes < walk.total_minutes
    legs = {}
    for leg in _LEGS:
        car = getattr(drive, leg) + (parking_minutes if leg == "exit_minutes" else 0.0)
        legs[leg] = _blend(p, getattr(walk, leg), np.where(by_car, car, getattr(walk, leg)))
    other = np.where(by_car, drive.total_minutes + parking_minutes, walk.total_minutes)
    total = _blend(p, walk.total_minutes, other)
    reached = np.isfinite(total)
    legs = {leg: np.where(reached, minutes, np.inf) for leg, minutes in legs.items()}
    ok = np.where(walk.status == Status.SAME_PLACE, Status.SAME_PLACE, Status.OK)
    return TravelMatrix(
        area_ids=walk.area_ids,
        site_ids=walk.site_ids,
        mode="typical",
        entry_minutes=legs["entry_minutes"],
        network_minutes=legs["network_minutes"],
        exit_minutes=legs["exit_minutes"],
        total_minutes=total,
        network_metres=np.where(reached, np.nan, np.inf),
        status=np.where(reached, ok, walk.status),
        direction=walk.direction,
        assumptions=(
            *dict.fromkeys((*walk.assumptions, *drive.assumptions)),
            f"{trip('typical')}: the share of households without a car walks, the rest takes "
            f"the quicker of walking and driving + {limit_words(parking_minutes)} to park",
        ),
        provenance={
            "walk": walk.provenance,
            "drive": drive.provenance,
            "parking_minutes": parking_minutes,
        },
    )


# ------------------------------------------------------------------------------
# The expected trip over a week, where sites are open on some of the weekdays alone.

WEEKDAYS = 5


@dataclass(frozen=True, eq=False)
class _Week:
    """What every area meets over the five weekdays.

    Parameters
    ----------
    minutes : ndarray, shape (areas,)
        Expected minutes to the nearest site that is open, over the weekdays on which one is;
        ``inf`` where there is no such weekday.
    share_without : ndarray, shape (areas,)
        Share of the weekdays on which no site that is reached is open, 0 to 1.
    """

    minutes: _Floats
    share_without: _Floats


@checked(
    matrix=a(TravelMatrix, expected="a TravelMatrix, such as travel_matrix gives"),
    sites=ids,
    days=by_id(number(0)),
)
def expected_week(matrix: TravelMatrix, sites: Sequence[str], days: Mapping[str, float]) -> _Week:
    """Give the expected trip over a week, the next nearest site on the days the nearest is shut.

    A site is open on ``days / 5`` of the weekdays, at most all of them, whatever the others do:
    the sum over sites, nearest first, of ``s_i * prod(1 - s_j of those nearer) * t_i``, divided
    by the share of weekdays on which one is open. Where minutes depend on when one sets out, that
    is done at every minute of the day, and of both figures the matrix's percentile is taken.

    Parameters
    ----------
    matrix : TravelMatrix
    sites : sequence of str
        Ids of the open sites.
    days : mapping of str to float
        Days a week by id; a site left out is open every weekday.

    Returns
    -------
    Week

    Raises
    ------
    ParameterError
        If an id is not a site of the matrix.

    Notes
    -----
    With fewer days the chance of finding a site open within any time never rises. The mean over
    the days on which one is open may fall where `share_without` rises: read both.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12]], area_ids=["a"], site_ids=["X", "Y"])
    >>> expected_week(m, ["X", "Y"], {"X": 2}).minutes.item()  # 2/5 of 5 and 3/5 of 12
    9.2
    """
    listed = sorted({str(s) for s in sites})
    each = matrix.minute_by_minute
    minutes = matrix.total_minutes[:, None, :] if each is None else each
    minutes = minutes[:, :, positions(matrix.site_ids, listed, "site")]
    share = np.array([min(days.get(i, WEEKDAYS) / WEEKDAYS, 1.0) for i in listed])
    step = max(1, _CELLS // max(1, minutes[:1].size))
    parts = [
        tuple(at_rank(at_each, matrix.percentile) for at_each in _week_of(some, share))
        for some in (minutes[at : at + step] for at in range(0, max(len(minutes), 1), step))
    ]
    return _Week(*(np.concatenate(column) for column in zip(*parts, strict=True)))


#: Minutes by area, minute of the day and site that are looked at together.
_CELLS = 1_000_000


def _week_of(minutes: NDArray[Any], share: _Floats) -> tuple[_Floats, _Floats]:
    """Give expected minutes, and the share of days with no site open, by area and minute."""
    order = np.argsort(minutes, axis=2, kind="stable")
    near = np.take_along_axis(minutes, order, axis=2).astype(float)
    reached = np.isfinite(near)
    opened = np.where(reached, share[order], 0.0)
    shut = np.cumprod(1.0 - opened, axis=2)
    nearer_shut = np.concatenate([np.ones_like(shut[..., :1]), shut[..., :-1]], axis=2)
    chance = opened * nearer_shut
    some = chance.sum(axis=2)
    total = (chance * np.where(reached, near, 0.0)).sum(axis=2)
    expected = np.divide(total, some, out=np.full(some.shape, np.inf), where=some > 0)
    # all open every weekday: the nearest, to the last digit
    sure = opened[..., 0] == 1.0
    return np.where(sure, near[..., 0], expected), np.where(sure, 0.0, shut[..., -1])


# ------------------------------------------------------------------------------
# Take-up: how use falls with travel time. Off by default, never evidence, always with its error.
#
# No published distance-decay coefficient for children's centres is known. So a change of use is
# either a declared range, or fitted on the council's own attendance and reported with its error.
# It is kept apart from travel facts in every output.

TAKE_UP_WARNING = (
    "Assumption, not evidence: what families would do is not known; this shows what would follow "
    "if use fell with travel time as stated."
)
#: 97.5th percentile of the normal distribution: a 95 % interval.
_Z_95 = 1.959963984540054
#: A factor of 1e9, or one in 1e9, in ten minutes is no finding: the visits fix none.
_MOST_LOG = float(np.log(1e9))


@dataclass(frozen=True)
class TakeUp:
    """By what factor use changes for each further ten minutes of travel.

    Parameters
    ----------
    middle, low, high : float
        Factor per ten minutes: 0.9 is a tenth fewer. `low` is the least favourable.
    source : str
        ``"declared"`` or ``"fitted"``.
    note : str
        What it rests on.
    per_family : float or None
        Fitted visits a family at nought minutes (with other columns at their mean).
    dispersion : float or None
        Pearson chi-square over its degrees of freedom; well above 1: visits vary more than
        counts should, and the interval was widened by it.
    deviance_explained : float or None
        0 to 1.
    areas : int
        Areas that the fit used.

    Examples
    --------
    >>> TakeUp.declared(0.8, 0.95).middle
    0.8717...
    """

    middle: float
    low: float
    high: float
    source: str
    note: str
    per_family: float | None = None
    dispersion: float | None = None
    deviance_explained: float | None = None
    areas: int = 0

    @classmethod
    def declared(cls, low: float, high: float) -> TakeUp:
        """Declare a range.

        Parameters
        ----------
        low, high : float
            Factors per ten minutes, above 0 and up to 1.

        Returns
        -------
        TakeUp
            With their geometric mean as the middle.

        Raises
        ------
        ParameterError
            If they are not factors from above 0 to 1, the lesser first.
        """
        if not 0 < low <= high <= 1:
            raise ParameterError(
                f"low={low!r}, high={high!r}; expected factors per ten minutes above 0 and up "
                "to 1, the lesser first (0.9 is a tenth fewer)"
            )
        note = f"declared: use falls to between {low:g} and {high:g} for each further ten minutes"
        return cls(float(np.sqrt(low * high)), float(low), float(high), "declared", note)

    def factors(self, change_minutes: ArrayLike) -> pd.DataFrame:
        """By what factor use changes with a change of minutes.

        Parameters
        ----------
        change_minutes : array_like, shape (n,)
            ``inf`` where newly unreachable (factor 0); ``nan`` stays ``nan``.

        Returns
        -------
        DataFrame
            ``low middle high``; for shorter trips the factors are above 1.

        Examples
        --------
        >>> TakeUp.declared(0.5, 1).factors([10, float("inf")])["low"].tolist()
        [0.5, 0.0]
        """
        change = np.asarray(change_minutes, float)
        columns = {}
        for name in ("low", "middle", "high"):
            factor = getattr(self, name)
            with np.errstate(over="ignore", invalid="ignore"):
                out = factor ** (change / 10)
            columns[name] = np.where(np.isposinf(change), 0.0, out)
            columns[name][np.isneginf(change)] = np.nan
        ends = np.column_stack([columns["low"], columns["high"]])
        columns["low"], columns["high"] = ends.min(axis=1), ends.max(axis=1)
        return pd.DataFrame(columns)


@checked(
    visits=a(pd.Series, expected="a Series of visits by area"),
    minutes=a(pd.Series, expected="a Series of minutes by area"),
    demand=table(),
    controls=ids,
)
def fit_take_up(
    visits: pd.Series,
    minutes: pd.Series,
    *,
    demand: pd.DataFrame,
    controls: Sequence[str] = (),
) -> TakeUp:
    """Fit visits on minutes by Poisson regression, families as exposure.

    Parameters
    ----------
    visits : Series
        By area id, 0 or more.
    minutes : Series
        By area id: minutes to the nearest site, as `nearest_minutes` gives them; areas that
        reach none take no part.
    demand : DataFrame
        ``id count``, and the columns named in `controls`.
    controls : sequence of str
        Columns of demand held fixed, such as ``imd_rank``.

    Returns
    -------
    TakeUp
        With a 95 % interval, widened by the dispersion where that is above 1.

    Raises
    ------
    ParameterError
        If areas do not match, visits are not counts, a control is missing or follows from the
        minutes and the other controls, or there is too little to fit (fewer than three areas more
        than coefficients, no visits, or all at the same minutes).

    Notes
    -----
    ``log E[visits] = log(count) + a + b * minutes / 10 + controls`` by scikit-learn's
    PoissonRegressor without penalty on visits a family, weighted by families (the same
    likelihood); standard errors from the Fisher information, times the square root of the
    dispersion (quasi-Poisson: McCullagh & Nelder 1989, Generalized Linear Models, 9.2).

    Examples
    --------
    >>> ids = [f"a{i}" for i in range(6)]
    >>> minutes = pd.Series([0, 10, 20, 30, 40, 50], ids, dtype=float)
    >>> visits = pd.Series([160, 80, 40, 20, 10, 5], ids)
    >>> demand = pd.DataFrame({"id": ids, "count": 100})
    >>> round(fit_take_up(visits, minutes, demand=demand).middle, 3)
    0.5
    """
    ids = [str(i) for i in minutes.index]
    aligned = align_demand(demand, ids)
    count = aligned["count"].to_numpy(float)
    seen = by_area(visits, ids, name="attendance")
    missing = [c for c in controls if c not in aligned.columns]
    if missing:
        raise ParameterError(f"demand has no columns {missing} to control for")
    columns = [minutes.to_numpy(float) / 10]
    columns += [_standard(aligned[c], c) for c in controls]
    design = np.column_stack(columns)
    use = (count > 0) & np.isfinite(design).all(axis=1)
    x, y, n = design[use], seen[use], count[use]
    spare = len(y) - x.shape[1] - 1
    if spare < 3 or not y.sum() > 0 or np.ptp(x[:, 0]) == 0:
        raise ParameterError(
            f"too little to fit: {len(y)} areas with families and minutes, {y.sum():g} visits; "
            "expected some visits, at different minutes, in at least three areas more than there "
            "are coefficients"
        )
    full = np.column_stack([np.ones(len(y)), x])
    _check_apart(full, controls)
    slope, intercept = _poisson(x, y / n, n)
    b, mean = float(slope[0]), n * np.exp(intercept + x @ slope)
    dispersion, error = _dispersion_and_error(full, y, mean)
    if not abs(b) + _Z_95 * error <= _MOST_LOG:
        raise ParameterError(
            f"too little to fit: {int((y > 0).sum())} of {len(y)} areas have visits, and these fix "
            "no factor; expected visits from areas at several minutes"
        )
    held = f", holding {', '.join(controls)}" if controls else ""
    return TakeUp(
        middle=float(np.exp(b)),
        low=float(np.exp(b - _Z_95 * error)),
        high=float(np.exp(b + _Z_95 * error)),
        source="fitted",
        note=(
            f"fitted by Poisson regression on attendance in {len(y)} areas{held}: 95% interval "
            "of the factor for each further ten minutes; an association, not a cause"
        ),
        per_family=float(np.exp(intercept)),
        dispersion=dispersion,
        deviance_explained=_explained(y, mean, n),
        areas=len(y),
    )


def _standard(column: pd.Series, name: str) -> _Floats:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    spread = np.nanstd(values)
    if not spread > 0:
        raise ParameterError(f"control {name!r} is the same everywhere; leave it out")
    return np.asarray((values - np.nanmean(values)) / spread)


def _check_apart(design: _Floats, controls: Sequence[str]) -> None:
    """Refuse controls that are the same where people live, or follow from minutes and others."""
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ParameterError(
            f"controls {list(controls)} cannot be told apart from the minutes, from each other or "
            "from a number that is the same in every area that counts; leave some out"
        )


def _dispersion_and_error(full: _Floats, y: _Floats, mean: _Floats) -> tuple[float, float]:
    """Give how much visits vary beside counts, and the slope's standard error, so widened."""
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = float(((y - mean) ** 2 / mean).sum() / (len(y) - full.shape[1]))
    try:
        covariance = np.linalg.inv(full.T @ (mean[:, None] * full)) * max(dispersion, 1.0)
    except np.linalg.LinAlgError:  # means of nothing but 0 tell no slope
        return dispersion, np.inf
    return dispersion, float(np.sqrt(max(covariance[1, 1], 0.0)))


def _poisson(x: _Floats, rate: _Floats, weight: _Floats) -> tuple[_Floats, float]:
    from sklearn.linear_model import PoissonRegressor
    from threadpoolctl import threadpool_limits

    model = PoissonRegressor(alpha=0.0, solver="newton-cholesky", max_iter=1000, tol=1e-10)
    with threadpool_limits(limits=1):  # so few numbers: threads wait for each other far longer
        model.fit(x, rate, sample_weight=weight)
    return np.asarray(model.coef_, float), float(model.intercept_)


def _explained(y: _Floats, mean: _Floats, n: _Floats) -> float:
    def deviance(expected: _Floats) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            term = np.where(y > 0, y * np.log(y / expected), 0.0)
        return float(2 * (term - (y - expected)).sum())

    null = deviance(n * y.sum() / n.sum())
    return 1 - deviance(mean) / null if null > 0 else 1.0
