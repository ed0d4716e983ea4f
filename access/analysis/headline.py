"""What stands beside the headline: the neighbours' centres, and the trip on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from access.analysis.results import ProposalResult, StudyResults
from access.disclosure import public_count
from access.labels import further_words, trip
from access.measure.distribution import weighted_mean, within
from access.scenario import Impact
from access.text import (
    Claim,
    Said,
    capital,
    goes_words,
    instead_words,
    limit_words,
    minutes_words,
    percent,
    place_of,
    sentence,
)

#: What is said of a walk beyond the study's limit.
_OUT_OF_REACH = "no longer within reach on foot"


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a change does to everyone, read one way.

    Parameters
    ----------
    families, longer, lost : float
        All; those with further to go who still reach a site; those who reach none any more.
    rise_minutes : float or None
        Mean of those with further to go.
    """

    families: float
    longer: float
    lost: float
    rise_minutes: float | None

    @classmethod
    def of(cls, impact: Impact) -> _Reading:
        """Read an impact."""
        s = impact.summary
        rise = s["mean_minutes_change_lengthened"]
        return cls(
            float(s["families"] or 0),
            float(s["lengthened"] or 0),
            float(s["newly_unreachable"] or 0),
            None if rise is None else float(rise),
        )

    def figures(self) -> dict[str, float | None]:
        """Give the figures by the names that a summary has for them."""
        return {
            "families": self.families,
            "lengthened": self.longer,
            "newly_unreachable": self.lost,
            "mean_minutes_change_lengthened": self.rise_minutes,
        }

    def words(self, who: str, mode: str, *, internal: bool = False) -> str:
        """Say how many have further to go, and by how much; then who reaches none any more."""
        if not self.longer:
            text = f"none of the {who} would have {further_words(mode)}"
        else:
            counted = public_count(self.longer, internal=internal)
            text = f"{counted} {who} would have {further_words(mode)}"
            if self.longer == self.families:
                text = f"all {counted} {who} would have {further_words(mode)}"
            if self.rise_minutes is not None:
                text += f", by {minutes_words(self.rise_minutes, 0)} on average"
        if self.lost:
            text += f"; {public_count(self.lost, internal=internal)} could no longer reach any"
        return text

    def claims(self, which: str) -> list[Claim]:
        """Give what `words` says as data, under a name for the reading."""
        claims = [Claim(f"{which}:lengthened", "is", (self.longer,))]
        if not self.longer:
            claims.append(Claim(f"{which}:lengthened", "none", (0.0,)))
        elif self.rise_minutes is not None:
            claims.append(Claim(f"{which}:mean_rise", "is", (self.rise_minutes,)))
        if self.longer and self.longer == self.families:
            claims.append(Claim(f"{which}:lengthened", "all", (self.longer, self.families)))
        if self.lost:
            claims.append(Claim(f"{which}:lost", "is", (self.lost,)))
        return claims


@dataclass(frozen=True, slots=True)
class _OnFoot:
    """How people fare who walk, as households without a car do.

    Parameters
    ----------
    limit_minutes : float
        Beyond it a walk is not taken for one that people make.
    before, after : float
        Share within it, of everyone.
    lost : float
        People within it before and not after.
    mean_before, mean_after : float or None
        Minutes, of those who reach a site at all.
    """

    limit_minutes: float
    before: float
    after: float
    lost: float
    mean_before: float | None
    mean_after: float | None

    @classmethod
    def of(cls, impact: Impact, limit_minutes: float) -> _OnFoot:
        """Read an impact on foot."""
        areas, s = impact.areas, impact.summary
        count = areas["count"].to_numpy(float)
        near = {
            when: within(areas[f"minutes_{when}"].to_numpy(float), limit_minutes)
            for when in ("before", "after")
        }
        total = count.sum()
        means = [s[f"mean_minutes_{when}"] for when in near]
        return cls(
            limit_minutes,
            float(count[near["before"]].sum() / total) if total else np.nan,
            float(count[near["after"]].sum() / total) if total else np.nan,
            float(count[near["before"] & ~near["after"]].sum()),
            *(None if m is None else float(m) for m in means),
        )

    def figures(self) -> dict[str, Any]:
        """Give the figures as plain values."""
        return {
            "limit_minutes": self.limit_minutes,
            "share_within_limit_before": None if np.isnan(self.before) else self.before,
            "share_within_limit_after": None if np.isnan(self.after) else self.after,
            "no_longer_within_reach_on_foot": self.lost,
            "mean_minutes_before": self.mean_before,
            "mean_minutes_after": self.mean_after,
        }


