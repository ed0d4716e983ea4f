"""Named decay functions: how much a site counts, by the minutes to it.

Every function gives 1 at nought minutes and 0 for what cannot be reached, and never more for
a longer trip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from access.errors import ParameterError
from access.measure.distribution import _SLACK, within

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Decay:
    """A decay function with its name and words.

    Parameters
    ----------
    name : str
        With its parameters, as outputs print it.
    weigh : callable
        Finite minutes to weights from 0 to 1.

    Examples
    --------
    >>> binary(30)([10, 30, 31, float("inf")]).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """

    name: str
    weigh: Callable[[_Floats], _Floats]

    def __call__(self, minutes: ArrayLike) -> _Floats:
        """Weigh minutes; ``inf`` weighs nothing."""
        t = np.asarray(minutes, float)
        reached = np.isfinite(t)
        out = np.zeros(t.shape)
        out[reached] = self.weigh(t[reached])
        return out

    def __repr__(self) -> str:
        return self.name


def _positive(value: float, name: str) -> float:
    if isinstance(value, bool) or not np.isfinite(value) or value <= 0:
        raise ParameterError(f"{name}={value!r}; expected a number above 0")
    return float(value)


def binary(cutoff_minutes: float) -> _Decay:
    """Count all within the cutoff, nothing beyond it.

    Parameters
    ----------
    cutoff_minutes : float
        The cutoff itself is within.

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If the cutoff is not above 0.

    Examples
    --------
    >>> binary(30)([30, 30.1]).tolist()
    [1.0, 0.0]
    """
    cutoff = _positive(cutoff_minutes, "cutoff_minutes")
    return _Decay(f"binary({cutoff:g} minutes)", lambda t: within(t, cutoff).astype(float))


def linear(cutoff_minutes: float) -> _Decay:
    """Fall evenly from 1 at nought minutes to 0 at the cutoff.

    Parameters
    ----------
    cutoff_minutes : float

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If the cutoff is not above 0.

    Examples
    --------
    >>> linear(20)([0, 5, 20, 30]).tolist()
    [1.0, 0.75, 0.0, 0.0]
    """
    cutoff = _positive(cutoff_minutes, "cutoff_minutes")
    return _Decay(f"linear({cutoff:g} minutes)", lambda t: np.clip(1 - t / cutoff, 0.0, 1.0))


def stepped(steps_minutes: Sequence[float], weights: Sequence[float]) -> _Decay:
    """Step down: each weight up to and with its step, nothing beyond the last.

    Parameters
    ----------
    steps_minutes : sequence of float
        Ends of the zones, rising.
    weights : sequence of float
        One a zone, from 1 or less down to 0 or more.

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If steps do not rise, weights rise, or there are not as many of one as of the other.

    Notes
    -----
    Luo & Qi (2009), An enhanced two-step floating catchment area method, Health & Place 15:
    zones of 10, 20 and 30 minutes with weights 1, 0.68 and 0.22.

    Examples
    --------
    >>> stepped([10, 20, 30], [1, 0.68, 0.22])([10, 11, 30, 31]).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """
    steps, w = np.asarray(steps_minutes, float), np.asarray(weights, float)
    rising = steps.ndim == 1 and steps.size > 0 and (np.diff(steps) > 0).all() and steps[0] > 0
    falling = w.shape == steps.shape and (np.diff(w) <= 0).all() and ((w >= 0) & (w <= 1)).all()
    if not (rising and falling and np.isfinite(steps).all()):
        raise ParameterError(
            f"steps_minutes={list(steps_minutes)!r}, weights={list(weights)!r}; expected steps "
            "above 0 that rise, and as many weights from 1 down to 0 that never rise"
        )
    padded = np.append(w, 0.0)
    zones = ", ".join(f"{s:g}: {x:g}" for s, x in zip(steps, w, strict=True))
    ends = steps * (1 + _SLACK)  # as `within` has it
    return _Decay(f"stepped({zones})", lambda t: padded[np.searchsorted(ends, t, side="left")])


def exponential(rate_per_minute: float) -> _Decay:
    """Fall by a constant share a minute: exp(-rate * minutes).

    Parameters
    ----------
    rate_per_minute : float

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If the rate is not above 0.

    Examples
    --------
    >>> exponential(0.1)([0, 10]).round(3).tolist()
    [1.0, 0.368]
    """
    rate = _positive(rate_per_minute, "rate_per_minute")
    return _Decay(f"exponential({rate:g} a minute)", lambda t: np.exp(-rate * t))


def _power(exponent: float) -> _Decay:
    """Fall as minutes ** -exponent; under one minute counts as one.

    Parameters
    ----------
    exponent : float

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If the exponent is not above 0.

    Examples
    --------
    >>> _power(2)([0.5, 1, 10]).tolist()
    [1.0, 1.0, 0.01]
    """
    exponent = _positive(exponent, "exponent")
    return _Decay(f"power({exponent:g})", lambda t: np.maximum(t, 1.0) ** -exponent)


def _gaussian(bandwidth_minutes: float, cutoff_minutes: float = np.inf) -> _Decay:
    """Fall as a bell: exp(-minutes ** 2 / (2 * bandwidth ** 2)), nothing beyond the cutoff.

    Parameters
    ----------
    bandwidth_minutes : float
    cutoff_minutes : float
        None unless told otherwise.

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If the bandwidth or the cutoff is not above 0.

    Examples
    --------
    >>> _gaussian(10, 30)([0, 10, 31]).round(3).tolist()
    [1.0, 0.607, 0.0]
    """
    b = _positive(bandwidth_minutes, "bandwidth_minutes")
    if not cutoff_minutes > 0:
        raise ParameterError(f"cutoff_minutes={cutoff_minutes!r}; expected a number above 0")
    name = f"gaussian({b:g} minutes" + (
        f", cutoff {cutoff_minutes:g})" if np.isfinite(cutoff_minutes) else ")"
    )
    return _Decay(
        name, lambda t: np.where(within(t, cutoff_minutes), np.exp(-(t**2) / (2 * b**2)), 0.0)
    )


def _logistic(middle_minutes: float, spread_minutes: float) -> _Decay:
    """Fall along an S-curve that is one half at the middle.

    ``(1 + exp(-k m)) / (1 + exp(k (minutes - m)))`` with ``k = pi / (spread * sqrt(3))``,
    so that nought minutes count 1.

    Parameters
    ----------
    middle_minutes : float
        Middle of the curve, up to that scaling.
    spread_minutes : float
        Standard deviation of the logistic distribution.

    Returns
    -------
    Decay

    Raises
    ------
    ParameterError
        If either is not above 0.

    Notes
    -----
    Bauer & Groneberg (2016), Measuring spatial accessibility of health care providers,
    PLoS ONE 11(7).

    Examples
    --------
    >>> _logistic(20, 5)([0, 20, 60]).round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    m = _positive(middle_minutes, "middle_minutes")
    k = np.pi / (_positive(spread_minutes, "spread_minutes") * np.sqrt(3))
    top = 1 + np.exp(-k * m)
    return _Decay(
        f"logistic({m:g}, {spread_minutes:g} minutes)",
        lambda t: top / (1 + np.exp(np.minimum(k * (t - m), 700.0))),
    )
