"""A study as a notebook shows it: what it holds, what is not known, what is assumed."""

from __future__ import annotations

import pandas as pd

from access.display import html_answer
from access.study.describe import REGISTER_WORDS, study_facts
from access.study.load import Study


def study_frame(study: Study) -> pd.DataFrame:
    """Give one row a service: centres today and after what is proposed, and whom they are for.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        ``service today proposed families who stand_ins proxies``; ``proposed`` is missing where
        nothing is proposed, and the first proposal's where there are several.

    Examples
    --------
    >>> from access.study import load_study
    >>> study_frame(load_study("rotherham"))[["today", "proposed"]].values.tolist()
    [[12, 9], [11, 6]]
    """
    facts = study_facts(study)
    proposed: dict[str, int] = {}
    for proposal in facts["proposals"].values():
        proposed.setdefault(proposal["service"], proposal["after"])
    rows = [
        {
            "service": row["title"],
            "today": row["today"],
            "proposed": proposed.get(key, pd.NA),
            "families": row["families"],
            "who": row["families_are"],
            "stand_ins": len(row["stand_ins"]),
            "proxies": len(row["proxies"]),
        }
        for key, row in facts["centres"].items()
    ]
    return pd.DataFrame(rows).astype({"proposed": "Int64"})


def study_sentence(study: Study) -> str:
    """Say in a sentence or two what a study holds, and what is not known.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
    """
    facts = study_facts(study)
    text = (
        f"{facts['title']}: {facts['areas']:,} areas ({study.config.areas.unit}), "
        f"{len(study.centres)} centres, {facts['candidates']} candidate sites, "
        f"{facts['neighbours']} centres of neighbours."
    )
    unknown = [
        REGISTER_WORDS[column]
        for column, count in facts["not_known"].items()
        if count == len(study.centres)
    ]
    if unknown:
        text += f" Not known of any centre: {', '.join(unknown)}."
    return text


def study_html(study: Study) -> str:
    """Write a study for a notebook.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        Everything escaped.
    """
    head = ["Service", "For", "Centres today", "Proposed", "People", "Stand-ins", "Proxies"]
    rows = [
        [
            r["service"],
            r["who"],
            r["today"],
            "none" if pd.isna(r["proposed"]) else r["proposed"],
            f"{r['families']:,.0f}",
            r["stand_ins"],
            r["proxies"],
        ]
        for r in study_frame(study).to_dict("records")
    ]
    return html_answer(
        study_sentence(study), head, rows, notes=study.assumptions, text_columns=(0, 1)
    )
