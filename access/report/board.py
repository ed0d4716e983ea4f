"""The report to the board, put together and written; its last part: how figures were made."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from shlex import quote

import numpy as np

from access.analysis.analysis import DRAWS, Analysis
from access.analysis.headline import BesideHeadline
from access.analysis.questions import Request
from access.analysis.results import HubTerms, Parts, StudyResults
from access.disclosure import THRESHOLD, is_small, public_count, public_share
from access.document.document import (
    Block,
    Bold,
    BulletList,
    Callout,
    Contents,
    Document,
    Heading,
    PageBreak,
    Paragraph,
    TableBlock,
    Text,
)
from access.document.docx import write_docx
from access.document.pdf import write_pdf
from access.document.table import Column, Table
from access.document.xlsx import write_xlsx
from access.files import RunLedger, sha256_of, versions, whole_folder
from access.labels import trip
from access.network.modelled import MODELLED_DRIVING
from access.report.alternatives import (
    _alternatives_blocks,
)
from access.report.bus import _bus_blocks, _bus_rows, _bus_title
from access.report.figures import _proposal_maps
from access.report.findings import (
    ProposalFindings,
    Wording,
    _most_deprived,
    findings_of,
)
from access.report.paper import (
    _paper_blocks,
)
from access.report.people import _who_blocks
from access.report.robustness import StudyRobustness
from access.report.sites import _site_blocks
from access.report.summary import (
    _as_of,
    _author,
    _for,
    _issue_blocks,
    _money,
    _option_blocks,
    _recommendation_blocks,
    _since_blocks,
    _summary_blocks,
)
from access.text import (
    NOT_APPLICABLE,
    figure,
    figure_words,
    limit_words,
    listed,
    minutes_words,
    percent,
    sentence,
    shares_of,
)

# How the figures were made: method, assumptions, data, hashes, and how to run it again.

_ATTRIBUTION = (
    "Contains public sector information licensed under the Open Government Licence v3.0 where the "
    "table of data says so."
)


def _method_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], *, internal: bool = False
) -> list[Block]:
    """Write the appendix of method, assumptions, data and replay."""
    return [
        Heading("Method, assumptions and data", appendix=True, key="method"),
        Heading("Method in one page", 2, appendix=True),
        BulletList(_method(results, findings, internal=internal)),
        Heading("What is assumed", 2, appendix=True),
        Callout("assumption", "Behind every figure of this report", results.assumptions),
        Heading("Data", 2, appendix=True),
        TableBlock(_data_table(results), key="data", compact=True),
        TableBlock(_settings_table(results), key="settings", compact=True, paged=False),
        *_trial_blocks(results, findings, internal=internal),
        Heading("How to run it again", 2, appendix=True),
        *_replay(results, internal=internal),
    ]


def _method(
    results: StudyResults, findings: Sequence[ProposalFindings], *, internal: bool
) -> tuple[Text, ...]:
    """Say how the figures were made, a sentence each."""
    counts = listed(list(dict.fromkeys(f"{_whom(results, f)} for {f.title}" for f in findings)))
    unit, areas = results.study.config.areas.unit, len(results.study.areas)
    said = {
        "Who is counted": f"{counts}, by {unit} ({areas:,} areas); everybody is in some area, and "
        "nobody is dropped",
        "Trips": "from each area's point to every site, along the streets: to the nearest point of "
        "a street, along it, and from it to the door",
        "Speeds": _speeds(results),
        "Nearest": "everybody is counted at the site nearest in time, before and after; the change "
        "is the difference of the two, each way",
        "Averages": "over people, not over areas; those who cannot reach any site are counted "
        "apart and never averaged",
        "Deprivation": _weights_words(results),
        "Alternatives": _listing(findings, trip(findings[0].mode)),
        "Small counts": f"this copy keeps counts below {THRESHOLD}: it is not for publication"
        if internal
        else f"counts above 0 and below {THRESHOLD} are shown as [c], with others that would give "
        "them away",
    }
    return tuple((Bold(f"{what}: "), sentence(words)) for what, words in said.items())


def _weights_words(results: StudyResults) -> str:
    """Say whether the deprived count more, and how much."""
    scheme = Analysis(results).weighting()["weights"]
    if scheme == "none":
        return "everybody counts the same"
    weights = f"weights are {scheme}"
    if scheme == "linear":
        most = f"{1 + results.study.config.weights.lam:g} in the most"
        weights += f", from 1 in {results.study.nation}'s least deprived area to {most}"
    return f"{weights}; unweighted figures stand beside them"


def _listing(findings: Sequence[ProposalFindings], headline: str) -> str:
    """Say which alternatives were listed, which were sampled, and which have none."""
    told = []
    many = [f.label for f in findings if f.sampled is not None]
    alone = [f.label for f in findings if f.sampled is None and f.ranking is None]
    if len(many) + len(alone) < len(findings):
        told.append(
            f"every set of the same size is listed and measured by the {headline}; 1 is best, and "
            "equals share the better place"
        )
    if many:
        told.append(
            f"too many to list for {listed(many)}: the best is searched for and proven where the "
            f"tables say so, others are drawn at random, measured by the {headline}"
        )
    if alone:
        told.append(f"none is listed for {listed(alone)}")
    return " ".join(sentence(text) for text in told)


def _speeds(results: StudyResults) -> str:
    """Say how fast everybody is taken to be, and how the family trip is made where it is."""
    travel = results.study.config.travel
    driving = MODELLED_DRIVING if results.modelled else "driving by class of road"
    pram = any(service.pram for service in results.study.config.services.values())
    with_pram = f"with a pram {travel.pram_km_h:g} km/h, " if pram else ""
    text = f"walking {travel.walk_km_h:g} km/h, {with_pram}{driving}"
    if "typical" not in results.matrices:
        return sentence(text)
    text = sentence(f"{text}, with {limit_words(travel.parking_minutes)} to park")
    return f"{text} {results.trip_meaning('typical')}"


def _whom(results: StudyResults, found: ProposalFindings) -> str:
    """Name the people counted, with their ages where the study gives them."""
    ages = results.study.config.services[found.result.service].age_band
    return f"{found.noun} (ages counted: {ages})" if ages else found.noun


def _data_table(results: StudyResults) -> Table:
    """List every input with its vintage, licence and hash."""
    rows = tuple(
        (
            i.get("file"),
            i.get("source"),
            i.get("vintage"),
            i.get("licence"),
        )
        for i in results.ledger.inputs
    )
    return Table(
        "Data that went in, with vintage and licence",
        (
            Column("file", "File", width=0.6),
            Column("source", "Source", width=4.0),
            Column("vintage", "Vintage"),
            Column("licence", "Licence", width=2.4),
        ),
        rows,
        notes=(_ATTRIBUTION, "The hash of every file is in the run's ledger.json."),
        short="Data",
    )


def _settings_table(results: StudyResults) -> Table:
    """List the settings that were used, in words."""
    rows = [*_travel_rows(results), *_measure_rows(results), *_rule_rows(results)]
    return Table(
        "Settings of this run",
        (Column("setting", "Setting", width=0.8), Column("value", "Value", width=1.2)),
        tuple(rows + _hub_rows(results)),
        short="Settings",
    )


def _travel_rows(results: StudyResults) -> list[tuple[str, str]]:
    config = results.study.config
    travel = config.travel
    rows = [("Walking speed", f"{travel.walk_km_h:g} km/h")]
    if any(service.pram for service in config.services.values()):
        rows.append(("Walking speed with a pram", f"{travel.pram_km_h:g} km/h"))
    if "typical" in results.matrices:
        rows.append((f"Time to park, in the {trip('typical')}", f"{travel.parking_minutes:g} min"))
    rows += [
        ("Farthest that a place may stand from a street", f"{travel.snap_limit_m:g} m"),
        ("Most of the people who may live farther from one", percent(travel.max_unsnapped_share)),
    ]
    if results.bus is not None:
        rows += _bus_rows(results)
    if not results.modelled:
        rows.append(("How far past the areas streets should reach", f"{travel.buffer_m:g} m"))
    return rows


def _measure_rows(results: StudyResults) -> list[tuple[str, str]]:
    measures, weights = results.study.config.measures, results.study.config.weights
    rows = [
        ("Shares are given within", f"{figure_words(measures.thresholds_minutes)} minutes"),
        ("Limit that alternatives are ranked by", limit_words(measures.threshold_minutes)),
    ]
    distances = [
        label if label.replace(" ", "") == f"{metres:g}m" else f"{label} ({metres:,.0f} m)"
        for label, metres in measures.distances_m.items()
    ]
    if distances:
        rows.append(("Shares are given within, along the streets", listed(distances)))
    impacts = [i for found in results.proposals.values() for i in found.impacts.values()]
    for used in dict.fromkeys(str(impact.summary["weights"]) for impact in impacts):
        rows.append(("People are weighted by", _WEIGHT_WORDS.get(used, f"the column {used}")))
        if used == "linear":
            most = f"{1 + weights.lam:g} times one in the least deprived"
            rows.append(("A person in the most deprived area counts", most))
            rows.append(("Areas ranked in the nation", f"{weights.national_areas:,}"))
    return rows


_WEIGHT_WORDS = {
    "none": "nothing: everybody counts the same",
    "linear": "the rank of their area's deprivation",
    "green_book": "income, as the Green Book does",
}


def _rule_rows(results: StudyResults) -> list[tuple[str, str]]:
    """Give the rules that alternatives were listed by, where there are any."""
    study = results.study
    names = results.short_names()
    rows = []
    services = dict.fromkeys(
        p.service for p in results.proposals.values() if p.rankings or p.sampled
    )
    for service in services:
        rules = study.rules(service)
        title = study.config.services[service].title
        if rules["never_close"]:
            fixed = listed([names.get(i, i) for i in rules["never_close"]])
            rows.append((f"{title} that stay open in every alternative", fixed))
        least = rules["min_per_locality"] or {}
        if least:
            words = listed([f"{count} in {name}" for name, count in least.items()])
            rows.append((f"{title} that stay open, at least", words))
    return rows


def _hub_rows(results: StudyResults) -> list[tuple[str, str]]:
    study, hubs = results.study, results.study.config.hubs
    if results.hubs is None:
        return []
    title = HubTerms.of(study).title
    rows = [(f"{title}, at most", f"{hubs.most}")]
    if hubs.council_choice:
        names = results.short_names()
        chosen = listed([names.get(i, i) for i in hubs.council_choice])
        rows.append((f"{title} that the council chose", chosen))
    if hubs.shares:
        shares = shares_of({study.config.services[k].title: v for k, v in hubs.shares.items()})
        rows.append((f"{title}: what each service counts for", shares))
    return rows


#: Proposals whose figures to try a page has room for; of more they stand in the workbook alone.
_MOST_TRIED = 3


def _trial_blocks(
    results: StudyResults, findings: Sequence[ProposalFindings], *, internal: bool
) -> list[Block]:
    """List the figures that a doubting reader would try first, and where each comes from."""
    found = [_tried(results, f, internal=internal) for f in findings]
    recipes = {words: recipe for rows in found for words, (_, recipe) in rows.items()}
    rows = tuple(
        (words, *(own[words][0] if words in own else NOT_APPLICABLE for own in found), recipe)
        for words, recipe in recipes.items()
    )
    paged, mode = len(findings) <= _MOST_TRIED, findings[0].mode
    services = results.study.config.services
    counts = [f"{services[f.result.service].demand} for {f.title}" for f in findings]
    keys = [f"{f.result.key}__{mode}__" for f in findings]
    table = Table(
        "Figures to try, each with where it comes from",
        (
            Column("figure", "Figure", width=1.5),
            *(Column(f"value_{k}", f.label, width=1.5) for k, f in enumerate(findings)),
            Column("from", "Work it out from", width=3.0),
        ),
        rows,
        notes=(
            f"The count is {listed(list(dict.fromkeys(counts)))}; the other columns of areas.csv "
            f"begin with {listed(keys)}; rows of alternatives.csv are those of the proposal and "
            f"{mode}. Counts that are protected stand in them changed, and then come out near to "
            "these.",
        ),
        short="Figures to try",
    )
    many = sum(len(own) for own in found)
    lead = "Any of these can be worked out again from the files of the same run."
    if not paged:
        lead = f"The workbook lists {many} figures to work out again from the run's files."
    return [
        Heading("Figures to try", 2, appendix=True),
        Paragraph(lead),
        TableBlock(table, key="trial", compact=True, paged=paged),
    ]


def _tried(
    results: StudyResults, found: ProposalFindings, *, internal: bool
) -> dict[str, tuple[str, str]]:
    """Give the figures of one proposal by what each is: its value, and how to work it out."""
    impact = found.impact
    areas, s = impact.areas, impact.summary
    mode = trip(found.mode)
    count, change = areas["count"].to_numpy(float), areas["change_minutes"].to_numpy(float)
    longer = (change > impact.tolerance_minutes) & (count > 0)
    grew = "those with change_minutes above 0"
    rows = {
        "People counted": (_people(count.sum(), internal), "areas.csv: sum of the count"),
        "With further to go": (_people(count[longer].sum(), internal),
                               f"areas.csv: sum of the count over {grew}"),
    }  # fmt: skip
    near = longer & np.isfinite(change)
    if near.any():
        rows[f"Rise of their {mode}, mean"] = (
            minutes_words(float(s["mean_minutes_change_lengthened"] or 0)),
            f"areas.csv: mean of change_minutes over {grew}, weighted by the count",
        )
        rows[f"Largest rise of the {mode}"] = (
            minutes_words(float(change[near].max())),
            "areas.csv: greatest change_minutes where the count is above 0",
        )
    for when, words in (("before", "today"), ("after", "after")):
        if (mean := s[f"mean_minutes_{when}"]) is not None:
            rows[f"Average {mode} {words}"] = (
                minutes_words(float(mean)),
                f"areas.csv: mean of minutes_{when}, weighted by the count",
            )
    fifth = _most_deprived(areas)
    if fifth is not None and count[fifth].sum():
        rows["Of the most deprived fifth, with further to go"] = (
            public_share(count[fifth & longer].sum(), count[fifth].sum(), internal=internal),
            "areas.csv: that share of the count where "
            + ("imd_fifth is 1" if "imd_fifth" in areas else "imd_decile is 1 or 2"),
        )
    foot = BesideHeadline(results, found.result).on_foot()
    if foot is not None:
        limit = foot.limit_minutes
        rows["No longer within reach on foot"] = (
            public_count(foot.lost, internal=internal),
            f"areas.csv: sum of the count where walk__minutes_before is {limit:g} or less and "
            "walk__minutes_after is more",
        )
    p, ranking = found.standing, found.ranking
    if p is not None and ranking is not None:
        rows[f"Rank by average {mode}"] = (
            f"{p['rank_mean']:,} of {len(ranking.table):,}",
            "alternatives.csv: rows with a lesser mean than its own, and one",
        )
        rows["As good on all measures, better on one"] = (
            f"{int(p['dominated_by']):,}",
            "alternatives.csv: measure by measure",
        )
    return rows


def _people(count: float, internal: bool) -> str:
    small = is_small(count) and not internal
    return public_count(count) if small else figure(count)


def _replay(results: StudyResults, *, internal: bool) -> list[Block]:
    ran = results.ledger.command
    words = ["access", "run", str(ran.get("study", "")), "--network", str(ran.get("network"))]
    words = words if ran.get("network") else words[:3]
    for name in ran.get("timetables", []):
        words += ["--timetable", str(name)]
    words += ["--internal"] if internal else []
    # quoted as a shell of any system reads it, so that the same inputs give the same bytes
    command = " ".join(quote(word) for word in words if word)
    held = ", ".join(f"{k} {v}" for k, v in sorted(versions().items()))
    return [
        # no full stop: it would be copied with the last file's name
        Paragraph(("The same inputs give the same figures and the same files. To run it: ",
                   Bold(command))),
        Paragraph(
            "A run leaves a ledger (ledger.json) with the hash of every input and output; access "
            "replay ledger.json runs it again and says whether every output agrees."
        ),
        Paragraph(f"Versions: {held}.", style="small"),
    ]  # fmt: skip


# ------------------------------------------------------------------------------
# The report to the Asset Management Board: two pages first, appendices after.


def board_report(
    results: StudyResults,
    *,
    date: datetime.date | None = None,
    internal: bool = False,
    mode: str | None = None,
    reasons: Mapping[tuple[str, ...], str] | None = None,
    requests: Sequence[Request] | None = None,
    draws: int = DRAWS,
    progress: Callable[[str], None] = lambda step: None,
    parts: Parts | None = None,
) -> Document:
    """Write the report on a study's proposals as one document.

    Parameters
    ----------
    results : StudyResults
        Of `access.run.run_job`, with the hubs; nothing else decides what the report holds but
        what is named here.
    date : datetime.date, optional
        On the cover; by default the study's own ``as_of``, never the clock.
    internal : bool
        Keep small counts, and say so on every page.
    mode : str
        ``"walk"``, ``"drive"`` or ``"typical"``; the study's headline when not given.
    reasons : mapping of tuple of str to str, optional
        Why the council does not take an option, by the ids it closes, sorted; "not given"
        where it is not known.
    requests : sequence of Request, optional
        What consultees asked for, from `Request.read`.
    draws : int
        Settings to draw, to see how firm the ranking is; 0 leaves it out.
    progress : callable
        Called with a few words before each slow step.
    parts : Parts, optional
        Keeps what had to be left out and why; the report names it either way.

    Returns
    -------
    Document
        For `write_docx`, `write_pdf` and `write_xlsx`.

    Raises
    ------
    ParameterError
        If the study holds no proposal, the mode was not measured, or the study's ``as_of`` is
        no date and none is given.
    """
    mode = mode or results.headline
    findings = findings_of(results, mode=mode)
    given = date or _as_of(results)
    wording = Wording(internal=internal)
    parts = Parts(results.left_out) if parts is None else parts
    robustness = StudyRobustness(results, mode, draws).draw(progress=progress, parts=parts)
    maps = parts.make("report: maps", lambda: _proposal_maps(results, mode=mode)) or {}
    then = results.as_known_then()
    blocks: list[Block] = [
        *_summary_blocks(then, findings, wording, robustness),
        # of two the first page is full; of one, or of many, the second follows without a gap
        *([PageBreak()] if len(findings) == 2 else []),
        *_recommendation_blocks(then, findings, wording),
    ]
    if internal:
        own_use = f"This copy is for the council's own use: it holds counts below {THRESHOLD}."
        blocks.insert(0, Callout("warning", own_use))
    blocks += [Contents("Contents", columns=2)]
    blocks += _paper_blocks(
        then, findings,
        issues=_issue_blocks(then, findings, wording),
        options=_option_blocks(then, findings, wording, later_hubs=results.chosen_later),
        money=_money(findings),
        equality=_fifths(findings, wording),
    )  # fmt: skip
    appendices: dict[str, tuple[str, Callable[[], list[Block]]]] = {
        "sites": ("Sites that would close", partial(_site_blocks, then, findings, wording)),
        "who": ("Who is affected", partial(_who_blocks, then, findings, wording, maps=maps)),
        "alternatives": ("Alternatives, and how firm their order is", partial(
            _alternatives_blocks, then, findings, wording,
            reasons=reasons, requests=requests, robustness=robustness)),
        "bus": (_bus_title(results), partial(_bus_blocks, results, findings)),
        "method": ("Method, assumptions and data", partial(
            _method_blocks, then, findings, internal=internal)),
    }  # fmt: skip
    for key, (name, make) in appendices.items():
        made = parts.make(f"report: {name}", make)
        blocks += _not_there(key, name) if made is None else made
    blocks += _since_blocks(results, wording)
    if parts.left_out:
        told = tuple(sentence(str(part)) for part in parts.left_out)
        blocks.insert(1, Callout("warning", "Left out of this run, and why", told))
    title = results.study.config.study.title
    return Document(
        title=title,
        blocks=tuple(blocks),
        subject=f"{_for(results)}: {title}",
        date=given,
        author=_author(results),
        subtitle=_for(results),
        footer=title,
        internal=internal,
    )


def _fifths(findings: Sequence[ProposalFindings], wording: Wording) -> str:
    """Say the most deprived fifth's figures of every proposal, and whose where that is not told."""
    nouns = [f.noun for f in findings]
    told = ((f, f.most_deprived_fifth(wording)) for f in findings)
    return " ".join(
        str(said) if nouns.count(f.noun) == 1 else f"{f.label}: {said[0].lower()}{said[1:]}"
        for f, said in told
        if said
    )


