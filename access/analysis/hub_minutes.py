"""What hubs are chosen by: minutes of each offer's own window, and draws of what may be otherwise.

By bus an offer's minutes are those of its service's window, so that areas stand once a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from access.analysis.anew import _what_may_be_wrong
from access.analysis.results import StudyResults
from access.errors import ParameterError
from access.network import TravelMatrix
from access.scenario import Uncertainty
from access.scenario.uncertainty import drawn_minutes
from access.siting.plans import HubField, Offer
from access.siting.search import Bools, Floats
from access.siting.set_figures import SetDraws, delivery_field
from access.study import Study
from access.text import number as number_of


@dataclass(frozen=True, eq=False)
class HubOffer:
    """What hubs are to offer, as a study asks for it: each service where it names no offers.

    Parameters
    ----------
    key, title, ages : str
    share : float
        Of what is weighed, 0 to 1.
    columns : tuple of str
        Of the areas, whose people it is for.
    service : str or None
        That gives it today; None where none does.
    """

    key: str
    title: str
    ages: str
    share: float
    columns: tuple[str, ...]
    service: str | None

    @classmethod
    def of(cls, study: Study) -> tuple[HubOffer, ...]:
        """List the offers that somebody is counted for, shares together 1."""
        asked = cls._given(study)
        found = [offer for offer in asked if offer.people(study).any()]
        found = found if any(offer.share for offer in found) else asked
        whole = sum(offer.share for offer in found)
        return tuple(replace(offer, share=offer.share / whole) for offer in found)

    @classmethod
    def without_people(cls, study: Study) -> list[str]:
        """Name the offers that nobody is counted for: they weigh nothing in where hubs stand."""
        used = {offer.key for offer in cls.of(study)}
        return [offer.title for offer in cls._given(study) if offer.key not in used]

    @classmethod
    def _given(cls, study: Study) -> list[HubOffer]:
        hubs = study.config.hubs
        if hubs.offers:
            return [
                cls(key, o.title, o.ages, o.share, o.columns, o.service)
                for key, o in hubs.offers.items()
            ]
        return [
            cls(key, s.title, s.age_band or "",
                hubs.shares.get(key, 0.0) if hubs.shares else 1.0, (s.demand,), key)
            for key, s in study.config.services.items()
        ]  # fmt: skip

    def people(self, study: Study) -> pd.Series:
        """Count who it is for, by area."""
        counts = np.stack([study.areas[c].to_numpy(float) for c in self.columns])
        return pd.Series(np.nansum(counts, axis=0), pd.Index(study.areas["id"]))


@dataclass(frozen=True, eq=False)
class HubMinutes:
    """Minutes from the study's areas to every site, a matrix for each window that offers have.

    Parameters
    ----------
    matrices : tuple of TravelMatrix
        Rows in the order of the study's areas.
    window : dict of str to int
        By offer.
    """

    matrices: tuple[TravelMatrix, ...]
    window: Mapping[str, int]

    @classmethod
    def by(
        cls, results: StudyResults, mode: str, of: Callable[[str], TravelMatrix] | None = None
    ) -> HubMinutes:
        """Give a mode's minutes for every offer; one that no service gives has the first's window.

        They are as they were measured, where `of` gives no other minutes of a service.
        """
        study = results.study
        first = next(iter(study.config.services))
        areas = study.areas["id"].tolist()
        found: dict[int, tuple[int, TravelMatrix]] = {}
        window = {}
        for offer in HubOffer.of(study):
            service = offer.service or first
            matrix = results.matrix(mode, service) if of is None else of(service)
            if matrix.minute_by_minute is None:
                matrix = results.matrices[mode]
            if id(matrix) not in found:
                found[id(matrix)] = (len(found), matrix)
            window[offer.key] = found[id(matrix)][0]
        return cls(tuple(m.areas(areas) for _, m in found.values()), window)

    @property
    def by_the_minute(self) -> bool:
        """Whether minutes depend on when one sets out."""
        return self.matrices[0].minute_by_minute is not None

    def of(self, offer: str) -> TravelMatrix:
        """Give the minutes in an offer's window."""
        return self.matrices[self.window[offer]]

    def stacked(self, ids: Sequence[str]) -> tuple[Floats, tuple[Any, ...], float]:
        """Give minutes to some sites, areas once a window; and each minute's, where they differ."""
        held = [m.sites(ids) for m in self.matrices]
        minutes = np.vstack([m.total_minutes for m in held])
        each = tuple(m.minute_by_minute for m in held if m.minute_by_minute is not None)
        return minutes, each, held[0].percentile


def _kept_sites(study: Study, service: str) -> tuple[list[str], list[str], str]:
    """Give a service's centres of today, those after its first proposal, and its title."""
    today = sorted(study.open_ids(service))
    rivals = [p for p in study.config.proposals.values() if p.service == service]
    if not rivals:
        return today, today, ""
    first = rivals[0]
    kept = [i for i in today if i not in set(first.closes)]
    title = first.title
    if len(rivals) > 1:
        title = f"{title} (the first of {number_of(len(rivals), 'option')})"
    return today, [*kept, *first.opens], title if first.closes else ""


