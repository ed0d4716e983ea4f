"""Where a proposal stands among more ways than can be listed: the best proven, the rest drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from access.display import html_answer
from access.errors import ParameterError
from access.labels import criterion_value, criterion_words
from access.scenario.criteria import _CRITERIA, Floats, _evaluate
from access.scenario.options import Closings, Indices, Options
from access.text import Claim, Said, listed, named, share_figure, share_span

#: How sure the intervals are, each measure by itself.
CONFIDENCE = 0.95
_SURE = share_figure(CONFIDENCE)
_SAME = 1e-9


def _clopper_pearson(
    successes: int, draws: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Give the exact binomial interval of a share.

    Parameters
    ----------
    successes, draws : int
    confidence : float

    Returns
    -------
    tuple of float
        It holds the true share with at least this confidence, whatever the share is.

    Notes
    -----
    Clopper and Pearson 1934.

    Examples
    --------
    >>> low, high = _clopper_pearson(0, 20)
    >>> low, round(high, 4)
    (0.0, 0.1684)
    """
    from scipy.special import betaincinv  # of few questions, and long to import

    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, draws - successes + 1, tail))
    high = 1.0
    if successes < draws:
        high = float(betaincinv(successes + 1, draws - successes, 1 - tail))
    return low, high


@dataclass(frozen=True)
class Found:
    """The best way that a search found by one measure, and what it proved.

    Parameters
    ----------
    kept : ndarray of int, shape (k,)
        Positions of the sites kept.
    bound : float
        No way is better than this; ``nan`` where nothing is proven.
    proven : bool
        Whether it is proven best.
    """

    kept: Indices
    bound: float
    proven: bool


@dataclass(frozen=True, eq=False)
class SampledRanking:
    """Where the proposal stands among too many ways to list.

    Parameters
    ----------
    table : DataFrame
        One row a way that is worth a look, the best by mean first: ``closed kept`` (tuples of
        ids), each criterion, ``unreached``, and ``why`` (best by which measures, or near it).
    standing : DataFrame
        One row a criterion: ``criterion best best_closed proven bound`` and, with a proposal,
        ``proposal regret better_in_sample share_better_low share_better_high rank_low
        rank_high``.
    proposal : dict or None
        ``closed kept allowed`` and each criterion's value; one that breaks a rule is not allowed,
        and is none of the ways.
    ways : int
        How many ways there are, exactly.
    draws, seed : int
        Of the sample.
    criteria : tuple of str
    what : str
        The choice in words: ``"28,760,021,745 ways to keep 33 of 45"``.
    mode : str
    names : dict
    notes : tuple of str

    Notes
    -----
    The rank itself is not known: it lies from ``rank_low`` to ``rank_high`` with 95 % confidence,
    by the exact binomial interval of the share of ways that are better, from ways drawn evenly
    with replacement. Ways known to be better raise the lower end; a proposal that is proven best
    is 1st. Which ways no other beats on every count (the Pareto front) is not known either.
    """

    table: pd.DataFrame
    standing: pd.DataFrame
    proposal: dict[str, Any] | None
    ways: int
    draws: int
    seed: int
    criteria: tuple[str, ...]
    what: str
    mode: str
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def row(self, criterion: str) -> Mapping[str, Any]:
        """Give where the proposal stands on one criterion.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        mapping
            A row of `standing`.

        Raises
        ------
        ParameterError
            If the criterion is not one of these.
        """
        if criterion not in self.criteria:
            raise ParameterError(
                f"criterion {criterion!r} is not in this ranking; expected any of "
                f"{list(self.criteria)}"
            )
        found = self.standing.iloc[self.criteria.index(criterion)]
        return {str(name): value for name, value in found.items()}

    def place(self, criterion: str) -> str:
        """Write between which places the proposal lies on a criterion.

        Parameters
        ----------
        criterion : str

        Returns
        -------
        str
            ``"between 12th and 5,309,112th (sampled)"``.

        Raises
        ------
        ParameterError
            If the criterion is not one of these, or there is no proposal.
        """
        if self.proposal is None:
            raise ParameterError("the ranking has no proposal to place; expected proposal=ids")
        row = self.row(criterion)
        low, high = row["rank_low"], row["rank_high"]
        if low == high:
            return f"{low:,} of {self.ways:,} (proven)"
        return f"between {low:,} and {high:,} of {self.ways:,} (sampled, {_SURE} sure)"

    def sentence(self) -> Said:
        """Say what is known of the proposal's place, and how.

        Returns
        -------
        Said
            With what it claims as data.
        """
        first = self.row(self.criteria[0])
        words = criterion_words(self.criteria[0], self.mode)
        sure = "proven best" if first["proven"] else "best found"
        closes = listed(named(first["best_closed"], self.names)) or "nothing"
        amount = criterion_value(self.criteria[0], first["best"])
        best = f"the {sure} by {words} closes {closes} ({amount}"
        # a proposal that breaks a rule is none of them
        of = "Of" if self.proposal is None or self.proposal["allowed"] else "Set beside"
        start = f"{of} {self.what}, too many to list, "
        claims = [Claim("ways", "is", (float(self.ways),)),
                  Claim(f"least:{self.criteria[0]}", "best" if first["proven"] else "at_least",
                        (float(first["best"]),))]  # fmt: skip
        if self.proposal is None:
            return Said(f"{start}{best}).", claims)
        regret = first["regret"]
        more = "the proposal leaves some people out of reach"
        if regret is not None and np.isfinite(regret):
            claims.append(Claim(f"regret:{self.criteria[0]}", "is", (float(regret),)))
            than = "less" if regret < 0 else "more"
            more = f"the proposal: {criterion_value(self.criteria[0], abs(regret))} {than}"
            more = "the proposal is as good" if abs(regret) <= _SAME else more
        for c in self.criteria:
            row = self.row(c)
            ends = (float(row["share_better_low"]), float(row["share_better_high"]))
            proven = row["rank_high"] == 1
            claims.append(Claim(f"better:{c}", "none" if proven else "between", ends))
        shares = listed(
            [f"{self._better(c)} by {criterion_words(c, self.mode)}" for c in self.criteria]
        )
        return Said(
            f"{start}{best}; {more}). By {self.draws:,} ways drawn at random ({_SURE} "
            f"sure), the share of all ways that is better than the proposal is {shares}.",
            claims,
        )

    def _better(self, criterion: str) -> str:
        """Write the share of all ways that is better, as an interval."""
        row = self.row(criterion)
        if row["rank_high"] == 1:
            return "none (proven)"
        return share_span(row["share_better_low"], row["share_better_high"])

    def to_frame(self) -> pd.DataFrame:
        """Give the ways worth a look with ids as text, ready for a file.

        Returns
        -------
        DataFrame
            ``closed`` and ``kept`` as ids parted by a blank.
        """
        out = self.table.copy()
        for column in ("closed", "kept"):
            out[column] = [" ".join(ids) for ids in out[column]]
        return out

    def standing_frame(self) -> pd.DataFrame:
        """Give `standing` with ids as text, ready for a file.

        Returns
        -------
        DataFrame
        """
        closed = [" ".join(ids) for ids in self.standing["best_closed"]]
        return self.standing.assign(best_closed=closed)

    def _rows(self) -> list[list[str]]:
        rows = []
        for c in self.criteria:
            found = self.row(c)
            sure = "proven" if found["proven"] else "not proven"
            row = [criterion_words(c, self.mode), f"{criterion_value(c, found['best'])} ({sure})",
                   " ".join(found["best_closed"])]  # fmt: skip
            if self.proposal is not None:
                row += [criterion_value(c, found["proposal"]), self.place(c)]
            rows.append(row)
        return rows

    def _head(self) -> list[str]:
        head = ["criterion", "best", "best closes"]
        return head + (["proposal", "place"] if self.proposal is not None else [])

    def __repr__(self) -> str:
        table = pd.DataFrame(self._rows(), columns=self._head())
        return f"{self.sentence()}\n{table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        rows = [tuple(row) for row in self._rows()]
        return html_answer(
            self.sentence(), self._head(), rows, notes=self.notes, notes_title="How this is known"
        )


