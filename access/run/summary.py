"""A run's summary: every answer as JSON, as tables, and in plain words."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.analysis import Analysis
from access.analysis.anew import Buildings
from access.analysis.headline import BesideHeadline
from access.analysis.results import HubTerms, ProposalResult, StudyResults
from access.disclosure import hidden_moves, is_small, public_count
from access.display import records
from access.escape import cell_text
from access.labels import mode_title, trip
from access.measure.distribution import share_within
from access.report.findings import ImpactWords
from access.run.findings import (
    _GROUPINGS,
    _OF_NOBODY,
    _SINCE,
    HubFindings,
    RankingFindings,
    _one,
    _since,
)
from access.study.tables import without_shapes
from access.text import (
    Claim,
    Said,
    capital,
    instead_words,
    limit_words,
    listed,
    minutes_words,
    percent,
    rise_between,
)


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
    proposals: dict[str, dict[str, Any]] = {}
    for key, proposal in results.proposals.items():
        modes: dict[str, Any] = {}
        for mode, impact in proposal.impacts.items():
            groups = [c for c in _GROUPINGS if c in impact.demand.columns]
            modes[mode] = {
                "sentence": impact.sentence(),
                "figures": impact.summary,
                "closed_sites": records(impact.closed_sites),
                "receiving_sites": records(impact.receiving_sites),
                "worst_areas": records(impact.worst_areas(10)),
                **{f"by_{column}": records(impact.by(column)) for column in groups},
            }
        proposals[key] = {
            "title": proposal.title,
            "service": proposal.service,
            "comment": proposal.comment,
            "source": proposal.source,
            "before": list(proposal.before),
            "after": list(proposal.after),
            "closed": list(proposal.closed),
            "headline": _lead(results, proposal),
            "modes": modes,
            **_beside(results, proposal),
        }
        if results.bus is not None:
            by_bus = Analysis(results).by_bus(
                proposal.service, before=proposal.before, after=proposal.after,
                neighbours=proposal.neighbours,
            )  # fmt: skip
            proposals[key]["there_and_home_by_bus"] = records(by_bus.figures())
        for mode, ranking in proposal.rankings.items():
            modes[mode]["alternatives"] = RankingFindings(ranking).figures()
        for mode, sampled in proposal.sampled.items():
            modes[mode]["alternatives"] = RankingFindings(sampled).figures()
    place, hubs = results.study.config.study, results.hubs
    return {
        "study": place.name,
        "title": place.title,
        "as_of": place.as_of,
        "streets": results.streets,
        "modelled_streets": results.modelled,
        "headline_mode": results.headline,
        "assumptions": list(results.assumptions),
        "proposals": proposals,
        "both_services": {m: RankingFindings(r).figures() for m, r in results.joint.items()},
        "family_hubs": None if hubs is None else HubFindings(results, hubs).figures(),
        "what_happened_since": _since(results),
        "left_out": [{"part": p.part, "reason": p.reason} for p in results.left_out],
    }


def _lead(results: StudyResults, proposal: ProposalResult) -> dict[str, Any]:
    """Give the headline, with whose centres count read both ways, and how people fare on foot."""
    beside = BesideHeadline(results, proposal)
    foot = beside.on_foot()
    told = (_headline(results, proposal), *beside.words())
    return {
        "mode": results.headline,
        "neighbours_count": proposal.neighbours,
        "sentences": [str(said) for said in told],
        **beside.readings(),
        "on_foot": None if foot is None else foot.figures(),
    }


def _beside(results: StudyResults, proposal: ProposalResult) -> dict[str, Any]:
    """Give what opens and changes, the money, and the second reading, where there is any."""
    impact = proposal.impacts[results.headline]
    found: dict[str, Any] = {"money": proposal.money.figures()}
    if told := Buildings(results.study).knock_on(proposal.closed):
        found["knock_on"] = told
    if proposal.opened:
        found["opened"] = list(proposal.opened)
    if impact.altered:
        found["changed"] = impact.altered
    said = results.study.config.proposals.get(proposal.key)
    if reasons := {c.site: c.comment for c in (said.change if said else ()) if c.comment}:
        found["reasons"] = reasons
    if proposal.stays:
        found["some_services_stay"] = {
            "deregistered": list(proposal.deregistered),
            "modes": {
                mode: {"sentence": i.sentence(), "figures": i.summary, "notes": list(i.notes)}
                for mode, i in proposal.stays.items()
            },
        }
    return found


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text that a spreadsheet would run as a formula into plain text, headings too."""
    out = frame.copy()
    for column in out.columns:
        if not pd.api.types.is_numeric_dtype(out[column]):
            out[column] = [cell_text(v) if isinstance(v, str) else v for v in out[column]]
    return out.rename(columns=lambda name: cell_text(str(name)))


