"""The rules of `[localities]`: what every set of centres must keep to be ranked at all."""

from __future__ import annotations

from typing import Any

import pandas as pd

from access.errors import Fault
from access.study.config import StudyConfig

FILE = "study.toml"


def closure_rules(config: StudyConfig, centres: pd.DataFrame, service: str) -> dict[str, Any]:
    """Give one service's rules as options of `rank_closures`.

    Parameters
    ----------
    config : StudyConfig
    centres : DataFrame
        ``id service`` and, where known, ``locality``.
    service : str

    Returns
    -------
    dict
        ``never_close`` (ids of this service), ``localities`` (locality by id) and
        ``min_per_locality`` (least number by locality); the last two None where no rule is set.
    """
    rules = config.localities
    own = centres[centres["service"] == service]
    never = tuple(i for i in own["id"] if i in set(rules.never_close))
    where, least = _least_by_locality(config, own)
    return {
        "never_close": never,
        "localities": where if least else None,
        "min_per_locality": least or None,
    }


def _least_by_locality(
    config: StudyConfig, own: pd.DataFrame
) -> tuple[dict[str, str], dict[str, int]]:
    rules = config.localities
    if not rules.minimum_open or "locality" not in own:
        return {}, {}
    where = dict(zip(own["id"], own["locality"].astype(str), strict=True))
    bound = [name for name in sorted(set(where.values())) if name in rules.names or not rules.names]
    return where, dict.fromkeys(bound, rules.minimum_open)


def rule_faults(tables: dict[str, pd.DataFrame], config: StudyConfig) -> list[Fault]:
    """Find rules that name what is not there, ask too much, or that a proposal breaks.

    Parameters
    ----------
    tables : dict of str to DataFrame
        ``centres``.
    config : StudyConfig

    Returns
    -------
    list of Fault
    """
    centres, rules = tables["centres"], config.localities
    faults = [
        Fault(FILE, "localities.never_close", "", id_, "an id of centres.csv")
        for id_ in rules.never_close
        if id_ not in set(centres["id"])
    ]
    known = set(centres["locality"]) - {""} if "locality" in centres else set()
    faults += [
        Fault(FILE, "localities.names", "", name,
              f"a locality of centres.csv: {sorted(known) or 'its column locality names none'}")
        for name in rules.names
        if name not in known
    ]  # fmt: skip
    if rules.minimum_open:
        if "locality" not in centres or (centres["locality"] == "").any():
            expected = "a column locality in centres.csv that says where every centre is"
            return [*faults, Fault(FILE, "localities.minimum_open", "", "", expected)]
        for key in config.services:
            faults += _too_few(config, centres, key)
    for key in config.proposals:
        faults += _broken(config, centres, key)
    return faults


def _too_few(config: StudyConfig, centres: pd.DataFrame, service: str) -> list[Fault]:
    own = centres[centres["service"] == service]
    there = own["locality"].value_counts()
    return [
        Fault(FILE, "localities.minimum_open", "", str(least),
              f"at most {there[name]}, the number of {config.services[service].title} in {name}")
        for name, least in _least_by_locality(config, own)[1].items()
        if least > there[name]
    ]  # fmt: skip


def _broken(config: StudyConfig, centres: pd.DataFrame, key: str) -> list[Fault]:
    """Find the rules that a proposal breaks: it is ranked among sets that keep them."""
    proposal = config.proposals[key]
    rules = closure_rules(config, centres, proposal.service)
    faults = [
        Fault(FILE, f"proposals.{key}", "close", id_,
              "a centre that may close: localities.never_close names it; mend one of the two")
        for id_ in proposal.close
        if id_ in rules["never_close"]
    ]  # fmt: skip
    for name, least in (rules["min_per_locality"] or {}).items():
        ids = [i for i, where in rules["localities"].items() if where == name]
        left = len(set(ids) - set(proposal.close))
        # a site that opens has no locality of a centre: such a proposal is not ranked
        if left < least and not proposal.open:
            faults.append(
                Fault(FILE, f"proposals.{key}", "close", f"{left} left open in {name}",
                      f"at least {least}: localities.minimum_open; mend one of the two")
            )  # fmt: skip
    return faults
