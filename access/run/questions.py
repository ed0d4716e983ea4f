"""What is asked of a study: its proposals, or a change of one's own; read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from access.errors import ParameterError, ScenarioError, StudyError
from access.measure import TakeUp
from access.run.explorer_options import ENDINGS, ask_options
from access.scenario import Baseline, Modification, Scenario
from access.study import Study


@dataclass(frozen=True, eq=False)
class Question:
    """A change to one service that is asked about.

    Parameters
    ----------
    key, title, service : str
    baseline : Baseline
        The service's centres today.
    scenario : Scenario
    """

    key: str
    title: str
    service: str
    baseline: Baseline
    scenario: Scenario


def baseline_of(study: Study, service: str) -> Baseline:
    """Give a service's centres today as a baseline.

    Parameters
    ----------
    study : Study
    service : str

    Returns
    -------
    Baseline
        Named as the service.

    Raises
    ------
    ParameterError
        If the study has no such service.
    """
    if service not in study.config.services:
        raise ParameterError(
            f"no service {service!r}; expected one of {sorted(study.config.services)}"
        )
    frame = pd.DataFrame(study.centres_of(service))
    columns = [c for c in ("id", "name", "days", "capacity", "lon", "lat") if c in frame.columns]
    return Baseline.of(service, frame[columns])


def questions(
    study: Study,
    *,
    proposal: str | None = None,
    service: str | None = None,
    close: Sequence[str] = (),
    opening: Sequence[str] = (),
    scenario: Path | None = None,
) -> list[Question]:
    """Read what is asked: the study's proposals, or a change of one's own.

    Parameters
    ----------
    study : Study
    proposal : str, optional
        One of the study's; all of them when nothing else is asked.
    service : str, optional
        Of a change of one's own; may be left out where `close` says it.
    close, opening : sequence of str
        Ids of centres to close, and of sites to open.
    scenario : Path, optional
        A scenario as TOML (see `access.scenario.Scenario.from_toml`), or the options that the
        explorer saved as JSON or CSV: one question an option and service.

    Returns
    -------
    list of Question

    Raises
    ------
    ParameterError
        If a proposal or service is unknown, or several questions are asked at once.
    ScenarioError
        If a change cannot be applied.
    """
    own = bool(close or opening)
    if sum([proposal is not None, own, scenario is not None]) > 1:
        raise ParameterError(
            "ask one question at a time: --proposal, or --close and --open, or --scenario"
        )
    if scenario is not None and scenario.suffix.lower() in ENDINGS:
        return ask_options(study, scenario, service, partial(_question, study))
    if scenario is not None:
        if service is None:
            raise ParameterError(
                f"--scenario needs --service: one of {sorted(study.config.services)}"
            )
        base = baseline_of(study, service)
        try:
            text = scenario.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{scenario} cannot be read: {error}") from None
        read = Scenario.from_toml(text, base, file=scenario.name)
        return [Question(scenario.stem, read.name, service, base, read)]
    if own:
        service = service or _service_of(study, close)
        return [_question(study, "asked", "The change asked for", service, close, opening)]
    known = study.config.proposals
    if proposal is not None and proposal not in known:
        raise ParameterError(f"no proposal {proposal!r}; expected one of {sorted(known)}")
    chosen = [proposal] if proposal is not None else list(known)
    if service is not None:
        chosen = [key for key in chosen if known[key].service == service]
    if not chosen:
        raise ParameterError(
            "nothing to ask about: the study has no such proposal; say --close and --open"
        )
    return [
        _question(study, key, p.title, p.service, p.close, p.open, p.comment)
        for key, p in ((key, known[key]) for key in chosen)
    ]


def _service_of(study: Study, close: Sequence[str]) -> str:
    centres = study.centres.set_index("id")["service"]
    found = sorted({str(centres[i]) for i in close if i in centres.index})
    if len(found) != 1:
        raise ParameterError(
            f"which service is meant? say --service, one of {sorted(study.config.services)}"
        )
    return found[0]


def _question(
    study: Study,
    key: str,
    title: str,
    service: str,
    close: Sequence[str],
    opening: Sequence[str],
    comment: str = "",
) -> Question:
    base = baseline_of(study, service)
    sites = {str(i): str(n) for i, n in zip(study.candidates["id"], study.candidates["name"],
                                            strict=True)}  # fmt: skip
    steps = [Modification.close(str(i), comment=comment) for i in close]
    steps += [Modification.open(str(i), name=sites.get(str(i)), comment=comment) for i in opening]
    return Question(key, title, service, base, Scenario(title, base, tuple(steps), comment))


def read_attendance(path: Path) -> pd.DataFrame:
    """Read a table of observed attendance.

    Parameters
    ----------
    path : Path
        CSV with columns ``area site attendances``.

    Returns
    -------
    DataFrame

    Raises
    ------
    StudyError
        If the file cannot be read.
    """
    try:
        return pd.read_csv(path, dtype=str)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StudyError(f"{path} cannot be read as CSV: {error}") from None


def read_take_up(text: str) -> TakeUp:
    """Read a declared range of take-up.

    Parameters
    ----------
    text : str
        Two factors per ten minutes, such as ``0.8-0.95``.

    Returns
    -------
    TakeUp

    Raises
    ------
    ParameterError
        If it is not two factors.

    Examples
    --------
    >>> read_take_up("0.8-0.95").low
    0.8
    """
    try:
        low, high = (float(part) for part in text.split("-"))
    except ValueError:
        raise ParameterError(
            f"take-up {text!r}; expected two factors per ten minutes, such as 0.8-0.95"
        ) from None
    return TakeUp.declared(low, high)