#: Heading, figure and width of the columns of a run's summary; the last where people are weighted.
_COLUMNS = (
    ("before", "mean_minutes_before", 8),
    ("after", "mean_minutes_after", 8),
    ("more", "mean_minutes_change", 8),
    ("longest", "max_minutes_after", 9),
    ("weighted", "weighted_mean_minutes_change", 10),
)


@dataclass(frozen=True)
class RunSummary:
    """A run as tables and in plain words.

    Parameters
    ----------
    results : StudyResults
    """

    results: StudyResults

    def areas(self) -> pd.DataFrame:
        """One row an area: who lives there, and the trips before and after of every proposal."""
        table = without_shapes(self.results.study.areas)
        figures = ("nearest_before", "minutes_before", "nearest_after", "minutes_after",
                   "change_minutes", "status_before", "status_after")  # fmt: skip
        extra: dict[str, Any] = {}
        for key, proposal in self.results.proposals.items():
            for mode, impact in proposal.impacts.items():
                rows = impact.areas.set_index("id").loc[table["id"]]
                for name in figures:
                    column = rows[name].to_numpy()
                    if name.startswith(("minutes", "change")):
                        column = np.round(column.astype(float), 3)
                    extra[f"{key}__{mode}__{name}"] = column
        return pd.concat([table, pd.DataFrame(extra, index=table.index)], axis=1)

    def alternatives(self) -> pd.DataFrame:
        """One row an alternative, proposal and mode: what closes, every criterion, every rank."""
        parts = []
        for key, proposal in self.results.proposals.items():
            for mode, ranking in proposal.rankings.items():
                table = ranking.table.copy()
                table.insert(0, "is_the_proposal", [set(c) == set(proposal.closed)
                                                    for c in table["closed"]])  # fmt: skip
                for column in ("kept", "closed"):
                    table[column] = [" ".join(ids) for ids in table[column]]
                table.insert(0, "mode", mode)
                table.insert(0, "proposal", key)
                parts.append(table)
            for mode, sampled in proposal.sampled.items():
                table = sampled.to_frame()
                own = [set(c) == set(proposal.closed) for c in sampled.table["closed"]]
                table.insert(0, "is_the_proposal", own)
                table.insert(0, "mode", mode)
                table.insert(0, "proposal", key)
                parts.append(table)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["proposal"])

    def hubs(self) -> pd.DataFrame | None:
        """One row a candidate; none where hubs were not asked for."""
        found = self.results.hubs
        return None if found is None else HubFindings(self.results, found).points()

    def words(self) -> str:
        """Say what every proposal does, mode by mode, then what the numbers assume."""
        results = self.results
        lines = [results.study.config.study.title, "", *_not_together(results)]
        for proposal in results.proposals.values():
            lines += _wrap(_headline(results, proposal))
            lines += _minutes_rows(results, proposal)
            lines += ["", *_indented(BesideHeadline(results, proposal).words()), ""]
            lines += [*_indented(_closed_lines(results, proposal)), ""]
            lines += [*_indented(_standing(results, proposal)), *_also(results, proposal), ""]
        lines += _hub_lines(results)
        if results.left_out:
            lines.append("Left out of this run, and why:")
            lines += [*_listed(str(part) for part in results.left_out), ""]
        lines.append("What these numbers assume:")
        lines += _listed((results.trip_meaning(results.headline), *results.assumptions))
        since = _since(results)
        if since:
            when = results.study.config.study.as_of
            head = f"{_SINCE} {when}; nothing above rests on it{results.as_many_hubs()}:"
            lines += ["", *_wrap(head)]
            lines += _listed(since)
        return "\n".join(lines)


