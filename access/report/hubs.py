"""Family Hubs: the best sets of sites for both services together, and the council's own choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from access.analysis.results import HubResult, StudyResults, site_names
from access.charts.ranking import hub_chart
from access.document.document import Block, BulletList, Paragraph, TableBlock
from access.document.table import Column, Table, Value
from access.errors import ParameterError
from access.labels import trip
from access.measure.distribution import weighted_mean
from access.report.figures import _figure_of
from access.report.sentences import _Wording
from access.siting.alternatives import SetRank
from access.siting.hubs import HubSearch
from access.text import listed, number, percent, sentence, share_figure

_PROOF = {
    "proven_optimal": "proven best",
    "feasible": "good, not proven",
    "infeasible": "no such set",
}


class _BestSet(Protocol):
    """What the tables need of an optimiser's answer: `access.siting.Solution` has it."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the hubs."""

    @property
    def status(self) -> str:
        """What was proven."""

    @property
    def gap(self) -> float:
        """How far from the best it may be, as a share."""


def _mean_minutes(results: StudyResults, chosen: Sequence[str], mode: str) -> dict[str, float]:
    """Average the trip to the nearest of a set of sites, service by service and jointly."""
    if not chosen:
        raise ParameterError("no hub is chosen; expected at least one site")
    study = results.study
    matrix = results.matrices[mode].areas(study.areas["id"].tolist())
    minutes = matrix.least(list(chosen))
    means = {
        key: weighted_mean(minutes, study.demand(key)["count"]) for key in study.config.services
    }
    given = study.config.hubs.shares
    shares = {key: given.get(key, 0.0) if given else 1.0 for key in means}
    total = sum(shares.values())
    means["joint"] = sum(shares[key] * means[key] for key in shares) / total if total else np.nan
    return means


