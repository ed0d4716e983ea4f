"""Cuts of three areas: at most one open site takes two or more of them.

They hold for every plan and not for a mixture of plans (subset-row cuts: Jepsen, Petersen,
Spoorendonk and Pisinger 2008, Operations Research 56). A site that takes two of three pays the
cut's price, which the knapsacks know nothing of: what a site saves at most is found by branching on
whether it pays or leaves all but one out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from access.siting.model import Bools, Floats, Ints

_BROKEN = 0.05
"""By how much a cut must be broken to be taken in."""
_MOST_CUTS, _MOST_EACH = 40, 6
"""Cuts that are taken in at once, and how many of them an area may be in."""
_HALF = 1e-6
_PAYS = 1e-9

Filling = Callable[[Floats, Ints], tuple[Floats, Floats]]
"""Savings and sites to what each one's best filling saves, and whom it takes."""


def _both(take: Bools, triples: Ints) -> Bools:
    """Tell which columns take two or more areas of each triple: shape (triples, columns)."""
    first, second, third = (take[triples[:, k]] for k in range(3))
    found: Bools = (first & second) | (first & third) | (second & third)
    return found


def _broken(take: Bools, part: Floats) -> Ints:
    """Find the triples that a mixture of columns breaks most: shape (triples, 3)."""
    mixed = (part > _HALF) & (part < 1 - _HALF)
    own, weight = take[:, : len(part)][:, mixed].astype(float), part[mixed]
    together = (own * weight) @ own.T
    np.fill_diagonal(together, 0.0)
    found, by = [], []
    for a in range(len(own)):
        near = a + 1 + np.flatnonzero(together[a, a + 1 :] > _HALF)
        if len(near) < 2:
            continue
        all_three = (own[near] * (weight * own[a])) @ own[near].T
        pairs = together[a, near]
        over = pairs[:, None] + pairs[None, :] + together[np.ix_(near, near)] - 2 * all_three - 1
        b, c = np.nonzero(np.triu(over > _BROKEN, 1))
        found.append(np.column_stack([np.full(len(b), a), near[b], near[c]]))
        by.append(over[b, c])
    if not found:
        return np.zeros((0, 3), np.intp)
    triples, over = np.concatenate(found), np.concatenate(by)
    used = np.zeros(len(own), int)
    kept: list[int] = []
    for k in np.argsort(-np.round(over, 9), kind="stable"):
        if len(kept) < _MOST_CUTS and used[triples[k]].max() < _MOST_EACH:
            used[triples[k]] += 1
            kept.append(int(k))
    return triples[kept]


def _fill_at_prices(
    fill: Filling, saving: Floats, sites: Ints, bonus: Floats, least: int, triples: Ints,
    fines: Floats, most: float,
) -> tuple[Floats, Floats, Floats, int]:  # fmt: skip
    """Fill sites where each pays a fine for every triple of which it takes two areas or more.

    Parameters
    ----------
    fill : callable
        The knapsacks without fines.
    saving : ndarray, shape (areas, sites)
    sites : ndarray of int
    bonus : ndarray, shape (sites,)
        What else each saves when it is open; ``inf`` where it must be.
    least : int
        How many sites are open: the bound of one that cannot be among the best is not sharpened.
    triples : ndarray of int, shape (cuts, 3)
    fines : ndarray, shape (cuts,)
        Above 0.
    most : float
        Fillings that are made at most, as a multiple of the sites.

    Returns
    -------
    upper, found : ndarray, shape (sites,)
        No filling of a site saves more; the best found saves so much.
    taken : ndarray, shape (areas, sites)
        What is found.
    filled : int
        How many fillings that took.
    """
    count = len(sites)
    worth, own = fill(saving, sites)
    who, shut = np.arange(count), np.zeros(saving.shape, bool)
    paid = np.zeros((len(triples), count), bool)
    best, top, upper, filled = own.copy(), np.full(count, -np.inf), np.full(count, -np.inf), count
    left = who[:0], worth[:0], shut[:, :0], paid[:, :0]
    while True:
        broken = _both(own > 0.5, triples)
        _keep_best(who, worth - fines @ broken, own, top, best)
        floor = (
            np.partition(top + bonus, count - least)[count - least] if count > least else -np.inf
        )
        more = _branches(
            who, worth - fines @ paid, broken & ~paid, fines, triples, saving, shut, paid
        )
        at, bound, shut, paid = (
            np.concatenate([one, two], axis=-1) for one, two in zip(left, more, strict=True)
        )
        pays = (bound > top[at] + _PAYS) & (bound + bonus[at] > floor)
        np.maximum.at(upper, at[~pays], bound[~pays])
        order = np.flatnonzero(pays)
        order = order[np.argsort(-(bound + bonus[at])[order], kind="stable")]
        now, later = order[:count], order[count:]
        if not len(now) or filled + len(now) > most * count:
            np.maximum.at(upper, at[order], bound[order])
            break
        left = at[later], bound[later], shut[:, later], paid[:, later]
        who, shut, paid = at[now], shut[:, now], paid[:, now]
        filled += len(now)
        worth, own = fill(np.where(shut, 0.0, saving[:, who]), sites[who])
    return np.maximum(upper, top), top, best, filled


def _keep_best(who: Ints, value: Floats, own: Floats, top: Floats, best: Floats) -> None:
    """Keep each site's best filling so far; changes `top` and `best`."""
    order = np.lexsort((-value, who))
    first = order[np.append(True, np.diff(who[order]) != 0)[: len(order)]]
    better = first[value[first] > top[who[first]] + 1e-12]
    top[who[better]] = value[better]
    best[:, who[better]] = own[:, better]


def _branches(
    who: Ints, bound: Floats, broken: Bools, fines: Floats, triples: Ints, saving: Floats,
    shut: Bools, paid: Bools,
) -> tuple[Ints, Floats, Bools, Bools]:  # fmt: skip
    """Split fillings that break cuts: the dearest is kept, or it is paid and the next is kept, ...

    All of them paid is the filling itself. A cut is kept where all but one of its areas are shut.
    """
    order = np.argsort(np.where(broken, -fines[:, None], np.inf), axis=0, kind="stable")
    many = broken.sum(axis=0)
    found: list[tuple[Ints, Floats, Bools, Bools]] = []
    bound, paid = bound.copy(), paid.copy()
    for rank in range(int(many.max(initial=0))):
        left = np.flatnonzero(many > rank)
        cut = order[rank, left]
        areas = triples[cut]
        for k in range(3):
            useful = (saving[areas[:, k], who[left]] > 0) & ~shut[areas[:, k], left]
            here, out = left[useful], np.delete(areas[useful], k, axis=1)
            closed = shut[:, here]
            closed[out[:, 0], np.arange(len(here))] = True
            closed[out[:, 1], np.arange(len(here))] = True
            found.append((who[here], bound[here], closed, paid[:, here]))
        paid[cut, left] = True
        bound[left] -= fines[cut]
    if not found:
        return who[:0], bound[:0], shut[:, :0], paid[:, :0]
    return (
        np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found]),
        np.hstack([f[2] for f in found]), np.hstack([f[3] for f in found]),
    )  # fmt: skip
