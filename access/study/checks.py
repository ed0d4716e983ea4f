"""Faults that only show when a study's tables and settings are held against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from access.errors import Fault
from access.study.config import StudyConfig
from access.study.rules import rule_faults


def parent_faults(areas: pd.DataFrame, parents: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    """Find areas without a parent, and columns that `study.toml` takes but no table has.

    Parameters
    ----------
    areas, parents : DataFrame
    config : StudyConfig

    Returns
    -------
    list of Fault
    """
    settings = config.areas
    file = str(settings.parent_table)
    faults = [
        Fault(file, "", column, "", f"this column: study.toml takes {ours!r} from it")
        for ours, column in (settings.shared_counts | settings.from_parent).items()
        if column not in parents
    ]
    faults += [
        Fault(settings.table, "", ours, "", f"no column {ours!r}: study.toml brings one of this "
              f"name from {file}, which would overwrite it; rename either")
        for ours in settings.shared_counts | settings.from_parent
        if ours in areas
    ]  # fmt: skip
    if settings.parent_key not in areas:
        faults.append(Fault(settings.table, "", settings.parent_key, "", "the parent's id"))
    elif "id" in parents:
        orphans = ~areas[settings.parent_key].isin(set(parents["id"]))
        faults += [
            Fault(settings.table, f"row {i + 2}", settings.parent_key,
                  str(areas[settings.parent_key].iloc[i]), f"an id of {file}")
            for i in np.flatnonzero(orphans)
        ]  # fmt: skip
    return faults


def cross_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find ids and columns that settings name and tables do not hold.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``centres, candidates, areas``.
    config : StudyConfig

    Returns
    -------
    list of Fault
    """
    centres, areas = tables["centres"], tables["areas"]
    known = set(centres["id"]) | set(tables["candidates"]["id"])
    faults = [
        Fault(
            "centres.csv", f"row {i + 2}", "service", service, f"one of {sorted(config.services)}"
        )
        for i, service in enumerate(centres["service"])
        if service not in config.services
    ]
    both = sorted(set(centres["id"]) & set(tables["candidates"]["id"]))
    faults += [Fault("candidates.csv", id_, "id", id_, "an id no centre has") for id_ in both]
    faults += _demand_faults(areas, centres, config)
    for key in config.proposals:
        faults += _proposal_faults(key, centres, known, config)
    faults += [
        Fault(
            "study.toml", "hubs.council_choice", "", id_, "an id of centres.csv or candidates.csv"
        )
        for id_ in config.hubs.council_choice
        if id_ not in known
    ]
    return faults + rule_faults(tables, config)


def _demand_faults(areas: pd.DataFrame, centres: pd.DataFrame, config: StudyConfig) -> list[Fault]:
    faults = []
    for key, service in config.services.items():
        if service.demand not in areas:
            expected = f"a column of the areas: {sorted(areas.columns)}"
            faults.append(
                Fault("study.toml", f"services.{key}", "demand", service.demand, expected)
            )
        elif float(areas[service.demand].sum()) <= 0:
            expected = f"somebody to serve ({service.noun})"
            faults.append(
                Fault(config.areas.table, "", service.demand, "0 in every area", expected)
            )
        else:
            faults += _weight_faults(areas, service.demand, config)
        if not (centres["service"] == key).any():
            faults.append(Fault("centres.csv", "", "service", "", f"at least one {key}"))
    return faults


def _weight_faults(areas: pd.DataFrame, demand: str, config: StudyConfig) -> list[Fault]:
    """Tell why the weights that are set cannot be made of the areas."""
    chosen = config.weights
    scheme = "none" if chosen.scheme == "linear" and "imd_rank" not in areas else chosen.scheme
    usual = ("none", "linear", "green_book")
    if scheme not in usual and scheme not in areas:
        numeric = areas.select_dtypes("number").columns.difference(["lon", "lat"])
        expected = f"{', '.join(usual)}, or a column of numbers of the areas: {sorted(numeric)}"
        return [Fault("study.toml", "weights", "scheme", scheme[:80], expected)]
    if scheme not in usual and not pd.api.types.is_numeric_dtype(areas[scheme]):
        expected = "a column of numbers of 0 or more; this one holds text"
        return [Fault("study.toml", "weights", "scheme", scheme[:80], expected)]
    if scheme == "green_book" and "income" not in areas:
        return [Fault("study.toml", "weights", "scheme", scheme, "a column income in the areas")]
    bounds = {"linear": ("imd_rank", 1, chosen.national_areas), "green_book": ("income", 0, np.inf)}
    if scheme == "none":
        return []
    column, low, high = bounds.get(scheme, (scheme, 0, np.inf))
    values = pd.to_numeric(areas[column], errors="coerce").to_numpy(float)
    wrong = ~(np.isfinite(values) & (values >= low) & (values <= high))
    wrong |= (values == 0) & (scheme == "green_book")
    if wrong.any() or not (values * areas[demand].to_numpy(float)).sum() > 0:
        expected = f"numbers from {low:g} to {high:g} in {column}, some above 0 where people live"
        found = f"{scheme[:80]}: {int(wrong.sum())} areas without"
        return [Fault("study.toml", "weights", "scheme", found, expected)]
    return []


def _proposal_faults(
    key: str, centres: pd.DataFrame, known: set[str], config: StudyConfig
) -> list[Fault]:
    proposal = config.proposals[key]
    where = f"proposals.{key}"
    own = set(centres.loc[centres["service"] == proposal.service, "id"])
    expected = f"a {proposal.service} of centres.csv: {sorted(own)}"
    faults = [
        Fault("study.toml", where, "close", id_, expected)
        for id_ in proposal.close
        if id_ not in own
    ]
    faults += [
        Fault("study.toml", where, "open", id_, "an id of centres.csv or candidates.csv")
        for id_ in proposal.open
        if id_ not in known
    ]
    faults += [
        Fault("study.toml", where, "open", id_, f"a site that is no open {proposal.service} today")
        for id_ in proposal.open
        if id_ in own
    ]
    if own and len(proposal.close) >= len(own) and not proposal.open:
        found = f"{len(proposal.close)} of {len(own)}"
        faults.append(
            Fault("study.toml", where, "close", found, "at least one centre to stay open")
        )
    return faults