def _not_together(results: StudyResults) -> list[str]:
    """Say of which services there are several proposals: their figures do not add up."""
    lines = []
    of = [p.service for p in results.proposals.values()]
    for key in dict.fromkeys(service for service in of if of.count(service) > 1):
        title = results.study.config.services[key].title
        lines += _wrap(
            f"{title}: {of.count(key)} proposals, of which one at most comes about; their figures "
            "do not add up."
        )
        lines.append("")
    return lines


def _minutes_rows(results: StudyResults, proposal: ProposalResult) -> list[str]:
    """Set a proposal's minutes before and after as a table, a row a mode."""
    weighted = Analysis(results).weighting()["weights"] != "none"
    columns = _COLUMNS if weighted else _COLUMNS[:-1]
    lines = [f"    {'minutes, mean':<24}" + "".join(f"{n:>{w}}" for n, _, w in columns)]
    for mode in _modes(results):
        s = dict(proposal.impacts[mode].summary)
        s["mean_minutes_change"] = rise_between(  # as it stands between the two
            s["mean_minutes_before"], s["mean_minutes_after"], s["mean_minutes_change"]
        )
        lines.append(
            f"    {mode_title(mode):<24}"
            + "".join(f"{_one(s[key]):>{width}}" for _, key, width in columns)
        )
    return lines


def _hub_lines(results: StudyResults) -> list[str]:
    """Say where hubs would best stand, as far as the study's date knows; nothing if not asked."""
    then = results.as_known_then().hubs
    if then is None:
        return []
    title = HubTerms.of(results.study).title
    notes = () if then.plans is None else then.plans.notes
    said = HubFindings(results, then).plan_words()
    told = (*then.plain.words.splitlines(), *said, *then.plain.assumptions, *notes)
    head = f"{title}, by {mode_title(then.mode)}, everybody counted the same:"
    return [head, *_indented(told), ""]


def _listed(texts: Iterable[str]) -> list[str]:
    """Set each text as a point of a list."""
    return [
        line
        for text in texts
        for line in textwrap.wrap(text, 88, initial_indent="  - ", subsequent_indent="    ")
    ]


def _modes(results: StudyResults) -> list[str]:
    """Give the modes, the headline first."""
    return list(dict.fromkeys((results.headline, *results.matrices)))


def _headline(results: StudyResults, proposal: ProposalResult) -> Said:
    """Say what a proposal does, to how many and by how much, in the study's headline mode."""
    mode = results.headline
    impact, service = proposal.impacts[mode], results.study.config.services[proposal.service]
    words = ImpactWords(impact)
    does, said = words.does(results.names()), words.affected(service.one)
    text = f"{proposal.title}: {does}. {said}"
    limit = results.study.config.measures.threshold_minutes
    shares = [share_within(impact.areas[f"minutes_{w}"].to_numpy(float),
                           impact.areas["count"].to_numpy(float), limit)
              for w in ("before", "after")]  # fmt: skip
    if np.isfinite(shares).all():
        today, then = (percent(float(s), ends=False) for s in shares)
        text += f" Within {limit_words(limit)} ({mode_title(mode)}): {today} today, {then} after."
    claims = [Claim(f"within:{w}", "is", (float(s),)) for w, s in
              zip(("before", "after"), shares, strict=True) if np.isfinite(s)]  # fmt: skip
    return Said(text, [*said.claims, *claims])


def _also(results: StudyResults, proposal: ProposalResult) -> list[str]:
    """Say the week, the money and the second reading, where there is anything to say of them."""
    names, money = results.names(), proposal.money
    said: list[str] = []
    impact = proposal.impacts[results.headline]
    if week := ImpactWords(impact).week():
        said.append(week)
    known = money.saved_gbp is not None and money.saved_gbp > 0
    if known or proposal.opened or money.stated_saving_gbp is not None:
        said.append(money.sentence(names))
    if proposal.stays:
        said.append(proposal.stays_words(names))
    told = Buildings(results.study).knock_on(proposal.closed)
    said += [f"{capital(text)}." for text in told]
    return _indented(said)


_ASKED = ("mean", "worst", "deprived_mean", "weighted_mean")


def _standing(results: StudyResults, proposal: ProposalResult) -> list[Said]:
    """Say where the proposal stands among all alternatives, the headline first, then walking."""
    if not set(proposal.after) < set(proposal.before):
        return [Said("Not ranked: it opens a site, or closes none.")]
    modes = list(dict.fromkeys((results.headline, "walk")))
    told = [_place_words(proposal, mode) for mode in modes]
    return [said for said in told if said] or [Said("Not ranked: see what was left out, below.")]


