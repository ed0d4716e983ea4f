"""Savings and proposals as they are given, checked and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from access.errors import Fault, ParameterError, ScenarioError
from access.measure.demand import fail
from access.network.matrix import positions


def read_savings(savings: Mapping[str, float] | None, ids: Sequence[str]) -> dict[str, float]:
    """Check savings: numbers by site id.

    Parameters
    ----------
    savings : mapping of str to float, optional
        ``None`` or ``nan`` where not known.
    ids : sequence of str
        Sites of the baseline.

    Returns
    -------
    dict
        Of the sites whose savings are known.

    Raises
    ------
    ParameterError
        Naming every unknown site and every figure that is not a number.

    Examples
    --------
    >>> read_savings({"X": 59000, "Y": None}, ["X", "Y"])
    {'X': 59000.0}
    """
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


def read_proposal(
    proposal: Sequence[str] | object | None, ids: Sequence[str], keep: int, always: set[str]
) -> tuple[tuple[str, ...] | None, list[str]]:
    """Read a proposal as the sites that it keeps.

    Parameters
    ----------
    proposal : sequence of str, Scenario or None
        The sites kept; as many as are closed (where that is another number) are read as those.
    ids : sequence of str
        Sites that may be kept or closed.
    keep : int
    always : set of str
        Sites open in every option, which a proposal may name or not.

    Returns
    -------
    kept : tuple of str or None
    notes : list of str
        How it was read, where that was a choice.

    Raises
    ------
    ParameterError
        If an id is unknown.
    ScenarioError
        If it keeps another number of sites.

    Examples
    --------
    >>> read_proposal(["Z"], ["X", "Y", "Z"], 2, set())
    (('X', 'Y'), ['proposal read as the sites closed: Z'])
    """
    if proposal is None:
        return None, []
    proposal = getattr(proposal, "open_ids", proposal)
    if isinstance(proposal, str) or not hasattr(proposal, "__iter__"):
        raise ParameterError(f"proposal={proposal!r}; expected a list of the sites that it keeps")
    listed = sorted({str(i) for i in proposal} - always)
    try:
        positions(ids, listed, "site")
    except ParameterError as error:
        raise ParameterError(f"proposal: {error.message}") from None
    if len(listed) == keep:
        return tuple(listed), []
    if len(listed) == len(ids) - keep:
        kept = tuple(i for i in ids if i not in listed)
        return kept, [f"proposal read as the sites closed: {', '.join(listed)}"]
    raise ScenarioError(
        f"the proposal names {len(listed)} of {len(ids)} sites, but keep={keep}; "
        f"expected the {keep} sites that it keeps"
    )