def _known(matrix: TravelMatrix, sites: Sequence[str]) -> list[str]:
    held = set(matrix.site_ids)
    return [i for i in sites if i in held]


def _placed(values: Floats, block: int, blocks: int) -> Floats:
    """Set an offer's minutes in the rows of its window; the others are of nobody."""
    whole = np.full(len(values) * blocks, np.inf)
    whole[block * len(values) : (block + 1) * len(values)] = values
    return whole


def _offer(study: Study, asked: HubOffer, minutes: HubMinutes) -> Offer:
    """Measure an offer's people and its centres of today and of those that stay."""
    matrix, block, blocks = minutes.of(asked.key), minutes.window[asked.key], len(minutes.matrices)
    counted = asked.people(study).to_numpy(float)
    people = np.zeros(len(counted) * blocks)
    people[block * len(counted) : (block + 1) * len(counted)] = counted
    made = Offer(asked.key, asked.title, asked.ages, asked.share, people, block=block)
    if asked.service is None:
        return made
    today, kept, _ = _kept_sites(study, asked.service)
    today, kept = _known(matrix, today), _known(matrix, kept)
    if not today or not kept:
        return made
    near: dict[str, Any] = {n: _placed(matrix.least(ids), block, blocks) for n, ids in
            (("today", today), ("kept", kept))}  # fmt: skip
    each = matrix.sites(kept).minute_by_minute
    return replace(
        made, **near, kept_each=None if each is None else np.ascontiguousarray(each.min(axis=2))
    )


def _hub_offers(study: Study, minutes: HubMinutes) -> tuple[Offer, ...]:
    """Measure every offer that somebody is counted for."""
    made = [_offer(study, asked, minutes) for asked in HubOffer.of(study)]
    made = [offer for offer in made if offer.people.any()]
    whole = sum(offer.share for offer in made)
    if not whole:
        raise ParameterError("nobody is counted for any offer of the hubs; expected people")
    return tuple(replace(o, share=o.share / whole) for o in made)


def _hub_field(
    study: Study, minutes: HubMinutes, candidates: pd.DataFrame, deprived: Bools | None
) -> HubField:
    """Put a study's question of hubs: sites to choose from, minutes to them, and offers.

    Parameters
    ----------
    study : Study
    minutes : HubMinutes
    candidates : DataFrame
        ``id lon lat``.
    deprived : ndarray of bool, shape (areas,), optional
        Of the study.
    """
    ids = candidates["id"].tolist()
    total, each, percentile = minutes.stacked(ids)
    spots = candidates[["lon", "lat"]].round(6).itertuples(index=False, name=None)
    poor = None if deprived is None else np.tile(deprived, len(minutes.matrices))
    return HubField(
        tuple(ids), total, _hub_offers(study, minutes), poor, tuple(spots), each, percentile
    )


