"""A run's figures as plain values and tables, for every file that holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from access.results import StudyResults
from access.run.answers_hubs import hub_figures
from access.scenario import Ranking

#: Prefixes a spreadsheet takes for a formula; a quote before them makes them text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def summary_of(results: StudyResults) -> dict[str, Any]:
    """Give a run's figures as plain values.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    dict
        ``study, title, as_of, streets, assumptions`` and ``proposals``, each with a sentence and
        the figures of every mode, by closed site, deprivation tenth and locality.
    """
    proposals = {}
    for key, proposal in results.proposals.items():
        modes = {}
        for mode, impact in proposal.impacts.items():
            groups = [c for c in ("imd_decile", "locality", "ward") if c in impact.demand.columns]
            modes[mode] = {
                "sentence": impact.sentence(),
                "figures": impact.summary,
                "closed_sites": _records(impact.closed_sites),
                "receiving_sites": _records(impact.receiving_sites),
                "worst_areas": _records(impact.worst_areas(10)),
                **{f"by_{column}": _records(impact.by(column)) for column in groups},
            }
        proposals[key] = {
            "title": proposal.title,
            "service": proposal.service,
            "comment": proposal.comment,
            "source": proposal.source,
            "before": list(proposal.before),
            "after": list(proposal.after),
            "closed": list(proposal.closed),
            "modes": modes,
        }
        for mode, ranking in proposal.rankings.items():
            modes[mode]["alternatives"] = _ranking_summary(ranking)
    place = results.study.config.study
    return {
        "study": place.name,
        "title": place.title,
        "as_of": place.as_of,
        "streets": results.streets,
        "modelled_streets": results.modelled,
        "assumptions": list(results.assumptions),
        "proposals": proposals,
        "both_services": {mode: _ranking_summary(r) for mode, r in results.joint.items()},
        "family_hubs": None if results.hubs is None else hub_figures(results.hubs),
    }


def _ranking_summary(ranking: Ranking) -> dict[str, Any]:
    return {
        "sentence": ranking.sentence(),
        "options": len(ranking.table),
        "criteria": list(ranking.criteria),
        "proposal": ranking.proposal,
        "best": {c: list(ranking.best(c)["closed"]) for c in ranking.criteria},
        "on_front": int(ranking.table["on_front"].sum()),
        "notes": list(ranking.notes),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def area_table(results: StudyResults) -> pd.DataFrame:
    """One row an area: who lives there, and the trips before and after of every proposal.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    DataFrame
        The areas' columns, then ``<proposal>__<mode>__<figure>``: nearest centre and minutes
        before and after, the change, and the status. ``inf`` where no centre is reached.
    """
    table = pd.DataFrame(results.study.areas.drop(columns="geometry"))
    figures = ("nearest_before", "minutes_before", "nearest_after", "minutes_after",
               "change_minutes", "status_before", "status_after")  # fmt: skip
    extra: dict[str, Any] = {}
    for key, proposal in results.proposals.items():
        for mode, impact in proposal.impacts.items():
            rows = impact.areas.set_index("id").loc[table["id"]]
            for figure in figures:
                column = rows[figure].to_numpy()
                if figure.startswith(("minutes", "change")):
                    column = np.round(column.astype(float), 3)
                extra[f"{key}__{mode}__{figure}"] = column
    return pd.concat([table, pd.DataFrame(extra, index=table.index)], axis=1)


def alternatives_table(results: StudyResults) -> pd.DataFrame:
    """One row an alternative, proposal and mode: what closes, every criterion, every rank.

    Parameters
    ----------
    results : StudyResults

    Returns
    -------
    DataFrame
        ``proposal mode closed kept is_the_proposal``, criteria, ``rank_*``, ``on_front``; empty
        where no proposal can be ranked.
    """
    parts = []
    for key, proposal in results.proposals.items():
        for mode, ranking in proposal.rankings.items():
            table = ranking.table.copy()
            table.insert(0, "is_the_proposal", [set(c) == set(proposal.closed)
                                                for c in table["closed"]])  # fmt: skip
            for column in ("kept", "closed"):
                table[column] = [" ".join(ids) for ids in table[column]]
            table.insert(0, "mode", mode)
            table.insert(0, "proposal", key)
            parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["proposal"])


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text that a spreadsheet would run as a formula into plain text.

    Parameters
    ----------
    frame : DataFrame

    Returns
    -------
    DataFrame
        A quote stands before text that starts with ``= + - @``, a tab or a carriage return.

    Examples
    --------
    >>> safe_cells(pd.DataFrame({"name": ["=1+1", "Wath"]}))["name"].tolist()
    ["'=1+1", 'Wath']
    """
    out = frame.copy()
    for column in out.columns:
        if not pd.api.types.is_numeric_dtype(out[column]):
            out[column] = [
                f"'{v}" if isinstance(v, str) and v.startswith(_FORMULA_STARTS) else v
                for v in out[column]
            ]
    return out
