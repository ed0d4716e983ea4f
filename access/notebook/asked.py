"""What is asked of a study, as results that maps, tables and reports already know how to read."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from access.errors import ParameterError
from access.results import MODE_TITLES, ProposalResult, StudyResults
from access.run.proposals import weighting
from access.scenario import NothingChangesWarning, compare

T = TypeVar("T")


def pick(choices: Mapping[str, T], name: str, what: str) -> T:
    """Take one of several by name.

    Parameters
    ----------
    choices : mapping of str
    name, what : str
        What the choices are of, for the message.

    Returns
    -------
    value

    Raises
    ------
    ParameterError
        Naming what there is.

    Examples
    --------
    >>> pick({"walk": 1}, "walk", "mode")
    1
    """
    if name not in choices:
        raise ParameterError(f"no {what} {name!r}; expected one of {list(choices)}")
    return choices[name]


def service_of(results: StudyResults, service: str | None, close: Iterable[str] = ()) -> str:
    """Say which service is meant: the one named, that of the centres named, or the first.

    Parameters
    ----------
    results : StudyResults
    service : str or None
    close : iterable of str
        Ids of centres.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        If the study has no such service, or the centres are of several.
    """
    services = results.study.config.services
    if service is not None:
        pick(services, service, "service")
        return service
    register = dict(zip(results.study.centres["id"], results.study.centres["service"], strict=True))
    meant = sorted({str(register[i]) for i in close if i in register})
    if len(meant) > 1:
        raise ParameterError(
            f"the centres to close are of several services, {meant}; ask about one at a time"
        )
    return meant[0] if meant else next(iter(services))


def today_of(results: StudyResults, service: str) -> list[str]:
    """Give the ids of a service's centres of today.

    Parameters
    ----------
    results : StudyResults
    service : str

    Returns
    -------
    list of str
        Sorted.
    """
    return sorted(results.study.centres_of(service)["id"])


def asked(
    results: StudyResults,
    *,
    service: str,
    close: Sequence[str] = (),
    open: Sequence[str] = (),
    title: str = "",
) -> ProposalResult:
    """Measure a change to one service in every mode, as if it were a proposal of the study.

    Parameters
    ----------
    results : StudyResults
    service : str
    close, open : sequence of str
        Ids of today's centres, and of other sites of the study.
    title : str
        Made of the sites' names when not given.

    Returns
    -------
    ProposalResult
        Without rankings.

    Raises
    ------
    ParameterError
        If an id is not known, or a centre to close is not one of today's.
    ScenarioError
        If everything closes.
    """
    before = today_of(results, service)
    close, open_ = _listed(close, "close"), _listed(open, "open")
    _check_ids(results, service, before, close, open_)
    after = sorted((set(before) - set(close)) | set(open_))
    with warnings.catch_warnings():
        if not close and not open_:  # asked as it is, on purpose
            warnings.simplefilter("ignore", NothingChangesWarning)
        impacts = {
            mode: compare(
                matrix,
                before=before,
                after=after,
                demand=results.study.demand(service),
                **results.study.limits(),
                names=results.names(),
                who=results.study.config.services[service].noun,
                **weighting(results.study),
            )
            for mode, matrix in results.matrices.items()
        }
    given = results.study.config.services[service].title
    words = title or f"{given}: {_change_words(results, close, open_)}"
    return ProposalResult(
        key="asked",
        title=words,
        service=service,
        before=tuple(before),
        after=tuple(after),
        impacts=impacts,
        comment="Asked in a notebook.",
    )


def _listed(ids: Sequence[str], name: str) -> list[str]:
    if isinstance(ids, str):
        raise ParameterError(f"{name}={ids!r}; expected a list of ids, such as [{ids!r}]")
    return [str(i) for i in ids]


def _check_ids(
    results: StudyResults,
    service: str,
    before: Collection[str],
    close: Sequence[str],
    open_: Sequence[str],
) -> None:
    unknown = sorted(set(close) - set(before))
    if unknown:
        raise ParameterError(f"{unknown} are no {service} of today; expected any of {before}")
    strange = sorted(set(open_) - set(results.sites["id"]))
    if strange:
        raise ParameterError(
            f"{strange} are no sites of the study; expected ids of its centres or candidates, "
            f"such as {results.study.candidates['id'].tolist()[:3] or list(before)[:3]}"
        )
    both = sorted(set(close) & set(open_))
    if both:
        raise ParameterError(f"{both} are asked to close and to open; expected one of the two")


def _change_words(results: StudyResults, close: Sequence[str], open_: Sequence[str]) -> str:
    names = results.names()
    parts = []
    for verb, ids in (("close", close), ("open", open_)):
        if ids:
            parts.append(f"{verb} {', '.join(names[i] for i in sorted(ids))}")
    return "; ".join(parts) or "as today"


def alone(results: StudyResults, *proposals: ProposalResult) -> StudyResults:
    """Give the results as if these were the study's only proposals.

    Parameters
    ----------
    results : StudyResults
    *proposals : ProposalResult

    Returns
    -------
    StudyResults
    """
    keys = [p.key if len(proposals) == 1 else f"{p.key}_{p.service}" for p in proposals]
    return replace(results, proposals=dict(zip(keys, proposals, strict=True)), joint={})


def caption(results: StudyResults, mode: str, who: str) -> str:
    """Write what stands below a chart: measure, population, place, date, whose streets.

    Parameters
    ----------
    results : StudyResults
    mode, who : str

    Returns
    -------
    str
    """
    place = results.study.config.study
    streets = results.streets.split(". ")[0].rstrip(".")
    return (
        f"Minutes to the nearest site ({MODE_TITLES.get(mode, mode)}), {who}, {place.place}, "
        f"{place.as_of}. {streets}."
    )


def fields_of(thing: Any, kind: type) -> dict[str, Any]:
    """Give a value's fields of one kind, to make an heir of that kind from it.

    Parameters
    ----------
    thing : dataclass
    kind : type
        The dataclass whose fields are wanted.

    Returns
    -------
    dict

    Examples
    --------
    >>> from access.errors import Fault
    >>> fields_of(Fault("a.csv", "row 2", "id", "x", "a unique id"), Fault)["column"]
    'id'
    """
    return {field.name: getattr(thing, field.name) for field in fields(kind)}
