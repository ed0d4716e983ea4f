"""Family Hubs: the best sets of sites for both services together, and the council's own choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from access.errors import ParameterError
from access.measure.distribution import weighted_mean
from access.report.blocks import Block, Paragraph, TableBlock
from access.report.cells import Value
from access.report.columns import Column
from access.report.sentences import trip
from access.report.tables import Table
from access.report.voice import Voice
from access.report.words import listed, number, percent, sentence
from access.results import StudyResults

_PROOF = {
    "proven_optimal": "proven best",
    "feasible": "good, not proven",
    "infeasible": "no such set",
}


class HubAnswer(Protocol):
    """What the report needs of an optimiser's answer: `access.siting.Solution` has it."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the hubs."""

    @property
    def status(self) -> str:
        """What was proven."""

    @property
    def gap(self) -> float:
        """How far from the best it may be, as a share."""


def hub_blocks(
    results: StudyResults,
    hubs: Sequence[HubAnswer] | None,
    names: Mapping[str, str],
    mode: str,
    voice: Voice,
) -> list[Block]:
    """Write the section on Family Hubs.

    Parameters
    ----------
    results : StudyResults
    hubs : sequence of HubAnswer or None
        The best set for each number of hubs; ``None`` where it was not asked.
    names : mapping of str to str
    mode : str
    voice : Voice

    Returns
    -------
    list of block
    """
    if not hubs:
        return [Paragraph("Where Family Hubs would best stand is not part of this run.")]
    blocks: list[Block] = [Paragraph(hub_sentence(results, hubs, names, mode, voice))]
    return [*blocks, TableBlock(hub_table(results, hubs, names, mode), key="hubs", compact=True)]


def mean_minutes(results: StudyResults, chosen: Sequence[str], mode: str) -> dict[str, float]:
    """Average the trip to the nearest of a set of sites, service by service and jointly.

    Parameters
    ----------
    results : StudyResults
    chosen : sequence of str
    mode : str

    Returns
    -------
    dict of str to float
        By service, and ``"joint"`` by the study's shares (equal where it gives none).

    Raises
    ------
    ParameterError
        If a site is not in the matrix, or none is chosen.
    """
    if not chosen:
        raise ParameterError("no hub is chosen; expected at least one site")
    study = results.study
    matrix = results.matrices[mode].areas(study.areas["id"].tolist())
    minutes = matrix.sites(list(chosen)).total_minutes.min(axis=1)
    means = {
        key: weighted_mean(minutes, study.demand(key)["count"]) for key in study.config.services
    }
    given = study.config.hubs.shares
    shares = {key: given.get(key, 0.0) if given else 1.0 for key in means}
    total = sum(shares.values())
    means["joint"] = sum(shares[key] * means[key] for key in shares) / total if total else np.nan
    return means


def hub_sentence(
    results: StudyResults,
    hubs: Sequence[HubAnswer],
    names: Mapping[str, str],
    mode: str,
    voice: Voice,
) -> str:
    """Set the council's own hubs beside the best set of as many.

    Parameters
    ----------
    results : StudyResults
    hubs : sequence of HubAnswer
    names : mapping of str to str
    mode : str
    voice : Voice

    Returns
    -------
    str
    """
    council = results.study.config.hubs.council_choice
    same = [h for h in hubs if len(h.chosen) == len(council) and h.status != "infeasible"]
    best = same[0] if same else next((h for h in hubs if h.status != "infeasible"), None)
    if best is None:
        return "No set of hubs meets the rules that were asked for."
    joint = mean_minutes(results, best.chosen, mode)["joint"]
    known = "best" if best.status == "proven_optimal" else "best found"
    hubs_words = number(len(best.chosen), "Family Hub")
    first = sentence(
        f"the {known} {hubs_words} by average {trip(mode)}, both services together, would be "
        f"{listed([names.get(i, i) for i in best.chosen])}: {voice.minutes(joint)} on average"
    )
    if not same or not council:
        return first
    if set(council) == set(best.chosen):
        return f"{first} These are the council's own."
    more = mean_minutes(results, council, mode)["joint"] - joint
    own = listed([names.get(i, i) for i in council])
    return f"{first} {sentence(f'the council chose {own}: {voice.change(max(more, 0.0))}')}"


def hub_table(
    results: StudyResults, hubs: Sequence[HubAnswer], names: Mapping[str, str], mode: str
) -> Table:
    """List the best set for each number of hubs, and the council's own.

    Parameters
    ----------
    results : StudyResults
    hubs : sequence of HubAnswer
    names : mapping of str to str
    mode : str

    Returns
    -------
    Table
    """
    services = results.study.config.services
    rows = [
        _row(results, str(len(h.chosen)), h.chosen, names, mode, proof(h.status, h.gap))
        for h in hubs
        if h.chosen
    ]
    council = results.study.config.hubs.council_choice
    if council:
        label = f"{len(council)}, the council's own"
        rows.append(_row(results, label, council, names, mode, "given"))
    unit = "min"
    columns = (
        Column("hubs", "Hubs"),
        Column("where", "Where", width=1.3),
        *(Column(key, s.title, "minutes", unit=unit) for key, s in services.items()),
        Column("joint", "Together", "minutes", unit=unit),
        Column("proof", "Proof"),
    )
    shares = results.study.config.hubs.shares
    parts = [f"{services[key].title} {percent(share)}" for key, share in shares.items()]
    notes = (sentence(f"together: {listed(parts)}"),) if parts else ()
    return Table(
        f"Family Hubs: the best sets by number of hubs (mean {trip(mode)} to the nearest)",
        columns,
        tuple(rows),
        notes=notes,
        source=results.study.config.hubs.council_source,
        short="Family Hubs",
    )


def _row(
    results: StudyResults,
    label: str,
    chosen: Sequence[str],
    names: Mapping[str, str],
    mode: str,
    proof_words: str,
) -> tuple[Value, ...]:
    means = mean_minutes(results, chosen, mode)
    where = listed([names.get(i, i) for i in chosen])
    return (label, where, *means.values(), proof_words)


def proof(status: str, gap: float) -> str:
    """Say what an optimiser proved, and no more.

    Parameters
    ----------
    status : str
    gap : float
        As a share.

    Returns
    -------
    str

    Examples
    --------
    >>> proof("proven_optimal", 0.0), proof("within_gap", 0.004), proof("feasible", 0.3)
    ('proven best', 'within 0.4% of the best', 'good, not proven')
    """
    if status == "within_gap" and np.isfinite(gap):
        return f"within {max(100 * gap, 0.1):.1f}% of the best"
    return _PROOF.get(status, "not proven")