# --- draws ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Drawing:
    """What is drawn for hubs.

    Parameters
    ----------
    results : StudyResults
    field : HubField
    mode : str
    candidates : DataFrame
    draws, seed : int
    """

    results: StudyResults
    field: HubField
    mode: str
    candidates: pd.DataFrame
    draws: int
    seed: int

    def measure(
        self, sets: Sequence[Sequence[str]], beside: Sequence[Sequence[str]]
    ) -> tuple[dict[str, Floats], dict[str, Floats], str]:
        """Measure sets as hubs, and others beside what stays, over every draw; say what is drawn.

        Returns
        -------
        tuple
            Two dicts of ndarray, shape (draws, sets), by criterion; words.
        """
        delivery = delivery_field(self.field)
        whom = _served_by(self.field, sets)
        one = SetDraws(self.field, len(sets), self.draws, self.seed, served=whom)
        two = None
        if delivery is not None and beside:
            whom = _served_by(delivery, beside)
            two = SetDraws(delivery, len(beside), self.draws, self.seed, like=one, served=whom)
        drawn, words = (
            self._by_day(sets, beside) if self.field.each else self._by_trip(sets, beside)
        )
        number = 0
        for near, there in drawn:
            one.take(number, near)
            if two is not None:
                two.take(number, there)
            number += len(near)
        fixed = f"{_BY_BUS_FIXED}, {_NOT_DRAWN}" if self.field.each else _NOT_DRAWN
        said = f"Drawn: {words}. Not drawn: {fixed}."
        return one.found, {} if two is None else two.found, said

    def _wrong(self, sites: Sequence[str], service: str | None = None) -> Uncertainty:
        """Ask what may be otherwise of the way to some sites, or of a service's window."""
        return _what_may_be_wrong(
            self.results, self.mode, sites, by_the_minute=bool(self.field.each), service=service
        )

    def _by_day(
        self, sets: Sequence[Sequence[str]], beside: Sequence[Sequence[str]]
    ) -> tuple[Iterator[tuple[Floats, Floats]], str]:
        """Draw the day and the time of setting out, as of closures by bus; one draw at a time."""
        found, study = self.results, self.results.study
        usual = {
            service: by_name
            for service in study.config.services
            if (by_name := self._wrong((), service).among)
        }
        names = list(zip(*(list(of) for of in usual.values()), strict=False)) or [()]
        kept = []
        for number, name in enumerate(names):
            asked = self.field
            if number:  # the first is the study's own day and window
                own = {
                    service: by_name[name[k]] for k, (service, by_name) in enumerate(usual.items())
                }
                minutes = HubMinutes.by(found, self.mode, own.__getitem__)
                if len(minutes.matrices) != len(asked.each):
                    continue
                asked = _hub_field(study, minutes, self.candidates, None)
            kept.append(_near_of(asked, sets, beside))
        at = np.random.default_rng([self.seed, 3]).integers(0, len(kept), self.draws)
        said = "; ".join(" and ".join(dict.fromkeys(name)) for name in names if name)
        words = f"{_PEOPLE}, and the day and the time of setting out ({said})" if said else _PEOPLE
        each = [(near.T[None], there.T[None]) for near, there in kept]
        return (each[int(k)] for k in at), words

    def _by_trip(
        self, sets: Sequence[Sequence[str]], beside: Sequence[Sequence[str]]
    ) -> tuple[Iterator[tuple[Floats, Floats]], str]:
        """Draw speeds, positions and the error of streets, as of closures."""
        study = self.results.study
        stays = {
            o.service: _kept_sites(study, o.service)[1] for o in HubOffer.of(study) if o.service
        }
        blended = self.results.blends(self.mode)
        walk = self.results.matrices["walk" if blended else self.mode]
        walk = walk.areas(study.areas["id"].tolist())
        held = {s: _known(walk, ids) for s, ids in stays.items()} if beside else {}
        columns = sorted({i for ids in (*sets, *beside, *held.values()) for i in ids})
        uncertain = self._wrong(columns)
        at = {name: k for k, name in enumerate(columns)}
        members = [[at[i] for i in ids] for ids in sets]
        others = [[at[i] for i in ids] for ids in beside]
        services = [o.service for o in HubOffer.of(study) for mine in self.field.offers
                    if mine.key == o.key and mine.kept is not None]  # fmt: skip
        kept = [[at[i] for i in held[s]] for s in services if s] if beside else []
        top = float(self.field.stand_in.max(initial=0.0))

        def nearest(minutes: Floats, sets: Sequence[Sequence[int]]) -> Floats:
            by_site = np.ascontiguousarray(minutes.swapaxes(0, 1))  # whole rows at once
            near = np.empty((len(sets), *by_site.shape[1:]))
            for least, ids in zip(near, sets, strict=True):
                np.minimum(by_site[ids[0]], by_site[ids[-1]], out=least)
                for other in ids[1:-1]:
                    np.minimum(least, by_site[other], out=least)
            return near.swapaxes(0, 1)

        def drawn() -> Iterator[tuple[Floats, Floats]]:
            for minutes in drawn_minutes(
                walk, columns, uncertain, draws=self.draws, seed=self.seed
            ):
                if not np.isfinite(minutes.max()):
                    minutes = np.where(np.isfinite(minutes), minutes, top)
                there = np.zeros((0, 0, 0))
                if others and kept:
                    hubs, stay = nearest(minutes, others), nearest(minutes, kept)
                    there = np.minimum(hubs[:, :, None], stay[:, None])
                    there = there.reshape(*hubs.shape[:2], -1)
                yield nearest(minutes, members), there

        more = "; ".join(_without_counts(uncertain))
        return drawn(), f"{_PEOPLE}, {more}" if more else _PEOPLE


def _served_by(asked: HubField, sets: Sequence[Sequence[str]]) -> Bools | None:
    """Tell whom each set serves; None where everybody reaches every site."""
    return None if asked.whole else np.isfinite([asked.near(ids) for ids in sets])


_PEOPLE = "people of each area about their count (Poisson)"
_NOT_DRAWN = "what each offer counts, who has a car, and what stands at a site or can be held there"


_BY_BUS_FIXED = "walking speeds, positions and streets"


def _without_counts(uncertain: Uncertainty) -> tuple[str, ...]:
    return replace(uncertain, count_error=None).notes()


def _near_of(
    asked: HubField, sets: Sequence[Sequence[str]], beside: Sequence[Sequence[str]]
) -> tuple[Floats, Floats]:
    """Give minutes to the nearest of each set, and of each beside what stays."""
    found = []
    for field, ids in ((asked, sets), (delivery_field(asked) if beside else None, beside)):
        if field is None or not ids:
            found.append(np.zeros((0, 0)))
            continue
        top = float(field.stand_in.max(initial=0.0))
        near = np.array([field.near(some) for some in ids]).T
        found.append(np.where(np.isfinite(near), near, top))
    return found[0], found[1]
