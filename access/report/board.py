"""The report to the Asset Management Board: two pages first, appendices after."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from access.analysis.analysis import DRAWS
from access.analysis.questions import Request
from access.analysis.results import (
    Parts,
    StudyResults,
    as_known_then,
    chosen_later,
)
from access.disclosure import THRESHOLD
from access.document.document import (
    Block,
    Callout,
    Contents,
    Document,
    Heading,
    PageBreak,
    Paragraph,
)
from access.document.docx import write_docx
from access.document.pdf import write_pdf
from access.document.xlsx import write_xlsx
from access.files import whole_folder
from access.ledger import RunLedger, sha256_of
from access.report.alternatives import (
    _alternatives_blocks,
)
from access.report.bus import _bus_blocks
from access.report.figures import _proposal_maps
from access.report.findings import (
    Wording,
    findings_of,
)
from access.report.method import _method_blocks
from access.report.paper import (
    _paper_blocks,
)
from access.report.people import _who_blocks
from access.report.robustness import study_robustness
from access.report.sites import _site_blocks
from access.report.summary import (
    _as_of,
    _author,
    _fifth,
    _for,
    _issue_blocks,
    _money,
    _option_blocks,
    _recommendation_blocks,
    _since_blocks,
    _summary_blocks,
)
from access.text import (
    sentence,
)


def board_report(
    results: StudyResults,
    *,
    date: datetime.date | None = None,
    internal: bool = False,
    mode: str | None = None,
    reasons: Mapping[tuple[str, ...], str] | None = None,
    requests: Sequence[Request] | None = None,
    draws: int = DRAWS,
    progress: Callable[[str], None] = lambda step: None,
    parts: Parts | None = None,
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
        Keep small counts, and say so on every page.
    mode : str
        ``"walk"``, ``"drive"`` or ``"typical"``; the study's headline when not given.
    reasons : mapping of tuple of str to str, optional
        Why the council does not take an option, by the ids it closes, sorted; "not given"
        where it is not known.
    requests : sequence of Request, optional
        What consultees asked for, from `read_requests`.
    draws : int
        Settings to draw, to see how firm the ranking is; 0 leaves it out.
    progress : callable
        Called with a few words before each slow step.
    parts : Parts, optional
        Keeps what had to be left out and why; the report names it either way.

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
    mode = mode or results.headline
    findings = findings_of(results, mode=mode)
    given = date or _as_of(results)
    wording = Wording(internal=internal)
    parts = Parts(results.left_out) if parts is None else parts
    robustness = study_robustness(results, mode=mode, draws=draws, progress=progress, parts=parts)
    maps = parts.make("report: maps", lambda: _proposal_maps(results, mode=mode)) or {}
    then = as_known_then(results)
    blocks: list[Block] = [
        *_summary_blocks(then, findings, wording, robustness),
        # of two the first page is full; of one, or of many, the second follows without a gap
        *([PageBreak()] if len(findings) == 2 else []),
        *_recommendation_blocks(then, findings, wording),
    ]
    if internal:
        own_use = f"This copy is for the council's own use: it holds counts below {THRESHOLD}."
        blocks.insert(0, Callout("warning", own_use))
    blocks += [Contents("Contents", columns=2)]
    blocks += _paper_blocks(
        then, findings,
        issues=_issue_blocks(then, findings, wording),
        options=_option_blocks(then, findings, wording, later_hubs=chosen_later(results.study)),
        money=_money(findings),
        equality=" ".join(filter(None, (_fifth(f, wording) for f in findings))),
    )  # fmt: skip
    appendices: dict[str, tuple[str, Callable[[], list[Block]]]] = {
        "sites": ("Sites that would close", partial(_site_blocks, then, findings, wording)),
        "who": ("Who is affected", partial(_who_blocks, then, findings, wording, maps=maps)),
        "alternatives": ("Alternatives, and how firm their order is", partial(
            _alternatives_blocks, then, findings, wording,
            reasons=reasons, requests=requests, robustness=robustness)),
        "bus": ("By bus, there and home", partial(_bus_blocks, results, findings)),
        "method": ("Method, assumptions and data", partial(
            _method_blocks, then, findings, internal=internal)),
    }  # fmt: skip
    for key, (name, make) in appendices.items():
        made = parts.make(f"report: {name}", make)
        blocks += _not_there(key, name) if made is None else made
    blocks += _since_blocks(results, wording)
    if parts.left_out:
        told = tuple(sentence(str(part)) for part in parts.left_out)
        blocks.insert(1, Callout("warning", "Left out of this run, and why", told))
    title = results.study.config.study.title
    return Document(
        title=title,
        blocks=tuple(blocks),
        subject=f"{_for(results)}: {title}",
        date=given,
        author=_author(results),
        subtitle=_for(results),
        footer=title,
        internal=internal,
    )


def _not_there(key: str, name: str) -> list[Block]:
    """Stand where an appendix would, so that what points to it still finds it."""
    return [
        Heading(name, appendix=True, key=key),
        Paragraph("This part had to be left out; the reason is on the first page."),
    ]


#: File name and writer of each, in the order in which they are made.
_WRITERS: dict[str, Callable[[Document], bytes]] = {
    "report.docx": write_docx,
    "report.pdf": write_pdf,
    "tables.xlsx": write_xlsx,
}


def _report_files(
    document: Document, *, progress: Callable[[str], None] = lambda step: None
) -> dict[str, bytes]:
    """Make the report's files without writing them."""
    made = {}
    for name, write in report_writers(document).items():
        progress(f"writing {name}")
        made[name] = write(document)
    return made


def report_writers(document: Document) -> dict[str, Callable[[Document], bytes]]:
    """Give the writer of each of the report's files, by file name."""
    ending = "-internal" if document.internal else ""
    names = {name: name.replace(".", f"{ending}.") for name in _WRITERS}
    return {names[name]: write for name, write in _WRITERS.items()}


def write_report(
    document: Document,
    folder: Path | str,
    *,
    inputs: Iterable[Path] = (),
    progress: Callable[[str], None] = lambda step: None,
    ledger: RunLedger | None = None,
) -> tuple[Path, ...]:
    """Write the report as Word, PDF and workbook; nothing is written unless all can be made.

    Parameters
    ----------
    document : Document
    folder : path
        New, empty, or with a former run or report.
    inputs : iterable of Path
        Files and folders that may not lie in it.
    progress : callable
    ledger : RunLedger, optional
        What the report was made of, for ``report.ledger.json``; its outputs are put in.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    OutputError
        If the folder cannot be written; former files are then left whole.
    """
    with whole_folder(Path(folder), inputs, adds=True) as work:
        made = _report_files(document, progress=progress)
        for name, content in made.items():
            (work / name).write_bytes(content)
        if ledger is not None:
            outputs = {name: sha256_of(work / name) for name in made}
            name = f"report{'-internal' if document.internal else ''}.ledger.json"
            told = replace(ledger, outputs=outputs).to_json()
            (work / name).write_text(told, encoding="utf-8")
    return tuple(Path(folder) / name for name in made)