def stand_in_sample(
    options: Options,
    found: Mapping[str, Found],
    near: Sequence[Indices],
    *,
    criteria: tuple[str, ...],
    rules: Closings,
    seed: int,
    absolute_gap: bool,
    mode: str,
    names: Mapping[str, str],
) -> SampledRanking:
    """Place a proposal in what was drawn (`options`), what was found best, and what is near it."""
    ways = rules.ways
    own = None if options.proposal is None else options.row_of(options.proposal)
    looked = [f.kept for f in found.values()] + list(near)
    looked += [] if own is None else [own[0]]
    rows = np.unique(np.array([np.sort(r) for r in looked], dtype=np.intp), axis=0)
    rows = rows.reshape(-1, options.kept.shape[1])
    drawn = _values(options, options.kept, absolute_gap)
    seen = _values(options, rows, absolute_gap)
    mine = (
        None if own is None else {c: v[0] for c, v in _values(options, own, absolute_gap).items()}
    )
    allowed = own is None or rules.allow(own[0])
    # a proposal that breaks a rule is none of the ways, and so never the best of them
    of_ways = np.ones(len(rows), dtype=bool)
    if own is not None and not allowed:
        of_ways = (rows != own[0]).any(axis=1)
    known = {c: seen[c][of_ways] for c in criteria}
    ids = np.array(options.ids, dtype=object)
    lines, why = [], [[] for _ in rows]  # type: ignore[var-annotated]
    for c in criteria:
        best = _best(c, rows[of_ways], known, drawn, options, found.get(c))
        where = np.flatnonzero((rows == best["kept"]).all(axis=1))
        for k in where:
            why[k].append(c)
        closed = tuple(i for j, i in enumerate(ids) if j not in set(best["kept"].tolist()))
        line = {"criterion": c, "best": best["value"], "best_closed": closed,
                "proven": best["proven"], "bound": best["bound"]}  # fmt: skip
        if mine is not None:
            line |= _own_place(c, mine[c], best, known[c], drawn[c], ways, allowed=allowed)
        lines.append(line)
    table = _looked_at(ids, rows, seen, why, own, criteria, mode)
    proposal = None
    if mine is not None and options.proposal is not None:
        kept = options.proposal
        proposal = {
            "kept": kept,
            "closed": tuple(i for i in options.ids if i not in kept),
            "allowed": allowed,
            **{c: float(mine[c]) for c in criteria},
        }
    count = len(options.kept)
    keep = options.kept.shape[1]
    how = (
        f"sampled: {count:,} of the {ways:,} ways were drawn evenly (seed {seed}), each draw from "
        f"all of them; intervals are exact binomial (Clopper-Pearson), {_SURE} for each "
        "measure by itself",
        "not known: the exact rank, how many ways are near the best, and which ways no other beats "
        "on every count; of the measures whose best is not proven, the best of all that was drawn "
        "or found is given, and a better may exist",
    )
    return SampledRanking(
        table=table,
        standing=pd.DataFrame(lines),
        proposal=proposal,
        ways=ways,
        draws=count,
        seed=seed,
        criteria=criteria,
        what=f"{ways:,} way{'s' if ways != 1 else ''} to keep {keep} of {len(options.ids)}",
        mode=mode,
        names=dict(names),
        notes=(*how, *dict.fromkeys(options.notes)),
    )


