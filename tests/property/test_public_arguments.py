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
    for parameter in dict.fromkeys([*arguments, *parameters(function)]):
        for value in strange_values():
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