@dataclass(frozen=True, eq=False)
class BesideHeadline:
    """What stands beside a proposal's headline: whose centres count, and how people fare on foot.

    Parameters
    ----------
    results : StudyResults
    proposal : ProposalResult
    """

    results: StudyResults
    proposal: ProposalResult

    @property
    def impact(self) -> Impact:
        """What the proposal does by the headline trip."""
        return self.proposal.impacts[self.results.headline]

    def words(self, *, internal: bool = False) -> tuple[Said, ...]:
        """Say all of it, wherever that is told."""
        told = (
            self.neighbours_words(internal=internal),
            self.neighbours_rank_words(),
            self.on_foot_words(internal=internal),
        )
        return tuple(said for said in told if said)

    def readings(self) -> dict[str, dict[str, float | None]]:
        """Give the headline's figures, with whose centres count read both ways."""
        mode = self.results.headline
        found = {"leads": _Reading.of(self.impact).figures()}
        if mode in self.proposal.beside:
            own, both = self._both_ways(mode)
            found |= {"own_centres_only": own.figures(),
                      "with_the_neighbours_centres": both.figures()}  # fmt: skip
        return found

    def _both_ways(self, mode: str) -> tuple[_Reading, _Reading]:
        """Read the proposal with own centres only, and with the neighbours' as well."""
        lead = _Reading.of(self.proposal.impacts[mode])
        other = _Reading.of(self.proposal.beside[mode])
        return (other, lead) if self.proposal.neighbours else (lead, other)

    def neighbours_words(self, *, internal: bool = False) -> Said:
        """Say it with whose centres count read the other way; empty where none is given."""
        mode = self.results.headline
        if mode not in self.proposal.beside:
            return Said("")
        title = self.results.study.config.services[self.proposal.service].title
        own, both = self._both_ways(mode)
        who = self.impact.who
        claims = [*own.claims("own"), *both.claims("with_neighbours")]
        text = (
            f"counting own {title} only, {own.words(who, mode, internal=internal)}. With the "
            f"neighbouring authorities' {title} as well, which stay open, "
        )
        walks = self._both_ways("walk") if "walk" in self.proposal.beside else ()
        if own == both:
            claims.append(Claim("with_neighbours", "same", (own.longer, both.longer)))
            text = sentence(f"{text}these figures are the same")
        else:
            text = sentence(text + both.words(who, mode, internal=internal))
        if mode != "walk" and walks and all(w.longer and w.rise_minutes is not None for w in walks):
            claims += [*walks[0].claims("own_on_foot"), *walks[1].claims("with_neighbours_on_foot")]
            old, new = (minutes_words(w.rise_minutes, 1) for w in walks)
            text += " On average the walk of those who have further to walk grows by "
            text += f"{old} with own {title} only, and by {new} with the neighbours'."
        lead = "the neighbours' as well" if self.proposal.neighbours else f"own {title} only"
        return Said(f"{text} Where nothing else is said, figures count {lead}.", claims)

    def neighbours_rank_words(self) -> Said:
        """Say the place by average trip with whose centres count read both ways."""
        mode = self.results.headline
        lead, other = self.proposal.rankings.get(mode), self.proposal.rankings_beside.get(mode)
        ranked = (other, lead) if self.proposal.neighbours else (lead, other)
        places, claims = [], []
        for ranking, which in zip(ranked, ("own", "with_neighbours"), strict=True):
            if ranking is None or ranking.proposal is None or len(ranking.table) < 2:
                return Said("")
            p = ranking.proposal
            rank, tied = int(p["rank_mean"]), int(p["tied_mean"])
            places.append(place_of(rank, tied, options=len(ranking.table), of=False,
                                   allowed=p["allowed"]))  # fmt: skip
            claims.append(Claim(f"{which}:rank:mean", "rank", (rank, tied)))
            claims.append(Claim(f"{which}:options", "is", (float(len(ranking.table)),)))
        title = self.results.study.config.services[self.proposal.service].title
        assert ranked[0] is not None and ranked[0].proposal is not None
        of = "of" if ranked[0].proposal["allowed"] else "set beside"
        text = (
            f"{of} {ranked[0].what}, the proposal is {places[0]} by average {trip(mode)} counting "
            f"own {title} only, and {places[1]} with the neighbours' as well"
        )
        return Said(sentence(text), claims)

    def on_foot(self) -> _OnFoot | None:
        """Give how those fare who walk, where walking is measured."""
        impact = self.proposal.impacts.get("walk")
        limit = self.results.study.config.measures.walk_limit_minutes
        return None if impact is None else _OnFoot.of(impact, limit)

    def on_foot_words(self, *, internal: bool = False) -> Said:
        """Say how those fare who walk, and for how many it is no longer within reach."""
        found = self.on_foot()
        if found is None or np.isnan(found.before):
            return Said("")
        who = self.proposal.impacts["walk"].who
        limit = limit_words(found.limit_minutes)
        claims = [
            Claim("walk_within:before", "is", (found.before,)),
            Claim("walk_within:after", "is", (found.after,)),
            Claim("walk_lost", "is" if found.lost else "none", (found.lost,)),
        ]
        leads = self.results.headline == "walk"  # its averages are told already
        # with a timetable they may take the bus, and walk no further than it asks
        who_walks = "" if "bus" in self.results.matrices else "as households without a car go, "
        text = "" if leads else f"on foot, {who_walks}"
        if not leads and found.mean_before is not None and found.mean_after is not None:
            claims += [
                Claim("mean_before:walk", "is", (found.mean_before,)),
                Claim("mean_after:walk", "is", (found.mean_after,)),
            ]
            text += f"the average walk {goes_words(found.mean_before, found.mean_after, 0)}; "
        text += (
            f"{percent(found.before)} of the {who} live within a walk of {limit} today, "
            f"{percent(found.after)} after"
        )
        if not found.lost:
            return Said(sentence(f"{text}; for nobody does a walk grow beyond that"), claims)
        lost = capital(public_count(found.lost, internal=internal))
        text = f"{sentence(text)} {lost} would be {_OUT_OF_REACH} (a walk of more than {limit}, "
        return Said(text + "the study's limit).", claims)

    def walk_words(self, site: str) -> Said:
        """Say how the walks of those change whose nearest site by the headline closes."""
        impact, walk = self.impact, self.proposal.impacts.get("walk")
        if walk is None:
            return Said("")
        own = (impact.areas["nearest_before"] == site).to_numpy()
        old, new = (walk.areas[f"minutes_{w}"].to_numpy(float)[own] for w in ("before", "after"))
        limit = self.results.study.config.measures.walk_limit_minutes
        return _walk_words(old, new, impact.areas["count"].to_numpy(float)[own], limit, site)


