"""Family Hubs: the best sets of sites for both services together, and the council's own choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from access.report.blocks import Block, BulletList, Paragraph, TableBlock
from access.report.figures import figure_of
from access.report.hub_chart import hub_chart
from access.report.hub_tables import (
    BestSet,
    hub_table,
    mean_minutes,
    near_best_table,
    trade_off_table,
)
from access.report.names import site_names
from access.report.sentences import trip
from access.report.voice import Voice
from access.report.words import listed, number, percent, sentence
from access.results import HubAnswer, StudyResults
from access.siting.standing import Standing


def best_sets(answer: HubAnswer) -> list[BestSet]:
    """Give the best set for each number of hubs, fewest first.

    Parameters
    ----------
    answer : HubAnswer

    Returns
    -------
    list of Solution
    """
    return list(answer.plain.curve.solutions.values())


def hub_blocks(results: StudyResults, voice: Voice) -> list[Block]:
    """Write the section on Family Hubs.

    Parameters
    ----------
    results : StudyResults
        Its `hubs` say what was found; None where it was not asked.
    voice : Voice

    Returns
    -------
    list of block
    """
    answer = results.hubs
    if answer is None:
        return [Paragraph("Where Family Hubs would best stand is not part of this run.")]
    sets, names, mode = best_sets(answer), site_names(results), answer.mode
    blocks: list[Block] = [Paragraph(hub_sentence(results, sets, names, mode, voice))]
    if answer.plain.council is not None:
        blocks.append(Paragraph(standing_sentence(answer.plain.council)))
    blocks.append(TableBlock(hub_table(results, sets, names, mode), key="hubs", compact=True))
    blocks.append(
        figure_of(hub_chart(results, answer.plain, mode, len(answer.candidates)), "hub-curve")
    )
    blocks.append(Paragraph(leeway_sentence(answer)))
    for table in (near_best_table(answer.plain, mode), trade_off_table(answer.plain, mode)):
        if len(table.rows) > 1:
            blocks.append(TableBlock(table, compact=True))
    return [*blocks, BulletList(tuple(answer.plain.assumptions))]


def hub_sentence(
    results: StudyResults,
    hubs: Sequence[BestSet],
    names: Mapping[str, str],
    mode: str,
    voice: Voice,
) -> str:
    """Set the council's own hubs beside the best set of as many.

    Parameters
    ----------
    results : StudyResults
    hubs : sequence of Solution
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


def standing_sentence(council: Standing) -> str:
    """Say where the council's own choice stands among all sets of as many.

    Parameters
    ----------
    council : Standing

    Returns
    -------
    str
    """
    k = number(len(council.chosen), "hub")
    if council.rank_mean is None or council.rank_worst is None:
        text = f"there are too many sets of {k} to list, so the council's own has no rank"
        return sentence(text)
    whole = f"all {council.sets:,} ways to place {k}"
    return sentence(
        f"among {whole}, the council's own is number {council.rank_mean:,} by average trip and "
        f"number {council.rank_worst:,} by the worst-off area (1 is best)"
    ) + ("" if council.within_rules else " It does not keep the rules: compared without them.")


def leeway_sentence(answer: HubAnswer) -> str:
    """Say how free the choice is: the near-best, the bend, and what weighting would change.

    Parameters
    ----------
    answer : HubAnswer

    Returns
    -------
    str
    """
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
