"""Every way to keep some of the sites, within the rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access.arguments import by_id, ids, open_sites, whole
from access.errors import Fault, ParameterError, ScenarioError
from access.measure.demand import Weights, align_demand, deprivation_weights, fail
from access.network.matrix import TravelMatrix, positions
from access.scenario.criteria import DEPRIVED, Floats, _has_deprived, _prepare, _Prepared, fifths
from access.text import listed
from access.units import LSOAS_ENGLAND_2011

Indices = NDArray[np.intp]
#: Beyond this many ways none is listed: the best are searched, and the others sampled.
MAX_OPTIONS = 1_000_000


def _combination_rows(n: int, k: int) -> Indices:
    """List every way to choose k of n, in lexicographic order."""
    size = math.comb(n, k) * k
    flat = np.fromiter(chain.from_iterable(combinations(range(n), k)), np.intp, count=size)
    return flat.reshape(-1, k) if k else np.zeros((1, 0), dtype=np.intp)


def _complement(rows: Indices, n: int) -> Indices:
    """List what each row leaves out of 0 ... n - 1."""
    left = np.ones((len(rows), n), dtype=bool)
    np.put_along_axis(left, rows, False, axis=1)
    return np.nonzero(left)[1].reshape(len(rows), n - rows.shape[1])


def _locality_rules(
    ids: Sequence[str],
    localities: Mapping[str, str] | None,
    min_per_locality: int | Mapping[str, int] | None,
) -> dict[str, tuple[Indices, int]]:
    """Read the least number of sites to be kept in each locality."""
    if min_per_locality is None:
        return {}
    if localities is None:
        raise ParameterError("min_per_locality needs localities: the locality of every site, by id")
    without = [i for i in ids if i not in localities]
    if without:
        raise ParameterError(f"localities has no entry for sites {without}; expected every site")
    nowhere = [i for i in ids if not str(localities[i]).strip()]
    asked = min_per_locality
    if nowhere and any(asked.values() if isinstance(asked, Mapping) else [asked]):
        raise ParameterError(
            f"some are to stay in each locality, and the locality of {listed(nowhere)} is not "
            "given; expected one for every site (column locality)"
        )
    found = sorted({str(localities[i]) for i in ids})
    if isinstance(min_per_locality, Mapping):
        least = {str(k): v for k, v in min_per_locality.items()}
        unknown = sorted(set(least) - set(found))
        if unknown:
            raise ParameterError(
                f"min_per_locality names {unknown}, where no site is; expected any of {found}"
            )
    else:
        least = dict.fromkeys(found, min_per_locality)
    rules = {}
    for name, number in least.items():
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 0:
            raise ParameterError(
                f"min_per_locality[{name!r}]={number!r}; expected a whole number, 0 or more"
            )
        where = np.array(
            [j for j, i in enumerate(ids) if str(localities[i]) == name], dtype=np.intp
        )
        if number > len(where):
            raise ScenarioError(
                f"at least {number} sites must stay open in {name}, which has {len(where)}; "
                f"expected at most {len(where)}"
            )
        rules[name] = (where, int(number))
    return rules


@dataclass(frozen=True, eq=False)
class Closings:
    """What the rules let close: so many of the free sites, and of each group at most so many.

    Parameters
    ----------
    sites, closing : int
        All sites, and how many of them close.
    groups : tuple of (ndarray of int, int)
        Free sites, as positions, and the most of them that may close.
    rules : dict of str to (ndarray of int, int)
        Least number kept in each locality.
    """

    sites: int
    closing: int
    groups: tuple[tuple[Indices, int], ...]
    rules: Mapping[str, tuple[Indices, int]]

    @property
    def free(self) -> Indices:
        """Positions of the sites that may close."""
        return np.sort(np.concatenate([where for where, _ in self.groups]))

    def _tails(self) -> list[list[int]]:
        """Count, from each group on, the ways to close 0, 1, 2, ... sites."""
        tails = [[1] + [0] * self.closing]
        for where, most in reversed(self.groups):
            own = [math.comb(len(where), c) for c in range(min(most, len(where)) + 1)]
            last = tails[-1]
            tails.append([
                sum(ways * last[total - c] for c, ways in enumerate(own) if c <= total)
                for total in range(self.closing + 1)
            ])  # fmt: skip
        return tails[::-1]

    @property
    def ways(self) -> int:
        """How many ways there are, exactly."""
        return self._tails()[0][self.closing]

    def allow(self, kept: Indices) -> bool:
        """Tell whether the rules let a way to keep sites be one of the ways."""
        closed = np.setdiff1d(np.arange(self.sites), kept)
        return bool(np.isin(closed, self.free).all()) and all(
            np.isin(where, kept).sum() >= least for where, least in self.rules.values()
        )

    @property
    def too_many(self) -> bool:
        """Whether the ways are too many to list."""
        return self.ways > MAX_OPTIONS

    def listed(self) -> Indices:
        """List every way, as the sites kept; in order of the sites closed."""
        if self.too_many:
            raise ScenarioError(
                f"{self.ways:,} ways to keep {self.sites - self.closing} of {self.sites} are too "
                f"many to list (at most {MAX_OPTIONS:,} are); "
                "access.p_median gives the best of them with a proof, `access rank` also samples "
                "the others; or say never_close for some"
            )
        return _complement(self._closed_rows(), self.sites)

    def _closed_rows(self) -> Indices:
        """List what each way closes, group by group: none that the rules refuse is looked at."""
        begun: dict[int, Indices] = {0: np.zeros((1, 0), dtype=np.intp)}  # by sites closed so far
        for (where, most), tail in zip(self.groups, self._tails()[1:], strict=True):
            further: dict[int, list[Indices]] = {}
            for total, rows in begun.items():
                for c in range(min(most, len(where), self.closing - total) + 1):
                    if not tail[self.closing - total - c]:
                        continue  # the groups after it cannot close so many
                    own = where[_combination_rows(len(where), c)]
                    both = [np.repeat(rows, len(own), axis=0), np.tile(own, (len(rows), 1))]
                    further.setdefault(total + c, []).append(np.hstack(both))
            begun = {total: np.concatenate(parts) for total, parts in further.items()}
        closed = begun[self.closing]
        if len(self.groups) == 1 or not self.closing:
            return closed
        closed.sort(axis=1)
        return closed[np.lexsort(closed.T[::-1])]

    def drawn(self, draws: int, seed: int) -> Indices:
        """Draw ways evenly from all, each draw anew; as the sites kept."""
        rng = np.random.default_rng([seed, 3])
        tails = self._tails()
        left = np.full(draws, self.closing)
        open_ = np.ones((draws, self.sites), dtype=bool)
        for (where, most), tail in zip(self.groups, tails[1:], strict=True):
            order = rng.random((draws, len(where))).argsort(axis=1)
            for total in np.unique(left):
                rows = np.flatnonzero(left == total)
                most_here = min(most, len(where), int(total))
                own = [math.comb(len(where), c) * tail[total - c] for c in range(most_here + 1)]
                shares = np.array([float(Fraction(ways, sum(own))) for ways in own])
                taken = rng.choice(len(own), len(rows), p=shares / shares.sum())
                for c in np.unique(taken):
                    at = rows[taken == c]
                    open_[at[:, None], where[order[at, :c]]] = False
                left[rows] = total - taken
        return np.nonzero(open_)[1].reshape(draws, self.sites - self.closing)


def closings(
    ids: Sequence[str],
    keep: int,
    *,
    never_close: Sequence[str] = (),
    localities: Mapping[str, str] | None = None,
    min_per_locality: int | Mapping[str, int] | None = None,
) -> Closings:
    """Read what the rules let close, refusing rules that leave no way."""
    n = len(ids)
    if isinstance(keep, bool) or not isinstance(keep, int | np.integer) or not 1 <= keep <= n:
        raise ParameterError(f"keep={keep!r}; expected a whole number of sites from 1 to {n}")
    unknown = sorted(set(map(str, never_close)) - set(ids))
    if unknown:
        raise ParameterError(f"never_close names {unknown}; expected any of {list(ids)}")
    always = {j for j, i in enumerate(ids) if i in set(map(str, never_close))}
    closing, free = n - int(keep), n - len(always)
    if closing > free:
        raise ScenarioError(
            f"keep={keep} of {n} closes {closing} sites, but never_close leaves {free} that "
            "may close; keep more, or let more of them close"
        )
    rules = _locality_rules(ids, localities, min_per_locality)
    groups, ruled = [], set(always)
    for where, least in rules.values():
        ours = np.array([j for j in where if j not in always], dtype=np.intp)
        groups.append((ours, min(len(ours), len(where) - least)))
        ruled |= set(where.tolist())
    rest = np.array([j for j in range(n) if j not in ruled], dtype=np.intp)
    found = Closings(n, closing, (*groups, (rest, len(rest))), rules)
    if not found.ways:
        needs = ", ".join(f"{least} in {name}" for name, (_, least) in rules.items())
        raise ScenarioError(
            f"no way to keep {keep} of {n} sites keeps at least {needs}; keep more or ask for less"
        )
    return found


def _read_savings(savings: Mapping[str, float] | None, ids: Sequence[str]) -> dict[str, float]:
    """Check savings: numbers by site id."""
    known, faults = {}, []
    for site, value in (savings or {}).items():
        if str(site) not in ids:
            expected = f"a site of the baseline: {list(ids)}"
            faults.append(Fault("savings", str(site), "", str(site), expected))
            continue
        if value is None or (isinstance(value, float) and np.isnan(value)):
            continue
        number = pd.to_numeric(value, errors="coerce")
        if not np.isfinite(number):
            faults.append(Fault("savings", str(site), "", str(value), "a number, or None"))
            continue
        known[str(site)] = float(number)
    fail("savings cannot be used", faults)
    return known


#: Digits after the point to which pounds are added up: what is alike to these is alike.
_POUND_DIGITS = 6


def in_pounds(values: Any) -> Any:
    """Give added-up pounds without the noise of floats, so that equal savings are equal."""
    return np.round(values, _POUND_DIGITS)


def _read_proposal(
    proposal: Sequence[str] | Mapping[str, Sequence[str]] | object | None,
    ids: Sequence[str],
    keep: int,
    always: set[str],
) -> tuple[tuple[str, ...] | None, list[str]]:
    """Read a proposal as the sites that it keeps."""
    if proposal is None:
        return None, []
    if hasattr(proposal, "open_ids"):
        proposal = {"kept": proposal.open_ids}
    named, sites = _named_sites(proposal)
    if named == "closed" and (others := sorted({str(i) for i in sites} & always)):
        raise ParameterError(
            f"the proposal closes {', '.join(others)}, open in every option; expected sites of "
            f"the baseline: {list(ids)}"
        )
    listed = sorted({str(i) for i in sites} - always)
    try:
        positions(ids, listed, "site")
    except ParameterError as error:
        raise ParameterError(f"proposal: {error.message}") from None
    close = len(ids) - keep
    if named != "closed" and len(listed) == keep:
        both = not named and keep == close
        read = [f"proposal read as the sites kept: {', '.join(listed)}; as many close, so that it "
                'could be those: say which by name, {"kept": ids} or {"closed": ids}']  # fmt: skip
        return tuple(listed), read if both else []
    if named != "kept" and len(listed) == close:
        read = [] if named else [f"proposal read as the sites closed: {', '.join(listed)}"]
        return tuple(i for i in ids if i not in listed), read
    wanted = f"the {close} sites that it closes" if named == "closed" else (
        f"the {keep} sites that it keeps"
    )  # fmt: skip
    raise ScenarioError(
        f"the proposal names {len(listed)} of {len(ids)} sites, but keep={keep}; expected {wanted}"
    )


def _named_sites(proposal: object) -> tuple[str, Iterable[object]]:
    """Tell what a proposal's sites are, kept or closed ('' where it does not say), and which."""
    name, sites = "", proposal
    if isinstance(proposal, Mapping):
        if len(proposal) != 1 or not {*proposal} <= {"kept", "closed"}:
            raise ParameterError(
                f"proposal with the keys {sorted(map(str, proposal))[:5]}; expected one of "
                '{"kept": [...]} and {"closed": [...]}'
            )
        ((name, sites),) = proposal.items()
    if isinstance(sites, str) or not isinstance(sites, Iterable):
        raise ParameterError(
            f"proposal={str(proposal)[:80]!r}; expected a list of the sites that it keeps"
        )
    return name, sites