def _walk_words(
    before: ArrayLike, after: ArrayLike, people: ArrayLike, limit_minutes: float, key: str = ""
) -> Said:
    """Say how the walks of some people change; one beyond the limit is no trip that people make.

    Whether it is within reach is asked area by area: a mean beyond the limit leaves some within it.

    Examples
    --------
    >>> print(_walk_words([20, 30], [42, 48], [5, 5], 60))
    45 minutes on foot instead of 25 minutes
    >>> print(_walk_words([20, 30], [93, 98], [5, 5], 60))
    no longer within reach on foot (25 minutes before)
    >>> print(_walk_words([20, 30], [59, 98], [5, 15], 60))
    no longer within reach on foot for 15 of them (30 minutes before)
    >>> print(_walk_words([70, 80], [70, 98], [5, 5], 60))
    not within reach on foot, before or after
    """
    many = np.asarray(people, dtype=float)
    counted = many > 0
    old, new, many = (np.asarray(a, dtype=float)[counted] for a in (before, after, many))
    near = within(old, limit_minutes), within(new, limit_minutes)
    lost = near[0] & ~near[1]
    reach = [float(many[n].sum()) for n in near]
    if all(n.all() for n in near):
        means = weighted_mean(old, many), weighted_mean(new, many)
        claims = [Claim(f"walk_{w}:{key}", "is", (m,))
                  for w, m in zip(("before", "after"), means, strict=True)]  # fmt: skip
        return Said(instead_words(means[1], means[0], " on foot"), claims)
    claims = [Claim(f"walk_within:{w}:{key}", "is", (n,))
              for w, n in zip(("before", "after"), reach, strict=True)]  # fmt: skip
    if lost.any():
        some, mean = float(many[lost].sum()), weighted_mean(old[lost], many[lost])
        claims += [Claim(f"walk_lost:{key}", "is", (some,)),
                   Claim(f"walk_lost:before:{key}", "is", (mean,))]  # fmt: skip
        whom = "" if lost.all() else f" for {public_count(some)} of them"
        return Said(f"{_OUT_OF_REACH}{whom} ({minutes_words(mean, 0)} before)", claims)
    if not reach[1]:
        return Said("not within reach on foot, before or after", claims)
    then = "as before" if reach[0] == reach[1] else f"{public_count(reach[0])} before"
    then = then if reach[0] else "none before"
    return Said(f"within reach on foot for {public_count(reach[1])} of them, {then}", claims)
