"""Tables of the report as a notebook shows them, and workbooks of them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from access.analysis.results import StudyResults
from access.display import html_answer, text_answer
from access.document.document import Block, Callout, Document, TableBlock
from access.document.table import Cell, Table, TableView
from access.document.xlsx import write_xlsx
from access.errors import OutputError
from access.files import check_file


@dataclass(frozen=True, eq=False)
class TableAnswer:
    """A table of the report, as it may be shown: small counts hidden unless it is internal.

    Parameters
    ----------
    table : Table
    results : StudyResults
        Whose numbers these are, for what they assume.
    internal : bool
        Counts below five are kept; not for publication.
    warning : str
        What must be read with the table.

    Examples
    --------
    >>> closing = answers.impact().table("closing")
    >>> closing.to_frame().columns[:2].tolist()
    ['Site', 'Nearest to']
    """

    table: Table
    results: StudyResults
    internal: bool = False
    warning: str = ""

    @property
    def view(self) -> TableView:
        """The table as it may be shown."""
        return self.table.view(internal=self.internal)

    def to_frame(self) -> pd.DataFrame:
        """Give the table's values as shown, the total left out.

        Returns
        -------
        DataFrame
            One column a column of the table. Missing where a count is hidden, not known or does
            not apply; ``inf`` where no site is reached.

        Examples
        --------
        >>> answers.impact().table("change").to_frame()["Walking"].tolist()[0]
        11074
        """
        view = self.view
        heads = [column.header for column in view.columns]
        return pd.DataFrame([[_value(c) for c in row] for row in view.rows], columns=heads)

    def to_excel(self, path: str | Path) -> Path:
        """Write the table as a workbook of one sheet, its notes below it.

        Parameters
        ----------
        path : str or Path
            Ends in ``.xlsx``.

        Returns
        -------
        Path

        Raises
        ------
        OutputError
            If the name ends in anything else, or the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     answers.impact().table("within").to_excel(f"{folder}/within.xlsx").name
        'within.xlsx'
        """
        noted = (*self.table.notes, *([self.warning] if self.warning else []))
        table = replace(self.table, notes=noted)
        return save_workbook(path, table.title, [table], self.results, internal=self.internal)

    def _rows(self) -> list[list[str]]:
        return [[c.text for c in row] for row in self.view.body]

    def _text_columns(self) -> list[int]:
        return [k for k, column in enumerate(self.view.columns) if column.kind == "text"]

    def __repr__(self) -> str:
        heads = [column.header for column in self.view.columns]
        text = text_answer(self.view.title, heads, self._rows(), text_columns=self._text_columns())
        return "\n".join([text, *self.view.notes, *([self.warning] if self.warning else [])])

    def _repr_html_(self) -> str:
        heads = [column.header for column in self.view.columns]
        notes = (*self.view.notes, *self.results.assumptions)
        return html_answer(
            self.view.title, heads, self._rows(), notes=notes, text_columns=self._text_columns(),
            warning=self.warning,
        )  # fmt: skip


def _value(cell: Cell) -> object:
    if cell.state == "value":
        return cell.value
    return math.inf if cell.state == "unreached" else None


def save_workbook(
    path: str | Path,
    title: str,
    tables: Sequence[Table],
    results: StudyResults,
    *,
    internal: bool = False,
) -> Path:
    """Write tables as a workbook, one sheet each, with what they assume on the front sheet."""
    file = workbook_path(path, results.study.files)
    blocks: list[Block] = [
        Callout("assumption", "What these figures rest on", (sentence,))
        for sentence in results.assumptions
    ]
    blocks += [TableBlock(table) for table in tables]
    document = Document(
        title=title,
        blocks=tuple(blocks),
        subject=results.study.config.study.title,
        date=_study_date(results),
        internal=internal,
    )
    write_xlsx(document, file)
    return file


def workbook_path(path: str | Path, inputs: Iterable[Path] = ()) -> Path:
    """Check that a name is one of a workbook."""
    file = Path(path)
    if file.suffix.lower() != ".xlsx":
        raise OutputError(f"{path} cannot be a workbook; expected a name that ends in .xlsx")
    check_file(file, inputs)
    return file


def _study_date(results: StudyResults) -> datetime.date | None:
    """Give the date that stands on a study's outputs."""
    try:
        return datetime.date.fromisoformat(results.study.config.study.as_of)
    except ValueError:
        return None
