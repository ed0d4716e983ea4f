"""How firm an order is, and what the weights decide, as answers in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from access.display import html_answer, text_answer
from access.notebook.asked import fields_of
from access.report.chart import Chart
from access.report.charts import robustness_chart
from access.report.names import short_names
from access.results import StudyResults
from access.scenario import Robustness, Switching
from access.scenario.ranking import CRITERION_WORDS
from access.scenario.words import list_words, named


@dataclass(frozen=True, eq=False, repr=False)
class FirmnessAnswer(Robustness):
    """How firm a ranking is: an `access.scenario.Robustness` that can show itself.

    Parameters
    ----------
    results : StudyResults

    Examples
    --------
    >>> answers.firmness(draws=10).criteria[0]
    'mean'
    """

    results: StudyResults = field(kw_only=True)

    @classmethod
    def of(cls, results: StudyResults, found: Robustness) -> FirmnessAnswer:
        """Let a robustness show itself, with the sites' short names.

        Parameters
        ----------
        results : StudyResults
        found : Robustness

        Returns
        -------
        FirmnessAnswer

        Examples
        --------
        >>> found = answers.firmness(draws=10)
        >>> FirmnessAnswer.of(answers.results, found).sentence() == found.sentence()
        True
        """
        values = fields_of(found, Robustness) | {"names": short_names(results)}
        return cls(**values, results=results)

    def to_frame(self) -> pd.DataFrame:
        """Give the interval of the proposal's rank on every criterion.

        Returns
        -------
        DataFrame
            As `access.scenario.Robustness.ranks`.

        Examples
        --------
        >>> answers.firmness(draws=10).to_frame()["options"].tolist()[0]
        220
        """
        return self.ranks()

    def plot(self, criterion: str = "mean") -> Chart:
        """Draw how often each option is best.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        Chart

        Raises
        ------
        ParameterError
            If the criterion is not one of these.

        Examples
        --------
        >>> answers.firmness(draws=10).plot().title[-20:]
        'the proposal in none'
        """
        return robustness_chart(self, criterion)

    def _rows(self) -> list[list[str]]:
        return [
            [
                CRITERION_WORDS[r["criterion"]],
                f"{r['median']:,}",
                f"{r['p5']:,} to {r['p95']:,}",
                f"{r['least']:,} to {r['greatest']:,}",
                f"{100 * r['share_best']:.0f} %",
            ]
            for r in self.ranks().to_dict("records")
        ]

    def _head(self) -> list[str]:
        of = len(self.options)
        return ["criterion", f"median rank of {of:,}", "in nine of ten", "ever", "is best in"]

    def __repr__(self) -> str:
        return text_answer(self.sentence(), self._head(), self._rows())

    def _repr_html_(self) -> str:
        notes = (*self.notes, *self.results.assumptions)
        return html_answer(self.sentence(), self._head(), self._rows(), notes=notes)


@dataclass(frozen=True, eq=False, repr=False)
class WeightsAnswer(Switching):
    """Where the weight of deprivation changes the choice: a `Switching` that can show itself.

    Parameters
    ----------
    results : StudyResults

    Examples
    --------
    >>> answers.weights("youth_centres_11_to_6").lambdas
    (0.10...,)
    """

    results: StudyResults = field(kw_only=True)

    @classmethod
    def of(cls, results: StudyResults, found: Switching) -> WeightsAnswer:
        """Let switching values show themselves, with the sites' short names.

        Parameters
        ----------
        results : StudyResults
        found : Switching

        Returns
        -------
        WeightsAnswer

        Examples
        --------
        >>> found = answers.weights()
        >>> WeightsAnswer.of(answers.results, found).sentence() == found.sentence()
        True
        """
        values = fields_of(found, Switching) | {"names": short_names(results)}
        return cls(**values, results=results)

    def to_frame(self) -> pd.DataFrame:
        """Give the best option for every stretch of the weight.

        Returns
        -------
        DataFrame
            ``lam_from lam_to closed kept``, ids parted by a blank.

        Examples
        --------
        >>> answers.weights().to_frame()["lam_from"].tolist()[0]
        0.0
        """
        joined: Mapping[str, list[str]] = {
            column: [" ".join(ids) for ids in self.table[column]] for column in ("closed", "kept")
        }
        return self.table.assign(**joined)

    def _rows(self) -> list[list[str]]:
        rows = []
        for r in self.table.to_dict("records"):
            upto = "any more" if r["lam_to"] == float("inf") else f"{1 + r['lam_to']:.2f}"
            closes = list_words(named(r["closed"], self.names)) if r["closed"] else "nothing"
            rows.append([closes, f"{1 + r['lam_from']:.2f}", upto])
        return rows

    def _head(self) -> list[str]:
        return ["best by weighted mean: close", "from (times)", "to (times)"]

    def __repr__(self) -> str:
        return text_answer(self.sentence(), self._head(), self._rows())

    def _repr_html_(self) -> str:
        notes = (
            "Times: what a family in the most deprived area of the country counts for, beside one "
            "in the least deprived (1 + lambda).",
            *self.notes,
            *self.results.assumptions,
        )
        return html_answer(self.sentence(), self._head(), self._rows(), notes=notes)