def _values(options: Options, kept: Indices, absolute_gap: bool) -> dict[str, Floats]:
    """Give every criterion of ways to keep, savings among them."""
    values = _evaluate(options.ready, kept, absolute_gap=absolute_gap)
    values["savings"] = options.saved_by(kept)
    return values


def _less(criterion: str, values: Any) -> Any:
    return -values if criterion == "savings" else values


def _best(
    criterion: str,
    rows: Indices,
    seen: Mapping[str, Floats],
    drawn: Mapping[str, Floats],
    options: Options,
    found: Found | None,
) -> dict[str, Any]:
    """Give the best way by a criterion: proven where it is, else of all that were measured."""
    ours, theirs = _less(criterion, seen[criterion]), _less(criterion, drawn[criterion])
    kept, least = rows[0] if len(rows) else options.kept[0], np.inf
    if len(ours):
        kept, least = rows[int(ours.argmin())], float(ours.min())
    if len(theirs) and theirs.min() < least - _SAME:
        kept, least = options.kept[int(theirs.argmin())], float(theirs.min())
    bound, proven = np.nan, False
    if found is not None:
        bound = float(found.bound)
        proven = found.proven and bool(np.isfinite(least))
    return {"kept": kept, "value": float(_less(criterion, least)), "bound": bound,
            "proven": proven}  # fmt: skip


def _own_place(
    criterion: str, own: float, best: Mapping[str, Any], seen: Floats, drawn: Floats, ways: int,
    *, allowed: bool,
) -> dict[str, Any]:  # fmt: skip
    """Say where the proposal's value lies among all ways, from those drawn and those known."""
    mine, least = _less(criterion, own), _less(criterion, best["value"])
    better = int((_less(criterion, drawn) < mine - _SAME).sum())
    known = int((_less(criterion, seen) < mine - _SAME).sum())
    low, high = _clopper_pearson(better, len(drawn))
    lowest = ways if allowed else ways + 1  # beside the ways, and not one of them
    first = max(1, min(lowest, 1 + int(np.ceil(float(Fraction(low) * ways)))), 1 + known)
    last = max(first, min(lowest, 1 + int(Fraction(high) * ways)))
    if best["proven"] and mine <= least + _SAME:
        first = last = 1
    regret = mine - least if np.isfinite(mine) and np.isfinite(least) else None
    return {
        "proposal": float(own),
        "regret": None if regret is None else float(regret),
        "better_in_sample": better,
        "share_better_low": low,
        "share_better_high": high,
        "rank_low": first,
        "rank_high": last,
    }


def _looked_at(
    ids: Any,
    rows: Indices,
    seen: Mapping[str, Floats],
    why: Sequence[Sequence[str]],
    own: Indices | None,
    criteria: tuple[str, ...],
    mode: str,
) -> pd.DataFrame:
    """List the ways worth a look with every measure, the best by the first measure first."""
    closed = [tuple(i for j, i in enumerate(ids) if j not in set(r.tolist())) for r in rows]
    words = []
    for k, row in enumerate(rows):
        said = [f"best by {criterion_words(c, mode)}" for c in why[k]]
        if own is not None and (row == own[0]).all():
            said = ["the proposal", *said]
        words.append(", ".join(said) or "near the best by mean minutes")
    columns: dict[str, Any] = {"closed": closed, "kept": [tuple(ids[r]) for r in rows]}
    columns |= {c: seen[c] for c in _CRITERIA if c in criteria}
    columns |= {"unreached": seen["unreached"], "why": words}
    table = pd.DataFrame(columns)
    return table.sort_values([criteria[0], "closed"], kind="stable").reset_index(drop=True)