@dataclass(frozen=True, eq=False)
class ServiceChoice:
    """A service to be ranked: its matrix, demand and rules.

    Parameters
    ----------
    matrix : TravelMatrix
    keep : int
    demand : DataFrame
    proposal, sites, always_open, never_close, localities, min_per_locality, savings
        As in `access.rank_closures`.

    Examples
    --------
    >>> m = TravelMatrix.from_minutes([[5, 12]], area_ids=["a"], site_ids=["X", "Y"])
    >>> ServiceChoice(m, 1, pd.DataFrame({"id": ["a"], "count": [30]})).keep
    1
    """

    matrix: TravelMatrix
    keep: int
    demand: pd.DataFrame
    proposal: Sequence[str] | Mapping[str, Sequence[str]] | object | None = None
    sites: Sequence[str] | None = None
    always_open: Sequence[str] = ()
    never_close: Sequence[str] = ()
    localities: Mapping[str, str] | None = None
    min_per_locality: int | Mapping[str, int] | None = None
    savings: Mapping[str, float] | None = None


@dataclass(frozen=True, eq=False)
class CriteriaSettings:
    """What options are measured by, the same for every service.

    Parameters
    ----------
    weights, lam, national_areas, median_income
        See `access.measure.deprivation_weights`.
    """

    weights: str | None = None
    lam: float = 1.0
    national_areas: int = LSOAS_ENGLAND_2011
    median_income: float | None = None
    threshold_minutes: float = 20.0
    absolute_gap: bool = False

    def weigh(self, demand: pd.DataFrame) -> Weights:
        """Make the weights of an aligned demand table."""
        return deprivation_weights(
            demand,
            self.weights,
            lam=self.lam,
            national_areas=self.national_areas,
            median_income=self.median_income,
        )


