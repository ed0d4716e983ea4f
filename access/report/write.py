"""The report's three files, all written or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from access.files import whole_folder
from access.report.document import Document
from access.report.docx import write_docx
from access.report.pdf import write_pdf
from access.report.xlsx import write_xlsx

#: File name and writer of each, in the order in which they are made.
WRITERS: dict[str, Callable[[Document], bytes]] = {
    "report.docx": write_docx,
    "report.pdf": write_pdf,
    "tables.xlsx": write_xlsx,
}


def report_files(
    document: Document, *, progress: Callable[[str], None] = lambda step: None
) -> dict[str, bytes]:
    """Make the report's files without writing them.

    Parameters
    ----------
    document : Document
        Of `board_report`.
    progress : callable
        Called with a few words before each file.

    Returns
    -------
    dict of str to bytes
        ``report.docx``, ``report.pdf`` and ``tables.xlsx``; an internal copy's names say so.

    Raises
    ------
    OutputError
        If the PDF's accessibility check refuses the document.
    """
    made = {}
    for name, write in WRITERS.items():
        progress(f"writing {name}")
        stem, dot, ending = name.partition(".")
        own = f"{stem}-internal{dot}{ending}" if document.internal else name
        made[own] = write(document)
    return made


def write_report(
    document: Document,
    folder: Path | str,
    *,
    inputs: Iterable[Path] = (),
    progress: Callable[[str], None] = lambda step: None,
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
        made = report_files(document, progress=progress)
        for name, content in made.items():
            (work / name).write_bytes(content)
    return tuple(Path(folder) / name for name in made)