def hub_table(
    results: StudyResults, hubs: Sequence[_BestSet], names: Mapping[str, str], mode: str
) -> Table:
    """List the best set for each number of hubs, and the council's own."""
    services = results.study.config.services
    rows = [
        _row(results, str(len(h.chosen)), h.chosen, names, mode, _proof(h.status, h.gap))
        for h in hubs
        if h.chosen
    ]
    council = results.study.config.hubs.council_choice
    if council:
        label = f"{len(council)}, the council's own"
        rows.append(_row(results, label, council, names, mode, "given"))
    unit = "min"
    columns = (
        Column("hubs", "Hubs", width=0.7),
        Column("where", "Where", width=4.0),
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
    means = _mean_minutes(results, chosen, mode)
    where = listed([names.get(i, i) for i in chosen])
    return (label, where, *means.values(), proof_words)


def near_best_table(found: HubSearch, mode: str) -> Table:
    """List the sets that are almost as good as the best."""
    frame = found.alternatives_frame()
    rows = zip(frame["names"], frame["mean_minutes"], frame["worse"], strict=True)
    n, more = len(found.best.chosen), "" if found.near_best.complete else "; there may be more"
    return Table(
        f"Family Hubs: the best {len(frame)} sets of {n} (mean {trip(mode)}{more})",
        (
            Column("where", "Where", width=3.0),
            Column("mean", "Mean", "minutes", unit="min", decimals=2),
            Column("worse", "Above the best", "share", decimals=2),
        ),
        tuple((str(names), float(mean), float(worse)) for names, mean, worse in rows),
        short="Hubs near the best",
    )


def trade_off_table(found: HubSearch, mode: str) -> Table:
    """List the sets that no other beats on both the mean and the worst-off area."""
    frame = found.front_frame()
    has_cost = "cost" in frame
    n, more = len(found.best.chosen), "" if found.front.complete else "; there may be more"
    columns = [
        Column("where", "Where", width=3.0),
        Column("mean", "Mean", "minutes", unit="min"),
        Column("worst", "Worst-off area", "minutes", unit="min"),
        *([Column("cost", "Cost", "money")] if has_cost else []),
    ]
    keys = ["names", "mean_minutes", "worst_minutes", *(["cost"] if has_cost else [])]
    rows: list[tuple[Value, ...]] = [
        (str(names), *(float(v) for v in values))
        for names, *values in frame[keys].itertuples(index=False, name=None)
    ]
    return Table(
        f"Family Hubs: every trade-off of {n} between the average {trip(mode)} and the "
        f"worst-off area{more}",
        tuple(columns),
        tuple(rows),
        short="Hubs trade-offs",
    )


def _proof(status: str, gap: float) -> str:
    """Say what an optimiser proved, and no more."""
    if status == "within_gap" and gap < 1:
        # the gap is a share of the answer; a reader takes it as a share of the best
        return f"within {share_figure(max(gap / (1 - gap), 0.001), 1)} of the best"
    return _PROOF.get(status, "not proven")


def _best_sets(answer: HubResult) -> list[_BestSet]:
    """Give the best set for each number of hubs, fewest first."""
    return list(answer.plain.curve.solutions.values())


def _hub_blocks(results: StudyResults, wording: _Wording) -> list[Block]:
    """Write the section on Family Hubs."""
    answer = results.hubs
    if answer is None:
        return [Paragraph("Where Family Hubs would best stand is not part of this run.")]
    sets, names, mode = _best_sets(answer), site_names(results), answer.mode
    blocks: list[Block] = [Paragraph(_hub_sentence(results, sets, names, mode, wording))]
    if answer.plain.council is not None:
        blocks.append(Paragraph(_standing_sentence(answer.plain.council)))
    blocks.append(TableBlock(hub_table(results, sets, names, mode), key="hubs", compact=True))
    blocks.append(
        _figure_of(hub_chart(results, answer.plain, mode, len(answer.candidates)), "hub-curve")
    )
    blocks.append(Paragraph(_leeway_sentence(answer)))
    for table in (near_best_table(answer.plain, mode), trade_off_table(answer.plain, mode)):
        if len(table.rows) > 1:
            blocks.append(TableBlock(table, compact=True))
    return [*blocks, BulletList(tuple(answer.plain.assumptions))]


def _hub_sentence(
    results: StudyResults,
    hubs: Sequence[_BestSet],
    names: Mapping[str, str],
    mode: str,
    wording: _Wording,
) -> str:
    """Set the council's own hubs beside the best set of as many."""
    council = results.study.config.hubs.council_choice
    same = [h for h in hubs if len(h.chosen) == len(council) and h.status != "infeasible"]
    best = same[0] if same else next((h for h in hubs if h.status != "infeasible"), None)
    if best is None:
        return "No set of hubs meets the rules that were asked for."
    joint = _mean_minutes(results, best.chosen, mode)["joint"]
    known = "best" if best.status == "proven_optimal" else "best found"
    hubs_words = number(len(best.chosen), "Family Hub")
    first = sentence(
        f"the {known} {hubs_words} by average {trip(mode)}, both services together, would be "
        f"{listed([names.get(i, i) for i in best.chosen])}: {wording.minutes(joint)} on average"
    )
    if not same or not council:
        return first
    if set(council) == set(best.chosen):
        return f"{first} These are the council's own."
    more = _mean_minutes(results, council, mode)["joint"] - joint
    own = listed([names.get(i, i) for i in council])
    return f"{first} {sentence(f'the council chose {own}: {wording.change(max(more, 0.0))}')}"


def _standing_sentence(council: SetRank) -> str:
    """Say where the council's own choice stands among all sets of as many."""
    k = number(len(council.chosen), "hub")
    if council.rank_mean is None or council.rank_worst is None:
        text = f"there are too many sets of {k} to list, so the council's own has no rank"
        return sentence(text)
    whole = f"all {council.sets:,} ways to place {k}"
    return sentence(
        f"among {whole}, the council's own is number {council.rank_mean:,} by average trip and "
        f"number {council.rank_worst:,} by the worst-off area (1 is best)"
    ) + ("" if council.within_rules else " It does not keep the rules: compared without them.")


def _leeway_sentence(answer: HubResult) -> str:
    """Say how free the choice is: the near-best, the bend, and what weighting would change."""
    found, said = answer.plain, []
    near = found.near_best.table
    if len(near) > 1:
        share = float(near["worse"].max())
        said.append(
            sentence(
                f"the best {len(near)} sets are within {percent(share)} of one another in average "
                f"{trip(answer.mode)}, so what else is known of the buildings may decide among them"
            )
        )
    if found.curve.elbow is not None:
        said.append(
            sentence(f"beyond {number(found.curve.elbow, 'hub')} each further one saves less")
        )
    if answer.weighted is not None:
        best, other = set(found.best.chosen), answer.weighted.best.chosen
        if set(other) == best:
            said.append("With deprived families counting more, the same set is best.")
        else:
            said.append(
                sentence(
                    "with deprived families counting more, the best set is "
                    f"{answer.weighted.named(other)}"
                )
            )
    return " ".join(said)