@dataclass(frozen=True, eq=False)
class Options:
    """One service with all its options listed and its numbers ready.

    Parameters
    ----------
    ids : tuple of str
        Sites that may be kept or closed, sorted.
    kept, closed : ndarray of int
        One row an option, positions in `ids`.
    demand : DataFrame
        Aligned.
    proposal : tuple of str or None
        Ids kept.
    supports : frozenset of str
        Criteria that the data can bear.
    """

    ids: tuple[str, ...]
    kept: Indices
    closed: Indices
    ready: _Prepared
    demand: pd.DataFrame
    weights: Weights
    proposal: tuple[str, ...] | None
    site_savings: Mapping[str, float]
    notes: tuple[str, ...]
    supports: frozenset[str]

    @property
    def choice_words(self) -> str:
        """``"9 of 12"``."""
        return f"{self.kept.shape[1]} of {len(self.ids)}"

    @property
    def savings(self) -> Floats | None:
        """Saved a year by every option; ``nan`` where not known; ``None`` without any figure."""
        if not self.site_savings:
            return None
        return self.saved_by(self.kept)

    def saved_by(self, kept: Indices) -> Floats:
        """Saved a year by each row of sites kept; ``nan`` where not known."""
        each = np.array([self.site_savings.get(i, np.nan) for i in self.ids])
        saved: Floats = in_pounds(each[_complement(kept, len(self.ids))].sum(axis=1))
        return saved

    def row_of(self, kept: Sequence[str]) -> Indices:
        """Positions of kept ids, as one option."""
        return np.sort(positions(self.ids, kept, "site"))[None, :]


