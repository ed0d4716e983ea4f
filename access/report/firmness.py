"""How firm the order is: ranked again under speeds, positions and weights within their errors."""

from __future__ import annotations

from access.report.blocks import Block, Paragraph, TableBlock
from access.report.columns import Column
from access.report.findings import ProposalFindings
from access.report.names import short_names
from access.report.sentences import criterion_words, trip
from access.report.tables import Table
from access.report.words import listed, percent, sentence
from access.results import ProposalResult, StudyResults
from access.scenario.robustness import Robustness, robustness
from access.scenario.uncertainty import Uncertainty, plausible_sites
from access.scenario.words import ordinal

WALK_KM_H = (3.6, 5.4)
"""From a pram to a brisk walk: the range over which the walking speed is drawn."""
LAMBDA = (0.0, 2.0)
DRAWS = 1000
SEED = 2018
SHOWN = 5


def study_robustness(
    results: StudyResults, result: ProposalResult, *, mode: str = "walk", draws: int = DRAWS
) -> Robustness:
    """Rank a proposal again under many settings, drawn within what the study says may be wrong.

    Parameters
    ----------
    results : StudyResults
    result : ProposalResult
    mode : str
        Headline mode; walking speed is drawn when it is ``"walk"``.
    draws : int

    Returns
    -------
    Robustness
        Over walking speed, deprivation weight, the threshold, counts within their sampling
        error, every centre's position within its stated error, and assumed stand-ins moved among
        the candidate sites near them. The seed is fixed: the same study gives the same figures.

    Raises
    ------
    ParameterError, ScenarioError
        As `access.scenario.robustness.robustness`.
    """
    study = results.study
    sites = results.sites.set_index("id").loc[list(result.before)].reset_index()
    errors = {
        str(i): float(e)
        for i, e in zip(sites["id"], sites["position_error_m"], strict=True)
        if e == e
    }
    kinds = results.sites["kind"] == "candidate"
    stand_ins = plausible_sites(sites[sites["assumed"]], results.sites[kinds])
    threshold = study.config.measures.threshold_minutes
    demand = study.demand(result.service)
    uncertainty = Uncertainty(
        walk_kmh=WALK_KM_H if mode == "walk" else None,
        lam=LAMBDA if "imd_rank" in demand.columns else None,
        threshold_minutes=(0.75 * threshold, 1.5 * threshold),
        position_error_m=errors or None,
        area_points=study.areas[["id", "lon", "lat"]] if errors else None,
        site_points=results.sites[["id", "lon", "lat"]] if errors else None,
        stand_ins=stand_ins or None,
        count_error="poisson",
        made_at_kmh=study.config.travel.walk_km_h,
    )
    return robustness(
        results.matrices[mode],
        keep=len(result.after),
        demand=demand,
        uncertainty=uncertainty,
        proposal=result.after,
        draws=draws,
        seed=SEED,
        lam=study.config.weights.lam,
        threshold_minutes=threshold,
        national_areas=study.config.weights.national_areas,
        names=short_names(results),
        sites=list(result.before),
        **study.rules(result.service),
    )


def firmness_blocks(
    found: ProposalFindings, robust: Robustness | None, *, modelled: bool
) -> list[Block]:
    """Say how firm the order of the options is.

    Parameters
    ----------
    found : ProposalFindings
    robust : Robustness or None
    modelled : bool
        The streets are modelled; their error is not among what was varied.

    Returns
    -------
    list of block
    """
    if robust is None or robust.proposal is None:
        return [
            Paragraph(
                "How the order shifts when what is uncertain is varied is not part of this run."
            )
        ]
    key = found.result.key
    text = firm_sentence(found, robust)
    if modelled:
        text += " The error of the modelled streets is not among what was varied."
    return [
        Paragraph(text),
        TableBlock(interval_table(found, robust), key=f"firm-{key}", compact=True),
        TableBlock(often_best_table(found, robust), key=f"often-{key}", compact=True),
    ]


def firm_sentence(found: ProposalFindings, robust: Robustness) -> str:
    """Say between which places the proposal falls, and how often another option is best.

    Parameters
    ----------
    found : ProposalFindings
    robust : Robustness

    Returns
    -------
    str
    """
    row = robust.ranks().iloc[0]
    best = robust.best_options(robust.criteria[0])
    settings = f"over {len(robust.draws):,} settings"
    low, high = int(row["p5"]), int(row["p95"])
    places = (
        f"the proposal is {ordinal(low)}"
        if low == high
        else f"the proposal is between {ordinal(low)} and {ordinal(high)}"
    )
    first = sentence(
        f"{settings}, {places} of {int(row['options']):,} by average {trip(found.mode)} in nine of "
        "ten"
    )
    top = best.iloc[0]
    closed = listed(found.named(top["closed"]), none="nothing")
    how_often = percent(float(top["share"]))
    often = "always best" if how_often == "all" else f"best in {how_often} of them"
    return f"{first} {sentence(f'closing {closed} is {often}')}"


def place_range(robust: Robustness) -> str:
    """Say between which places the proposal falls by average trip.

    Parameters
    ----------
    robust : Robustness

    Returns
    -------
    str
    """
    row = robust.ranks().iloc[0]
    low, high = int(row["p5"]), int(row["p95"])
    return ordinal(low) if low == high else f"{ordinal(low)} to {ordinal(high)}"


def interval_table(found: ProposalFindings, robust: Robustness) -> Table:
    """Give the interval of the proposal's place, measure by measure.

    Parameters
    ----------
    found : ProposalFindings
    robust : Robustness

    Returns
    -------
    Table
    """
    rows = tuple(
        (
            _capital(criterion_words(r["criterion"], found.mode)),
            r["p5"],
            r["median"],
            r["p95"],
            r["share_best"],
            r["share_best_tenth"],
        )
        for r in robust.ranks().to_dict("records")
    )
    return Table(
        f"{found.title}: the proposal's place when what is uncertain is varied",
        (
            Column("criterion", "Measure"),
            Column("p5", "From", "number", unit="place"),
            Column("median", "Middle", "number", unit="place"),
            Column("p95", "To", "number", unit="place"),
            Column("best", "Best of all", "share", unit="% of settings"),
            Column("tenth", "In the best tenth", "share", unit="% of settings"),
        ),
        rows,
        notes=(
            "From and to: nine in ten settings fall between these places; equals share the better.",
            *(sentence(note) for note in robust.notes if note not in found.impact.notes),
        ),
        short=f"Firmness, {found.title}",
    )


def often_best_table(found: ProposalFindings, robust: Robustness) -> Table:
    """List the options that are best most often.

    Parameters
    ----------
    found : ProposalFindings
    robust : Robustness

    Returns
    -------
    Table
    """
    best = robust.best_options(robust.criteria[0]).head(SHOWN)
    rows = tuple(
        (listed(found.named(r["closed"]), none="nothing"), r["share"])
        for r in best.to_dict("records")
    )
    return Table(
        f"{found.title}: the sets that are best by average {trip(found.mode)} most often",
        (
            Column("closes", "Closes"),
            Column("share", "Best in", "share", unit="% of settings"),
        ),
        rows,
        short=f"Often best, {found.title}",
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
