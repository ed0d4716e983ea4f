"""A study in plain words: what it holds, what is not known, what is assumed."""

from __future__ import annotations

import textwrap
from typing import Any

from access.study.load import Study
from access.study.schema import REGISTER_UNKNOWNS

REGISTER_WORDS = {
    "annual_cost_gbp": "yearly cost",
    "annual_visits": "yearly visits",
    "condition": "condition",
    "capacity": "capacity",
}


def study_facts(study: Study) -> dict[str, Any]:
    """Count what a study holds.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
        Plain values, ready for JSON.

    Examples
    --------
    >>> from access.study import load_study
    >>> study_facts(load_study("rotherham"))["centres"]["childrens_centre"]["today"]
    12
    """
    config = study.config
    centres = {}
    for key, service in config.services.items():
        own = study.centres_of(key)
        centres[key] = {
            "title": service.title,
            "today": len(own),
            "families": float(study.areas[service.demand].sum()),
            "families_are": service.noun,
            "ages": service.age_band,
            "stand_ins": own.loc[own["assumed"], "id"].tolist(),
            "proxies": own.loc[own["proxy"], "id"].tolist(),
        }
    return {
        "study": study.name,
        "title": config.study.title,
        "folder": study.folder.name,
        "crs": study.crs,
        "areas": len(study.areas),
        "candidates": len(study.candidates),
        "neighbours": len(study.neighbours),
        "postcodes": len(study.postcodes),
        "centres": centres,
        "proposals": {
            key: {
                "title": p.title,
                "service": p.service,
                "close": list(p.close),
                "open": list(p.open),
                "before": len(study.centres_of(p.service)),
                "after": len(study.centres_of(p.service)) - len(p.close) + len(p.open),
            }
            for key, p in config.proposals.items()
        },
        "not_known": {column: int(_unknown(study, column)) for column in REGISTER_UNKNOWNS},
        "assumptions": list(study.assumptions),
        "inputs": [dict(row) for row in study.inputs],
    }


def _unknown(study: Study, column: str) -> int:
    values = study.centres[column]
    return int((values.isna() | (values.astype(str) == "")).sum())


def describe_study(study: Study) -> str:
    """Say what a study holds, as `access check` prints it.

    Parameters
    ----------
    study : Study

    Returns
    -------
    str
        Lines of at most 90 characters.
    """
    facts = study_facts(study)
    unit = study.config.areas.unit
    lines = [
        f"{facts['title']} ({facts['study']}): no faults found.",
        "",
        f"  {facts['areas']:,} areas ({unit}), {facts['candidates']} candidate sites, "
        f"{facts['neighbours']} centres of neighbours, {facts['postcodes']:,} postcodes",
    ]
    for row in facts["centres"].values():
        lines.append(
            f"  {row['title']}: {row['today']} today, "
            f"for {row['families']:,.0f} {row['families_are']}"
            + (f" (ages counted: {row['ages']})" if row["ages"] else "")
        )
    for key, row in facts["proposals"].items():
        lines.append(f"  Proposal {key}: {row['before']} -> {row['after']}, closes "
                     f"{', '.join(row['close']) or 'none'}"
                     + (f", opens {', '.join(row['open'])}" if row["open"] else ""))  # fmt: skip
    unknown = [
        f"{REGISTER_WORDS[column]} of {count} of {len(study.centres)}"
        for column, count in facts["not_known"].items()
        if count
    ]
    if unknown:
        lines += ["", f"  Not known: {', '.join(unknown)} centres."]
    lines += ["", "What every reader of a number must be told:"]
    for sentence in facts["assumptions"]:
        lines += textwrap.wrap(sentence, 88, initial_indent="  - ", subsequent_indent="    ")
    lines += ["", "Tables:"]
    words = {"no": "as in the manifest", "yes": "CHANGED since the manifest was written",
             "not listed": "not in the manifest"}  # fmt: skip
    for row in facts["inputs"]:
        lines.append(f"  {row['file']:<22} {row['sha256'][:12]}  {words[row['changed']]}")
    return "\n".join(lines)
