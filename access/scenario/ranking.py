"""Where a proposal stands among all alternatives: the result of a ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.escape import notebook_text
from access.scenario.standing import least_is_best, near
from access.scenario.words import list_words, named, place_of

#: Words for each criterion, as sentences use them.
CRITERION_WORDS = {
    "mean": "mean minutes",
    "weighted_mean": "deprivation-weighted mean",
    "p90": "the time that nine in ten are within (P90)",
    "worst": "the worst-off area",
    "share_beyond": "the share beyond the threshold",
    "gap": "the gap between most and least deprived fifths",
    "savings": "savings",
}


@dataclass(frozen=True, eq=False)
class Ranking:
    """Every alternative with its criteria and ranks, and where the proposal stands.

    Parameters
    ----------
    table : DataFrame
        One row an option, ordered by the sites closed: ``closed kept`` (tuples of ids), each
        criterion, ``unreached`` (families), ``rank_*`` and ``on_front``.
    proposal : dict or None
        ``closed kept option allowed on_front dominated_by options`` and, for each criterion c,
        ``c rank_c tied_c percentile_c regret_c near_ties_1pct_c near_ties_5pct_c within_1pct_c
        within_5pct_c``.
    criteria : tuple of str
        Those that the data support (or that were asked for).
    what : str
        The choice in words: ``"220 ways to keep 9 of 12"``.
    mode : str
    names : dict
    notes : tuple of str

    Notes
    -----
    Rank 1 is best, equals share the least rank. Tied: how many other options share it.
    Percentile: the share (0-100) of the other options that are strictly worse. Regret: how much
    worse than the best option, in the criterion's unit. Near ties: how many options other than
    the best are within 1 % (5 %) of the best value. Within: whether the proposal is.
    """

    table: pd.DataFrame
    proposal: dict[str, Any] | None
    criteria: tuple[str, ...]
    what: str
    mode: str
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def front(self) -> pd.DataFrame:
        """Options that no other beats everywhere, best mean first."""
        rows = self.table[self.table["on_front"]]
        return rows.sort_values(self.criteria[0], kind="stable").reset_index(drop=True)

    def best(self, criterion: str = "mean") -> pd.Series:
        """Best option on a criterion; of equals, the first by the ids closed.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        Series
            A row of `table`.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking.
        """
        self._check(criterion)
        return self.table.iloc[int(self.table[f"rank_{criterion}"].to_numpy().argmin())]

    def near_ties(self, criterion: str = "mean", within: float = 0.01) -> pd.DataFrame:
        """List options within a share of the best value, the best first.

        Parameters
        ----------
        criterion : str
        within : float
            0.01 is one in a hundred of the best value.

        Returns
        -------
        DataFrame
            Rows of `table`.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking, or `within` is negative.
        """
        self._check(criterion)
        if not within >= 0:
            raise ParameterError(f"within={within!r}; expected 0 or more")
        close = near(least_is_best(criterion, self.table[criterion].to_numpy(float)), within)
        return self.table[close].sort_values(f"rank_{criterion}", kind="stable")

    def place(self, criterion: str, *, others: bool = True) -> str:
        """Write the proposal's place on a criterion; one that others share is called joint.

        Parameters
        ----------
        criterion : str
        others : bool
            Say how many share it.

        Returns
        -------
        str
            ``"joint 1st (with 110 others)"``.

        Raises
        ------
        ParameterError
            If the criterion is not one of this ranking, or there is no proposal.
        """
        self._check(criterion)
        if self.proposal is None:
            raise ParameterError("the ranking has no proposal to place; expected proposal=ids")
        p = self.proposal
        return place_of(p[f"rank_{criterion}"], p[f"tied_{criterion}"], others=others)

    def _check(self, criterion: str) -> None:
        if criterion not in self.criteria:
            raise ParameterError(
                f"criterion {criterion!r} is not in this ranking; expected any of "
                f"{list(self.criteria)}"
            )

    def to_frame(self) -> pd.DataFrame:
        """Give the table with ids as text, ready for a file.

        Returns
        -------
        DataFrame
            ``closed`` and ``kept`` as ids parted by a blank.
        """
        out = self.table.copy()
        for column in ("closed", "kept"):
            out[column] = [" ".join(ids) for ids in out[column]]
        return out

    def sentence(self) -> str:
        """Say where the proposal stands, in words that can be read aloud.

        Returns
        -------
        str
        """
        best = self.best(self.criteria[0])
        best_words = list_words(named(best["closed"], self.names)) if best["closed"] else "nothing"
        if self.proposal is None:
            return (
                f"Of {self.what}, closing {best_words} is best by "
                f"{CRITERION_WORDS[self.criteria[0]]} ({_amount(self.criteria[0], best)})."
            )
        p = self.proposal
        places = list_words([f"{self.place(c)} by {CRITERION_WORDS[c]}" for c in self.criteria])
        closed = list_words(named(p["closed"], self.names)) if p["closed"] else "nothing"
        text = f"Of {self.what}, the proposal (closing {closed}) is {places}. "
        regret = p[f"regret_{self.criteria[0]}"]
        if p["rank_" + self.criteria[0]] == 1:
            text += f"None is better by {CRITERION_WORDS[self.criteria[0]]}"
        else:
            more = "some families no longer reach any site" if regret is None else f"{regret:.1f}"
            text += (
                f"The best by {CRITERION_WORDS[self.criteria[0]]} closes {best_words} "
                f"({_amount(self.criteria[0], best)}; the proposal: "
                + (more if regret is None else f"{more} more")
                + ")"
            )
        if p["dominated_by"]:
            verb = "option is" if p["dominated_by"] == 1 else "options are"
            text += (
                f"; {p['dominated_by']:,} {verb} at least as good on every count and better on one."
            )
        else:
            text += "; no option is at least as good on every count and better on one."
        return text

    def _rows(self) -> list[list[str]]:
        rows = []
        for c in self.criteria:
            best = self.best(c)
            row = [CRITERION_WORDS[c], _amount(c, best), " ".join(best["closed"])]
            if self.proposal is not None:
                row += [_amount(c, self.proposal), self.place(c)]
            rows.append(row)
        return rows

    def _head(self) -> list[str]:
        head = ["criterion", "best", "best closes"]
        return head + (["proposal", f"rank of {len(self.table):,}"] if self.proposal else [])

    def __repr__(self) -> str:
        table = pd.DataFrame(self._rows(), columns=self._head())
        return f"{self.sentence()}\n{table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        head = "".join(f"<th scope='col'>{notebook_text(h)}</th>" for h in self._head())
        body = "".join(
            "<tr>"
            + f"<th scope='row'>{notebook_text(row[0])}</th>"
            + "".join(f"<td style='text-align:right'>{notebook_text(c)}</td>" for c in row[1:])
            + "</tr>"
            for row in self._rows()
        )
        notes = "".join(f"<li>{notebook_text(note)}</li>" for note in self.notes)
        return (
            f"<p>{notebook_text(self.sentence())}</p><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><ul>{notes}</ul>"
        )


def _amount(criterion: str, row: Mapping[str, Any] | pd.Series) -> str:
    value = row[criterion]
    if value is None or not np.isfinite(value):
        return "some not reached"
    if criterion == "share_beyond":
        return f"{100 * value:.1f} %"
    return f"£{value:,.0f}" if criterion == "savings" else f"{value:.1f} minutes"
