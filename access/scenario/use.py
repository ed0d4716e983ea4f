"""What take-up would make of a change. Kept apart from travel facts, and never without warning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from access.measure.demand import by_area
from access.measure.takeup import TAKE_UP_WARNING, TakeUp
from access.scenario.impact import Impact
from access.scenario.words import list_words


@dataclass(frozen=True, eq=False)
class TakeUpChange:
    """What a change would do to use, if use fell with travel time as stated.

    Parameters
    ----------
    areas : DataFrame
        ``id use_before use_after_low use_after_middle use_after_high``.
    summary : dict
        ``use_before`` and ``change_low change_middle change_high``, as shares of it.
    take_up : TakeUp
    warning : str
        To stand beside every figure.
    """

    areas: pd.DataFrame
    summary: dict[str, float]
    take_up: TakeUp
    warning: str = TAKE_UP_WARNING

    def sentence(self) -> str:
        """Say the range, with what it rests on.

        Returns
        -------
        str
        """
        s = self.summary
        ends = sorted([100 * s["change_low"], 100 * s["change_high"]])
        words = list_words([f"{ends[0]:+.1f} %", f"{ends[1]:+.1f} %"])
        return f"Use would change by between {words} ({self.take_up.note}). {self.warning}"

    def __repr__(self) -> str:
        return self.sentence()


def take_up_change(impact: Impact, take_up: TakeUp, use: pd.Series | None = None) -> TakeUpChange:
    """Apply a take-up assumption to an impact, apart from its facts.

    Parameters
    ----------
    impact : Impact
    take_up : TakeUp
    use : Series, optional
        Use before, by area id; by default every family counts the same.

    Returns
    -------
    TakeUpChange

    Raises
    ------
    ParameterError
        If use does not match the areas.

    Examples
    --------
    >>> from access.network.matrix import TravelMatrix
    >>> from access.scenario import compare
    >>> m = TravelMatrix.from_minutes([[5, 15], [9, 7]], area_ids=["a", "b"], site_ids=["X", "Y"])
    >>> demand = pd.DataFrame({"id": ["a", "b"], "count": [10, 10]})
    >>> impact = compare(m, before=["X", "Y"], after=["Y"], demand=demand)
    >>> take_up_change(impact, TakeUp.declared(0.8, 1.0)).summary["change_middle"]
    -0.0527...
    """
    ids = [str(i) for i in impact.areas["id"]]
    before = impact.areas["count"].to_numpy(float) if use is None else by_area(use, ids, name="use")
    factors = take_up.factors(impact.areas["change_minutes"])
    known = factors.notna().all(axis=1).to_numpy() & (before > 0)
    table = pd.DataFrame({"id": ids, "use_before": np.where(known, before, np.nan)})
    summary = {"use_before": float(before[known].sum())}
    for name in ("low", "middle", "high"):
        table[f"use_after_{name}"] = np.where(known, before * factors[name], np.nan)
        after = float(table[f"use_after_{name}"].sum())
        base = summary["use_before"]
        summary[f"change_{name}"] = after / base - 1 if base > 0 else float("nan")
    summary["use_not_counted"] = float(before[~known].sum())
    return TakeUpChange(areas=table, summary=summary, take_up=take_up)
