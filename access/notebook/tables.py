"""What every answer of a notebook can do, and tables of the report as a notebook shows them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
        return _save_workbook(path, table.title, [table], self.results, internal=self.internal)

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


def _save_workbook(
    path: str | Path,
    title: str,
    tables: Sequence[Table],
    results: StudyResults,
    *,
    internal: bool = False,
) -> Path:
    """Write tables as a workbook, one sheet each, with what they assume on the front sheet."""
    file = _workbook_path(path, results.study.files)
    rest_on = Callout("assumption", "What these figures rest on", tuple(results.assumptions))
    blocks: list[Block] = [rest_on]
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


def _workbook_path(path: str | Path, inputs: Iterable[Path] = ()) -> Path:
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


class _View:
    """An answer that shows itself: it has what was found, and reads it as words and tables.

    Whatever the finding has, such as the ``summary`` of an `access.scenario.Impact` or the
    ``table`` of an `access.scenario.Ranking`, can be asked of the view by the same name.

    Parameters
    ----------
    results : StudyResults
        Of which it is asked.
    found : object
        What was found.

    Examples
    --------
    >>> answers.impact().found.summary is answers.impact().summary
    True
    """

    results: StudyResults
    found: Any

    def __getattr__(self, name: str) -> Any:
        """Give what the finding has."""
        if name.startswith("_") or name in ("found", "results"):
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        return getattr(self.found, name)

    def __dir__(self) -> list[str]:
        own = [n for n in dir(self.found) if not n.startswith("_")]
        return sorted({*super().__dir__(), *own})

    def sentence(self) -> str:
        """Say what was found, in words that can be read aloud.

        Returns
        -------
        str

        Examples
        --------
        >>> answers.impact().sentence().split(", ")[0]
        'Closing Park View'
        """
        return str(self.found.sentence())

    def to_frame(self) -> pd.DataFrame:
        """Give the figures.

        Returns
        -------
        DataFrame

        Examples
        --------
        >>> len(answers.alternatives(keep=11).to_frame())
        12
        """
        return pd.DataFrame(self.found.to_frame())

    def to_excel(self, path: str | Path) -> Path:
        """Write every table of this answer as a workbook, one sheet each.

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
        ...     answers.alternatives(keep=11).to_excel(f"{folder}/ways.xlsx").name
        'ways.xlsx'
        """
        tables = [make() for make in self._tables().values()]
        return _save_workbook(path, self._title(), tables, self.results)

    def _title(self) -> str:
        """Name the answer."""
        raise NotImplementedError

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        """Give the tables behind the answer by name."""
        raise NotImplementedError

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        """Give the head and the rows of the small table."""
        raise NotImplementedError

    def _text_columns(self) -> tuple[int, ...]:
        return (0,)

    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.found.notes, *self.results.assumptions)))

    def __repr__(self) -> str:
        return text_answer(self.sentence(), *self._shown(), text_columns=self._text_columns())

    def _repr_html_(self) -> str:
        return html_answer(
            self.sentence(), *self._shown(), notes=self._notes(), title=self._title(),
            text_columns=self._text_columns(),
        )  # fmt: skip
