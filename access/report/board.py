"""The report to the Asset Management Board: two pages first, appendices after."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence

from access.analysis import DRAWS
from access.errors import ParameterError
from access.report.alternatives import alternatives_blocks
from access.report.blocks import Block, Callout, Contents, PageBreak
from access.report.document import Document
from access.report.findings import findings_of
from access.report.firmness import firmness_of
from access.report.method import method_blocks
from access.report.pictures import proposal_maps
from access.report.requests import Request
from access.report.site_sheets import site_blocks
from access.report.summary import summary_blocks
from access.report.voice import Voice
from access.report.who import who_blocks
from access.results import StudyResults

FOR = "Report to the Asset Management Board"


def board_report(
    results: StudyResults,
    *,
    date: datetime.date | None = None,
    internal: bool = False,
    mode: str = "walk",
    reasons: Mapping[tuple[str, ...], str] | None = None,
    requests: Sequence[Request] | None = None,
    draws: int = DRAWS,
    progress: Callable[[str], None] = lambda step: None,
) -> Document:
    """Write the report on a study's proposals as one document.

    Parameters
    ----------
    results : StudyResults
        Of `access.run.run_job`, with the hubs; nothing else decides what the report holds but
        what is named here.
    date : datetime.date, optional
        On the cover; by default the study's own ``as_of``, never the clock.
    internal : bool
        Keep counts below 5, and say so on every page.
    mode : str
        Headline mode: ``"walk"``, ``"drive"`` or ``"typical"``.
    reasons : mapping of tuple of str to str, optional
        Why the council does not take an option, by the ids it closes, sorted; "not given"
        where it is not known.
    requests : sequence of Request, optional
        What consultees asked for, from `read_requests`.
    draws : int
        Settings to draw, to see how firm the ranking is; 0 leaves it out.
    progress : callable
        Called with a few words before each slow step.

    Returns
    -------
    Document
        For `write_docx`, `write_pdf` and `write_xlsx`.

    Raises
    ------
    ParameterError
        If the study holds no proposal, the mode was not measured, or the study's ``as_of`` is
        no date and none is given.
    """
    findings = findings_of(results, mode=mode)
    given = date or _as_of(results)
    voice = Voice(internal=internal)
    robustness = firmness_of(results, mode=mode, draws=draws, progress=progress)
    maps = proposal_maps(results, mode=mode)
    blocks: list[Block] = summary_blocks(results, findings, voice, robustness=robustness)
    if internal:
        own_use = "This copy is for the council's own use: it holds counts below 5."
        blocks.insert(0, Callout("warning", own_use))
    blocks += [PageBreak(), Contents("Contents")]
    blocks += site_blocks(results, findings, voice)
    blocks += who_blocks(results, findings, voice, maps=maps)
    blocks += alternatives_blocks(
        results,
        findings,
        voice,
        reasons=reasons,
        requests=requests,
        robustness=robustness,
    )
    blocks += method_blocks(results, findings, internal=internal)
    title = results.study.config.study.title
    return Document(
        title=title,
        blocks=tuple(blocks),
        subject=f"{FOR}: {title}",
        date=given,
        author=FOR,
        footer=title,
        internal=internal,
    )


def _as_of(results: StudyResults) -> datetime.date:
    given = results.study.config.study.as_of
    try:
        return datetime.date.fromisoformat(given)
    except ValueError:
        raise ParameterError(
            f"the study's as_of is {given!r}, which is no date such as 2018-03-12; mend it in "
            "study.toml, or give the report's date"
        ) from None