def _place_words(proposal: ProposalResult, mode: str) -> Said:
    """Say a proposal's places by one way of travel."""
    if mode in proposal.sampled:
        return Said(proposal.sampled[mode].sentence())
    ranking = proposal.rankings.get(mode)
    if ranking is None or ranking.proposal is None:
        return Said("")
    p, options = ranking.proposal, len(ranking.table)
    if options == 1 and p["allowed"]:
        return Said("It is the only way to close as many.", [Claim("options", "is", (1.0,))])
    criteria = [c for c in _ASKED if c in ranking.criteria]
    places = [f"{ranking.place(c)} by {ranking.words(c)}" for c in criteria]
    claims = [Claim("options", "is", (float(options),))]
    claims += [Claim(f"rank:{c}", "rank", (p[f"rank_{c}"], p[f"tied_{c}"])) for c in criteria]
    # a proposal that breaks a rule of the study stands beside the list, not in it
    every = f"all {options:,} ways" if options > 1 else "the only way"
    among = f"{'Of' if p['allowed'] else 'Set beside'} {every} to close as many"
    text = f"{among}, it is {listed(places)}"
    return Said(f"{text} ({mode_title(mode)}; 1st is best).", claims)


def _closed_lines(results: StudyResults, proposal: ProposalResult) -> list[str]:
    beside = BesideHeadline(results, proposal)
    rows = beside.impact.closed_sites.to_dict("records")
    return [f"{row['name']}: {_whom(row, beside)}" for row in rows]


def _whom(row: Mapping[Any, Any], told: BesideHeadline) -> Said:
    """Say whose nearest site closes, how far it is then, and where they go."""
    site, people = str(row["site"]), float(row["families"])
    claims = [Claim(f"nearest:{site}", "is", (people,))]
    if not people:
        claims.append(Claim(f"nearest:{site}", "none", (0.0,)))
        return Said(f"{_OF_NOBODY}.", claims)
    impact = told.impact
    moves = impact.moves
    goes = moves[moves["from_site"] == row["site"]].sort_values(
        ["families", "to_site"], ascending=[False, True]
    )
    claims += [Claim(f"move:{site}:{r['to_site']}", "is", (float(r["families"]),))
               for r in goes.to_dict("records")]  # fmt: skip
    hidden = hidden_moves(impact)  # one number that is not told gives no other away
    to = [
        f"{name or 'no site in reach'}{_told_of((site, str(to_site)), families, hidden.pairs)}"
        for name, to_site, families in goes[["to_name", "to_site", "families"]].itertuples(
            index=False
        )
    ]
    foot = told.walk_words(site)
    claims += foot.claims
    if impact.mode == "walk":
        far = str(foot)
    else:
        before, after = (_minutes(row[f"mean_minutes_{w}"]) for w in ("before", "after"))
        claims += [Claim(f"mean_{w}:{site}", "is", (m,))
                   for w, m in (("before", before), ("after", after)) if m is not None]  # fmt: skip
        beside = f"{_beside_before(after, before)} ({trip(impact.mode)})"
        far = "; ".join(filter(None, (beside, str(foot))))
    many = public_count(people)
    if site in hidden.leaving and not is_small(people):
        many = "a number that may not be told"
    text = f"nearest to {many}: {far}. They would go to {listed(to)}."
    return Said(text, claims)


def _told_of(pair: tuple[str, str], people: float, hidden: Collection[tuple[str, str]]) -> str:
    """Say in brackets how many move from a site to another; nothing where that may not be told."""
    return "" if pair in hidden and not is_small(people) else f" ({public_count(people)})"


def _beside_before(after: float | None, before: float | None) -> str:
    """Set the minutes to another site against those of today; there may be none in reach."""
    if after is None or before is None:
        return f"no other in reach, {minutes_words(before, 0)} today"
    return instead_words(after, before)


def _minutes(value: Any) -> float | None:
    return None if value is None or not np.isfinite(float(value)) else float(value)


def _indented(texts: Iterable[str]) -> list[str]:
    return [
        line
        for text in texts
        for line in textwrap.wrap(text, 86, initial_indent="    ", subsequent_indent="      ")
    ]


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, 90, subsequent_indent="  ")