def choosable(choice: ServiceChoice) -> tuple[tuple[str, ...], Closings]:
    """Read which sites may be kept or closed, sorted, and what the rules let close."""
    always = {str(i) for i in choice.always_open}
    listed = choice.sites if choice.sites is not None else choice.matrix.site_ids
    ids = tuple(sorted({str(i) for i in listed} - always))
    if not ids:
        raise ScenarioError("no site may be kept or closed; expected at least one in the baseline")
    return ids, closings(
        ids,
        choice.keep,
        never_close=choice.never_close,
        localities=choice.localities,
        min_per_locality=choice.min_per_locality,
    )


def list_options(
    choice: ServiceChoice,
    criteria_settings: CriteriaSettings,
    kept: Callable[[Closings], Indices] = Closings.listed,
) -> Options:
    """Check a service's choice and list its options, all of them unless told which."""
    matrix = choice.matrix
    always = sorted({str(i) for i in choice.always_open})
    ids, rules = choosable(choice)
    rows = kept(rules)
    aligned = align_demand(choice.demand, matrix.area_ids)
    weights = criteria_settings.weigh(aligned)
    each = matrix.minute_by_minute
    minutes = matrix.total_minutes if each is None else each.astype(float)
    ready = _prepare(
        minutes[..., positions(matrix.site_ids, ids, "site")],
        aligned["count"].to_numpy(float),
        weights.per_family,
        fifths(aligned, criteria_settings.national_areas),
        threshold_minutes=criteria_settings.threshold_minutes,
        always_minutes=minutes[..., positions(matrix.site_ids, always, "site")],
        percentile=matrix.percentile,
    )
    closed = _complement(rows, len(ids))
    savings = _read_savings(choice.savings, ids)
    proposal, read = _read_proposal(choice.proposal, ids, choice.keep, set(always))
    may_close = {ids[j] for j in rules.free} if rules.closing else set()
    may_close |= set(ids) - set(ids if proposal is None else proposal)
    unknown = sorted(may_close - set(savings))
    notes = [weights.note, *matrix.assumptions, *read]
    if savings and unknown:
        notes.append(f"savings are not known for {', '.join(unknown)}")
    if always:
        notes.append(f"open in every option: {', '.join(always)}")
    if ready.never_reached:
        notes.append(
            f"{ready.never_reached:,.0f} people that no site reaches are in no mean; they count "
            "as beyond the threshold"
        )
    supports = _supports(ready, weights, bool(savings) and not unknown)
    return Options(
        ids, rows, closed, ready, aligned, weights, proposal, savings, tuple(notes), supports
    )


def _supports(ready: _Prepared, weights: Weights, savings_known: bool) -> frozenset[str]:
    supports = {"mean", "p90", "worst", "share_beyond"}
    if weights.name != "none":
        supports.add("weighted_mean")
    if savings_known:
        supports.add("savings")
    if _has_deprived(ready):
        supports |= set(DEPRIVED)
    if len(ready.totals) == 4 and ready.totals[2] > 0 and ready.totals[3] > 0:
        supports.add("gap")
    return frozenset(supports)


def _least(value: Any, name: str) -> Any:
    """Read a least number of sites: one for all localities, or one each."""
    return by_id(whole())(value, name) if isinstance(value, Mapping) else whole()(value, name)


def _kept_or_closed(value: Any, name: str) -> Any:
    """Read a proposal's sites: ids, what has open ids, or {"kept": ids} or {"closed": ids}."""
    return by_id(ids)(value, name) if isinstance(value, Mapping) else open_sites(value, name)
