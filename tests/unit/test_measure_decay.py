"""Decay functions: wrong parameters refused; 1 at nought, 0 for the unreached, never rising."""

import math

import numpy as np
import pytest

from access.errors import ParameterError
from access.measure import decay

EVERY = [
    decay.binary(30),
    decay.linear(45),
    decay.stepped([10, 20, 30], [1.0, 0.68, 0.22]),
    decay.exponential(0.1),
    decay._power(1.5),
    decay._gaussian(15),
    decay._gaussian(15, 30),
    decay._logistic(30, 10),
]


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, True])
@pytest.mark.parametrize(
    "make", [decay.binary, decay.linear, decay.exponential, decay._power, decay._gaussian]
)
def test_parameters_must_be_above_nought(make, bad):
    with pytest.raises(ParameterError, match="expected a number above 0"):
        make(bad)


@pytest.mark.parametrize(
    ("steps", "weights"),
    [([], []), ([10, 5], [1, 0.5]), ([10, 20], [0.5, 1]), ([10], [1, 0.5]), ([0, 5], [1, 1])],
)
def test_steps_that_do_not_step_down(steps, weights):
    with pytest.raises(ParameterError, match="steps above 0 that rise"):
        decay.stepped(steps, weights)


def test_logistic_and_gaussian_second_parameters():
    with pytest.raises(ParameterError, match="spread_minutes"):
        decay._logistic(30, 0)
    with pytest.raises(ParameterError, match="cutoff_minutes"):
        decay._gaussian(10, -5)


@pytest.mark.parametrize("function", EVERY, ids=repr)
def test_every_decay_starts_at_one_never_rises_and_ends_at_nought(function):
    minutes = np.concatenate([np.linspace(0, 300, 601), [math.inf]])
    weights = function(minutes)
    assert weights[0] == pytest.approx(1.0)
    assert (np.diff(weights) <= 1e-15).all()
    assert weights[-1] == 0.0
    assert ((weights >= 0) & (weights <= 1 + 1e-12)).all()


def test_values_by_hand():
    assert decay.linear(40)(10) == 0.75
    assert decay.exponential(0.05)(20) == pytest.approx(math.exp(-1))
    assert decay._power(2)(5) == 0.04
    assert decay._gaussian(10)(20) == pytest.approx(math.exp(-2))
    assert decay.stepped([10, 20], [1, 0.5])([10, 10.01, 20, 20.01]).tolist() == [1, 0.5, 0.5, 0]


def test_named_in_print():
    assert repr(decay.binary(30)) == "binary(30 minutes)"
    assert repr(decay._gaussian(10, 30)) == "gaussian(10 minutes, cutoff 30)"
