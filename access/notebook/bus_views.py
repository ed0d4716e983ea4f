"""Minutes by bus, there and home, as answers in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from access.analysis.bus import BusChange
from access.analysis.results import ProposalResult, StudyResults
from access.document.table import Table
from access.errors import ParameterError
from access.notebook.tables import _View
from access.report.bus import none_sentence, numbers_table, without_table


@dataclass(frozen=True, eq=False, repr=False)
class BusAnswer(_View):
    """What a change does by bus.

    Parameters
    ----------
    results : StudyResults
    found : BusChange
    result : ProposalResult
        The change.
    told : tuple of str
        What else must be told: which buses were cut.
    """

    results: StudyResults
    found: BusChange
    result: ProposalResult
    told: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Say for how many there is no journey under the limit, before and after.

        Returns
        -------
        str
        """
        return none_sentence(self._noun, self.found)

    def to_frame(self) -> pd.DataFrame:
        """Give the figures.

        Returns
        -------
        DataFrame
            As `BusChange.figures`.
        """
        return self.found.figures()

    def explain(self, area: str, site: str, minute: str, *, home: bool = False) -> str:
        """Give a journey in words.

        Parameters
        ----------
        area, site : str
        minute : str
            Of the window: ``"15:20"``.
        home : bool
            The way home in place of the way there.

        Returns
        -------
        str

        Raises
        ------
        ParameterError
            If an id is unknown, or the minute is none of the window's.
        """
        times = self.results.bus
        assert times is not None
        ways = times.home if home else times.there
        if self.found.service not in ways:
            raise ParameterError(
                f"{self.found.service} has no session_ends in study.toml; expected one"
            )
        return ways[self.found.service].explain(area, site, minute)

    def audit(self) -> pd.DataFrame:
        """Say how far the timetable can be believed.

        Returns
        -------
        DataFrame
            As `Timetable.audit`.
        """
        times = self.results.bus
        assert times is not None
        return times.timetable.audit(self.results.study.areas[["id", "lon", "lat"]])

    @property
    def _noun(self) -> str:
        return self.results.study.config.services[self.found.service].noun

    def _title(self) -> str:
        return f"{self.result.title}, by bus"

    def _tables(self) -> Mapping[str, Callable[[], Table]]:
        title = self.results.study.config.services[self.found.service].title
        return {
            "none": lambda: without_table(title, self._noun, self.found),
            "minutes": lambda: numbers_table(title, self.found),
        }

    def _shown(self) -> tuple[list[str], list[list[str]]]:
        head: list[str] = []
        rows: list[list[str]] = []
        for make in self._tables().values():
            view = make().view()
            head = head or [column.label for column in view.columns][:3]
            rows += [[c.text for c in row][:3] for row in view.body]
        return head, rows

    def _notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.told, *self.results.assumptions)))
