"""Every way to keep some of the sites, within the rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from access.errors import ParameterError, ScenarioError

Indices = NDArray[np.intp]
#: Beyond this many options the optimiser is asked instead.
MAX_OPTIONS = 3_000_000


def combination_rows(n: int, k: int) -> Indices:
    """List every way to choose k of n, in lexicographic order.

    Parameters
    ----------
    n, k : int

    Returns
    -------
    ndarray of int, shape (n choose k, k)

    Examples
    --------
    >>> combination_rows(3, 2).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    size = math.comb(n, k) * k
    flat = np.fromiter(chain.from_iterable(combinations(range(n), k)), np.intp, count=size)
    return flat.reshape(-1, k) if k else np.zeros((1, 0), dtype=np.intp)


def complement(rows: Indices, n: int) -> Indices:
    """List what each row leaves out of 0 ... n - 1.

    Parameters
    ----------
    rows : ndarray of int, shape (options, k)
    n : int

    Returns
    -------
    ndarray of int, shape (options, n - k)

    Examples
    --------
    >>> complement(np.array([[0, 2]]), 4).tolist()
    [[1, 3]]
    """
    left = np.ones((len(rows), n), dtype=bool)
    np.put_along_axis(left, rows, False, axis=1)
    return np.nonzero(left)[1].reshape(len(rows), n - rows.shape[1])


def locality_rules(
    ids: Sequence[str],
    localities: Mapping[str, str] | None,
    min_per_locality: int | Mapping[str, int] | None,
) -> dict[str, tuple[Indices, int]]:
    """Read the least number of sites to be kept in each locality.

    Parameters
    ----------
    ids : sequence of str
        Sites that may be kept or closed.
    localities : mapping of str to str, optional
        Locality of every site.
    min_per_locality : int or mapping of str to int, optional
        For every locality, or by locality.

    Returns
    -------
    dict
        Locality to (positions of its sites, least number kept).

    Raises
    ------
    ParameterError
        If a site has no locality, a locality is unknown, or a number is not 0 or more.
    ScenarioError
        If a locality has fewer sites than must be kept there.

    Examples
    --------
    >>> rules = locality_rules(["X", "Y"], {"X": "North", "Y": "South"}, 1)
    >>> {name: least for name, (_, least) in rules.items()}
    {'North': 1, 'South': 1}
    """
    if min_per_locality is None:
        return {}
    if localities is None:
        raise ParameterError("min_per_locality needs localities: the locality of every site, by id")
    without = [i for i in ids if i not in localities]
    if without:
        raise ParameterError(f"localities has no entry for sites {without}; expected every site")
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


def kept_options(
    ids: Sequence[str],
    keep: int,
    *,
    never_close: Sequence[str] = (),
    localities: Mapping[str, str] | None = None,
    min_per_locality: int | Mapping[str, int] | None = None,
) -> Indices:
    """List every allowed way to keep some of the sites.

    Parameters
    ----------
    ids : sequence of str
        Sites that may be kept or closed, sorted.
    keep : int
        How many stay open.
    never_close : sequence of str
        Sites that every option keeps.
    localities, min_per_locality
        See `locality_rules`.

    Returns
    -------
    ndarray of int, shape (options, keep)
        Positions in `ids` of the sites kept; ordered by the sites closed.

    Raises
    ------
    ParameterError
        If keep is not a number of sites that can be kept, or an id is unknown.
    ScenarioError
        If there are too many options to list, or the rules leave none.

    Examples
    --------
    >>> kept_options(["X", "Y", "Z"], 2, never_close=["Z"]).tolist()
    [[1, 2], [0, 2]]
    """
    n = len(ids)
    if isinstance(keep, bool) or not isinstance(keep, int | np.integer) or not 1 <= keep <= n:
        raise ParameterError(f"keep={keep!r}; expected a whole number of sites from 1 to {n}")
    unknown = sorted(set(map(str, never_close)) - set(ids))
    if unknown:
        raise ParameterError(f"never_close names {unknown}; expected any of {list(ids)}")
    always = set(map(str, never_close))
    free = np.array([j for j, i in enumerate(ids) if i not in always], dtype=np.intp)
    closing = n - keep
    if closing > len(free):
        raise ScenarioError(
            f"keep={keep} of {n} closes {closing} sites, but never_close leaves {len(free)} that "
            "may close; keep more, or let more of them close"
        )
    rules = locality_rules(ids, localities, min_per_locality)
    count = math.comb(len(free), closing)
    if count > MAX_OPTIONS:
        raise ScenarioError(
            f"{count:,} ways to keep {keep} of {n} are too many to list (at most {MAX_OPTIONS:,}); "
            "access.p_median gives the best of them with a proof, or say never_close for some"
        )
    closed = free[combination_rows(len(free), closing)].reshape(count, closing)
    kept = complement(closed, n)
    allowed = np.ones(count, dtype=bool)
    for where, least in rules.values():
        allowed &= np.isin(kept, where).sum(axis=1) >= least
    if not allowed.any():
        needs = ", ".join(f"{least} in {name}" for name, (_, least) in rules.items())
        raise ScenarioError(
            f"no way to keep {keep} of {n} sites keeps at least {needs}; keep more or ask for less"
        )
    return kept[allowed]