def _not_there(key: str, name: str) -> list[Block]:
    """Stand where an appendix would, so that what points to it still finds it."""
    return [
        Heading(name, appendix=True, key=key),
        Paragraph("This part had to be left out; the reason is on the first page."),
    ]


#: File name and writer of each, in the order in which they are made.
_WRITERS: dict[str, Callable[[Document], bytes]] = {
    "report.docx": write_docx,
    "report.pdf": write_pdf,
    "tables.xlsx": write_xlsx,
}


def _report_files(
    document: Document, *, progress: Callable[[str], None] = lambda step: None
) -> dict[str, bytes]:
    """Make the report's files without writing them."""
    made = {}
    for name, write in report_writers(document).items():
        progress(f"writing {name}")
        made[name] = write(document)
    return made


def report_writers(document: Document) -> dict[str, Callable[[Document], bytes]]:
    """Give the writer of each of the report's files, by file name."""
    ending = "-internal" if document.internal else ""
    names = {name: name.replace(".", f"{ending}.") for name in _WRITERS}
    return {names[name]: write for name, write in _WRITERS.items()}


def write_report(
    document: Document,
    folder: Path | str,
    *,
    inputs: Iterable[Path] = (),
    progress: Callable[[str], None] = lambda step: None,
    ledger: RunLedger | None = None,
) -> tuple[Path, ...]:
    """Write the report as Word, PDF and workbook; nothing is written unless all can be made.

    Parameters
    ----------
    document : Document
    folder : path
        New, empty, or with a former run or report.
    inputs : iterable of Path
        Files and folders that may not lie in it.
    progress : callable
    ledger : RunLedger, optional
        What the report was made of, for ``report.ledger.json``; its outputs are put in.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    OutputError
        If the folder cannot be written; former files are then left whole.
    """
    with whole_folder(Path(folder), inputs, adds=True) as work:
        made = _report_files(document, progress=progress)
        for name, content in made.items():
            (work / name).write_bytes(content)
        if ledger is not None:
            outputs = {name: sha256_of(work / name) for name in made}
            name = f"report{'-internal' if document.internal else ''}.ledger.json"
            told = replace(ledger, outputs=outputs).to_json()
            (work / name).write_text(told, encoding="utf-8")
    return tuple(Path(folder) / name for name in made)
