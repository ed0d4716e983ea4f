"""Whatever a caller hands over, a public function answers or refuses in words: nothing else."""

from __future__ import annotations

import warnings

import pytest

from access.arguments import checked, number
from access.errors import AccessError, ParameterError
from access.scenario import NothingChangesWarning
from tests.public_calls import good_calls, parameters, strange_values

GOOD = good_calls()


@pytest.mark.parametrize("name", GOOD)
def test_a_good_call_is_answered(name):
    function, arguments = GOOD[name]
    function(**arguments)


@pytest.mark.parametrize("name", GOOD)
def test_a_strange_argument_is_answered_or_refused_in_words(name):
    function, arguments = GOOD[name]
    values = strange_values()
    for parameter in dict.fromkeys([*arguments, *parameters(function)]):
        for value in values:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.simplefilter("ignore", NothingChangesWarning)
                try:
                    function(**{**arguments, parameter: value})
                except AccessError as refusal:
                    assert 10 < len(str(refusal)) < 4000, (parameter, value)


@pytest.mark.parametrize("name", GOOD)
def test_an_unknown_or_missing_argument_is_a_type_error_as_python_has_it(name):
    function, arguments = GOOD[name]
    with pytest.raises(TypeError):
        function(**arguments, no_such_argument=1)


def test_the_refusal_names_the_argument_and_the_value():
    @checked(minutes=number(0))
    def wait(minutes: float) -> float:
        return minutes

    assert wait(3) == wait(minutes=3.0) == 3.0
    for bad in (-1, float("nan"), "3", True, None, [3]):
        with pytest.raises(ParameterError, match="minutes="):
            wait(bad)
    with pytest.raises(TypeError) as told:
        wait()
    assert isinstance(told.value, AccessError)


@checked(one=number(0), two=number(0), extra=number(0))
def _asked(one, two=2.0, *, three=3, **others):
    return one, two, three, others


def test_arguments_reach_the_function_however_they_are_given():
    assert _asked(1) == _asked(one=1) == (1.0, 2.0, 3, {})
    assert _asked(1, 5, three="x", extra=4, free="any") == (
        1.0, 5.0, "x", {"extra": 4.0, "free": "any"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("args", "given"), [((), {}), ((), {"two": 1}), ((1, 2, 3), {}), ((1,), {"one": 1})]
)
def test_what_python_would_not_take_is_refused_as_it_would(args, given):
    with pytest.raises(TypeError, match="_asked") as refused:
        _asked(*args, **given)
    assert isinstance(refused.value, ParameterError)


def test_of_several_faults_the_first_in_order_is_told():
    with pytest.raises(ParameterError, match=r"^one=-1"):
        _asked(extra=-3, two=-2, one=-1)
    with pytest.raises(ParameterError, match=r"^extra=-3"):
        _asked(extra=-3, two=2, one=1)
