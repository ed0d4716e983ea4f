"""The assumptions of a study, in sentences that stand beside its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from access.study.config import StudyConfig


def study_assumptions(
    config: StudyConfig, centres: pd.DataFrame, inputs: Sequence[dict[str, str]]
) -> tuple[str, ...]:
    """Say what a reader must know before using any number of a study.

    Parameters
    ----------
    config : StudyConfig
    centres : DataFrame
        The register, with ``proxy``, ``assumed``, ``position_error_m``.
    inputs : sequence of dict
        From the manifest; tables that changed since are named.

    Returns
    -------
    tuple of str
    """
    said = list(config.study.notes)
    stand_ins = centres[centres["assumed"]]
    if len(stand_ins):
        said.append(
            f"{len(stand_ins)} of {len(centres)} centres are assumed stand-ins, because the papers "
            f"do not name the real ones: {_list(stand_ins)}."
        )
    proxies = centres[centres["proxy"]]
    if len(proxies):
        worst = proxies["position_error_m"].max()
        said.append(
            f"{len(proxies)} of {len(centres)} centres stand at a proxy position, wrong by up to "
            f"{worst:,.0f} m: {_list(proxies)}."
        )
    if config.areas.shared_counts:
        said.append(
            "Counts by age, car ownership and equality group are known for larger areas "
            f"({config.areas.parent_table}) and shared among the areas of each by "
            f"{config.areas.share_by}: an estimate, totals kept."
        )
    if config.areas.locality_from:
        said.append(
            "An area's locality is inferred: that of its nearest "
            f"{config.services[config.areas.locality_from].one} in a straight line."
        )
    said.append(
        f"Everyone in an area starts from its one point ({config.areas.unit}); "
        f"figures: {config.areas.vintage}."
    )
    changed = [i["file"] for i in inputs if i.get("changed") == "yes"]
    if changed:
        said.append(f"Changed since the manifest was written: {', '.join(changed)}.")
    return tuple(said)


def _list(sites: pd.DataFrame) -> str:
    return "; ".join(
        f"{name} ({id_})" for id_, name in zip(sites["id"], sites["name"], strict=True)
    )
