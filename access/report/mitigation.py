"""What could soften a closure: part-time days, outreach, a shared building nearby."""

from __future__ import annotations

import numpy as np
import pandas as pd

from access.measure.distribution import weighted_mean
from access.report.blocks import Block, BulletList, TableBlock
from access.report.columns import Column
from access.report.findings import ProposalFindings
from access.report.sentences import trip
from access.report.tables import Table
from access.report.voice import Voice
from access.report.words import sentence
from access.results import StudyResults

_WORDS = {"csc": "customer service centre", "gp": "GP"}
#: Words that belong together where a kind is written with underscores.
_PHRASES = (
    "former childrens centre linked site",
    "former childrens centre",
    "health centre",
    "secondary school",
    "post16 college",
    "community centre",
)
SHOWN = 3


def mitigation_blocks(
    results: StudyResults, found: ProposalFindings, site: str, own: pd.DataFrame, voice: Voice
) -> list[Block]:
    """Say what could soften the closure of one site.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings
    site : str
    own : DataFrame
        Areas nearest to the site today.
    voice : Voice

    Returns
    -------
    list of block
    """
    name = found.names.get(site, site)
    now = weighted_mean(own["minutes_before"], own["count"])
    points = [
        sentence(
            "part-time or outreach days in the present building: on those days the "
            f"{trip(found.mode)} stays at {voice.minutes(now)} on average for those nearest to it"
        ),
        "A shared building: see below for those nearest to the same families. Whether any of them "
        "has room, or would agree, is not known.",
        "What either would cost is not known.",
    ]
    table = shared_buildings(results, found, own, name)
    if not table.rows:
        points[1] = "A shared building: the study lists no candidate sites to try."
        return [BulletList(tuple(points))]
    return [BulletList(tuple(points)), TableBlock(table, in_workbook=False, compact=True)]


def shared_buildings(
    results: StudyResults, found: ProposalFindings, own: pd.DataFrame, name: str
) -> Table:
    """List the candidate buildings nearest to the families of a closing site.

    Parameters
    ----------
    results : StudyResults
    found : ProposalFindings
    own : DataFrame
        Areas nearest to the site today.
    name : str

    Returns
    -------
    Table
        The three with the shortest mean trip; ties by id.
    """
    sites = results.sites
    candidates = sites[sites["kind"] == "candidate"]
    register = results.study.candidates
    kinds = dict(zip(register["id"], register["kind"], strict=True)) if "kind" in register else {}
    count = own["count"].to_numpy(float)
    rows: list[tuple[str, str, float, float]] = []
    if len(candidates) and len(own):
        matrix = results.matrices[found.mode].sites(candidates["id"].tolist())
        minutes = matrix.areas(own["id"].tolist()).total_minutes
        after = weighted_mean(own["minutes_after"], count)
        for k, site in enumerate(matrix.site_ids):
            reached = np.isfinite(minutes[:, k])
            if not reached.all():
                continue
            mean = weighted_mean(minutes[:, k], count)
            label = kind_words(str(kinds.get(site, "")))
            rows.append((found.names.get(site, site), label, mean, mean - after))
        order = sorted(range(len(rows)), key=lambda k: (rows[k][2], matrix.site_ids[k]))
        rows = [rows[k] for k in order[:SHOWN]]
    return Table(
        f"Buildings that a shared offer for those nearest to {name} could use",
        (
            Column("site", "Building", width=1.4),
            Column("kind", "Kind"),
            Column("mean", f"Mean {trip(found.mode)} to it", "minutes", unit="min"),
            Column("gain", "Against the proposal", "minutes", unit="min", signed=True),
        ),
        tuple(rows),
    )


def kind_words(kind: str) -> str:
    """Write a candidate's kind as words.

    Parameters
    ----------
    kind : str

    Returns
    -------
    str

    Examples
    --------
    >>> kind_words("library_csc"), kind_words("gp_health_centre"), kind_words("")
    ('library, customer service centre', 'GP, health centre', 'not stated')
    """
    if not kind:
        return "not stated"
    for phrase in _PHRASES:
        kind = kind.replace(phrase.replace(" ", "_"), phrase)
    return ", ".join(_WORDS.get(part, part) for part in kind.split("_"))
