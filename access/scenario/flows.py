"""Who moves from which closed site to which other, and who takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from access.errors import Fault
from access.measure.demand import fail
from access.measure.distribution import weighted_mean
from access.scenario.words import count_words, named

_MOVE_COLUMNS = ("from_site", "to_site")


def moves_table(
    areas: pd.DataFrame, names: Mapping[str, str], tolerance_minutes: float
) -> pd.DataFrame:
    """List families whose nearest site changes, by the pair of sites.

    Parameters
    ----------
    areas : DataFrame
        `Impact.areas`.
    names : mapping of str to str
    tolerance_minutes : float

    Returns
    -------
    DataFrame
        ``from_site to_site from_name to_name families weighted_families mean_extra_minutes
        max_extra_minutes affected``; ``to_site`` is empty where no site is reached any more,
        ``from_site`` where none was before.

    Examples
    --------
    >>> rows = pd.DataFrame({"count": [4.0], "weight": [4.0], "nearest_before": ["X"],
    ...                      "nearest_after": ["Y"], "change_minutes": [3.0]})
    >>> moves_table(rows, {}, 0.01)[["from_site", "to_site", "families"]].to_numpy().tolist()
    [['X', 'Y', 4.0]]
    """
    moved = areas[(areas["nearest_before"] != areas["nearest_after"]) & (areas["count"] > 0)]
    rows = []
    for pair, part in moved.groupby(["nearest_before", "nearest_after"], sort=True):
        old, new = (str(site) for site in pair)
        change = part["change_minutes"].to_numpy(float)
        count = part["count"].to_numpy(float)
        finite = change[np.isfinite(change)]
        rows.append(
            {
                "from_site": old,
                "to_site": new,
                "from_name": named([old], names)[0],
                "to_name": named([new], names)[0],
                "families": count.sum(),
                "weighted_families": part["weight"].sum(),
                "mean_extra_minutes": weighted_mean(change, count),
                "max_extra_minutes": finite.max() if finite.size else np.nan,
                "affected": count[np.abs(np.nan_to_num(change)) > tolerance_minutes].sum(),
            }
        )
    columns = [
        *_MOVE_COLUMNS,
        "from_name",
        "to_name",
        "families",
        "weighted_families",
        "mean_extra_minutes",
        "max_extra_minutes",
        "affected",
    ]
    return pd.DataFrame(rows, columns=columns)


def closed_table(
    areas: pd.DataFrame,
    moves: pd.DataFrame,
    before: Sequence[str],
    after: Sequence[str],
    names: Mapping[str, str],
) -> pd.DataFrame:
    """One row a closed site: families displaced, where to, and their extra minutes.

    Parameters
    ----------
    areas, moves : DataFrame
        `Impact.areas` and `Impact.moves`.
    before, after : sequence of str
        Open sites.
    names : mapping of str to str

    Returns
    -------
    DataFrame
        ``site name families weighted_families mean_minutes_before mean_minutes_after
        mean_extra_minutes max_extra_minutes newly_unreachable goes_to``.

    Examples
    --------
    >>> closed_table(pd.DataFrame(), pd.DataFrame(), ["X"], ["X"], {}).shape[0]
    0
    """
    rows = []
    for site in sorted(set(before) - set(after)):
        own = areas[(areas["nearest_before"] == site) & (areas["count"] > 0)]
        out = moves[moves["from_site"] == site].sort_values(
            ["families", "to_site"], ascending=[False, True]
        )
        count, change = own["count"].to_numpy(float), own["change_minutes"].to_numpy(float)
        finite = change[np.isfinite(change)]
        to_words = [
            f"{name or 'no site in reach'} ({count_words(families)})"
            for name, families in zip(out["to_name"], out["families"], strict=True)
        ]
        rows.append(
            {
                "site": site,
                "name": named([site], names)[0],
                "families": count.sum(),
                "weighted_families": own["weight"].sum(),
                "mean_minutes_before": weighted_mean(own["minutes_before"], count),
                "mean_minutes_after": weighted_mean(own["minutes_after"], count),
                "mean_extra_minutes": weighted_mean(change, count),
                "max_extra_minutes": finite.max() if finite.size else np.nan,
                "newly_unreachable": count[np.isposinf(change)].sum(),
                "goes_to": "; ".join(to_words),
            }
        )
    columns = [
        "site",
        "name",
        "families",
        "weighted_families",
        "mean_minutes_before",
        "mean_minutes_after",
        "mean_extra_minutes",
        "max_extra_minutes",
        "newly_unreachable",
        "goes_to",
    ]
    return pd.DataFrame(rows, columns=columns)


def read_capacity(capacity: Mapping[str, float] | None) -> dict[str, float]:
    """Check capacities: numbers of 0 or more, by site id.

    Parameters
    ----------
    capacity : mapping of str to float, optional

    Returns
    -------
    dict
        Without the sites whose capacity is not known (``None`` or ``nan``).

    Raises
    ------
    ParameterError
        Naming every capacity that is not a number of 0 or more.

    Examples
    --------
    >>> read_capacity({"X": 50, "Y": None})
    {'X': 50.0}
    """
    out, faults = {}, []
    for site, value in (capacity or {}).items():
        number = pd.to_numeric(value, errors="coerce")
        if value is None or (isinstance(value, float) and np.isnan(value)):
            continue
        if not (np.isfinite(number) and number >= 0):
            faults.append(
                Fault("capacity", str(site), "", str(value), "a number of families, 0 or more")
            )
            continue
        out[str(site)] = float(number)
    fail("capacity has values that cannot be used", faults)
    return out


def receiving_table(
    areas: pd.DataFrame,
    moves: pd.DataFrame,
    after: Sequence[str],
    names: Mapping[str, str],
    capacity: Mapping[str, float] | None,
) -> pd.DataFrame:
    """One row a site that is nearest to more families than before.

    Parameters
    ----------
    areas, moves : DataFrame
        `Impact.areas` and `Impact.moves`.
    after : sequence of str
        Sites open after.
    names : mapping of str to str
    capacity : mapping of str to float, optional

    Returns
    -------
    DataFrame
        ``site name families_before families_added families_after mean_extra_minutes capacity
        share_over_capacity``: how far families after exceed capacity, as a share of it (0
        when they do not); both ``nan`` where capacity is not known.

    Raises
    ------
    ParameterError
        If a capacity is not a number of 0 or more.
    """
    known = read_capacity(capacity)
    rows = []
    for site in sorted(after):
        into = moves[moves["to_site"] == site]
        if into.empty:
            continue
        families_after = areas.loc[areas["nearest_after"] == site, "count"].sum()
        limit = known.get(site, np.nan)
        over = max(families_after - limit, 0.0) if np.isfinite(limit) else np.nan
        rows.append(
            {
                "site": site,
                "name": named([site], names)[0],
                "families_before": areas.loc[areas["nearest_before"] == site, "count"].sum(),
                "families_added": into["families"].sum(),
                "families_after": families_after,
                "mean_extra_minutes": weighted_mean(into["mean_extra_minutes"], into["families"]),
                "capacity": limit,
                "share_over_capacity": over / limit if limit > 0 else np.nan,
            }
        )
    columns = [
        "site",
        "name",
        "families_before",
        "families_added",
        "families_after",
        "mean_extra_minutes",
        "capacity",
        "share_over_capacity",
    ]
    return pd.DataFrame(rows, columns=columns)


def one_more_table(
    areas: pd.DataFrame, after: Sequence[str], names: Mapping[str, str]
) -> pd.DataFrame:
    """What the closing of each site that is left would add, one at a time.

    Parameters
    ----------
    areas : DataFrame
        `Impact.areas`.
    after : sequence of str
    names : mapping of str to str

    Returns
    -------
    DataFrame
        As `Impact.if_one_more_closes`.
    """
    count = areas["count"].to_numpy(float)
    first = areas["minutes_after"].to_numpy(float)
    second = areas["second_minutes_after"].to_numpy(float)
    rows = []
    for site in sorted(after):
        own = (areas["nearest_after"] == site).to_numpy() & (count > 0)
        extra = second[own] - first[own]
        finite = extra[np.isfinite(extra)]
        rows.append(
            {
                "site": site,
                "name": named([site], names)[0],
                "families": count[own].sum(),
                "mean_extra_minutes": weighted_mean(extra, count[own]),
                "max_extra_minutes": finite.max() if finite.size else np.nan,
                "newly_unreachable": count[own][np.isinf(extra)].sum(),
                "mean_minutes": weighted_mean(np.where(own, second, first), count),
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values(["families", "site"], ascending=[False, True], ignore_index=True)
