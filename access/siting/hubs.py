"""The Family Hub question: where hubs would best stand, and how far a council's choice is off.

Values in, values out: minutes, demand and names come from the caller; nothing is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from access.errors import ParameterError
from access.siting.alternatives import Alternatives, Curve, Front, alternatives, curve, pareto_front
from access.siting.inputs import Faults, read_count, read_ids, read_number
from access.siting.problem import Demand, Goal, Problem, Rule
from access.siting.progress import Progress
from access.siting.rank_of import SetRank, rank_of_set
from access.siting.resolve import resolve
from access.siting.solution import Solution
from access.siting.solve import site
from access.text import share_figure


@dataclass(frozen=True, eq=False)
class HubSearch:
    """Everything found about where hubs would best stand.

    Parameters
    ----------
    curve : Curve
        The best hubs for each number of them.
    best : Solution
        The best hubs, as many as the council's (or as asked).
    best_worst : Solution
        The hubs that are best for the worst-off area, as many.
    near_best : Alternatives
        The best sets within a share of the best.
    front : Front
        Every trade-off between mean and worst (and cost where given).
    kinds : dict of str to str
        What stands at each site today.
    assumptions : tuple of str
        What must be said beside any of these numbers.
    """

    curve: Curve
    best: Solution
    best_worst: Solution
    near_best: Alternatives
    front: Front
    council: SetRank | None
    names: Mapping[str, str]
    kinds: Mapping[str, str]
    shares: Mapping[str, float]
    assumptions: tuple[str, ...] = ()

    def curve_frame(self) -> pd.DataFrame:
        """Give the curve with names, one row a number of hubs."""
        table = self.curve.to_frame().rename(columns={"objective": "mean_minutes"})
        table["names"] = [self.named(chosen) for chosen in table["chosen"]]
        table["elbow"] = [p == self.curve.elbow for p in table.index]
        return table.drop(columns="mean minutes", errors="ignore")

    def alternatives_frame(self) -> pd.DataFrame:
        """Give the near-best sets with names, one row a set."""
        table = self.near_best.table.rename(columns={"mean minutes": "mean_minutes"})
        return table.assign(names=[self.named(chosen) for chosen in table["chosen"]])

    def front_frame(self) -> pd.DataFrame:
        """Give the trade-offs with names, one row a set."""
        table = self.front.table
        return table.assign(names=[self.named(chosen) for chosen in table["chosen"]])

    def named(self, chosen: Iterable[str]) -> str:
        """Name sites in one line."""
        return "; ".join(self.names.get(i, i) for i in chosen)

    @property
    def words(self) -> str:
        """What was found, as a planner would say it."""
        lines = [self._best_words()]
        if self.best.unserved:
            share = self.best.unserved_weight / self.best.demand
            lines.append(
                f"{len(self.best.unserved)} areas with {share_figure(share, 1)} of the demand "
                "cannot reach any of them, and are in no average."
            )
        ties = self.near_best.ties
        close = len(self.near_best.table)
        if close > 1:
            share = float(self.near_best.table["worse"].max())
            lines.append(
                f"It is not alone: the best {close} sets are all within {share_figure(share, 1)} "
                "of it" + (f", {ties} of them exactly as good." if ties > 1 else ".")
            )
        if self.council is not None:
            lines.append(self._council_words(self.council))
        proven = {s.status for s in self.curve.solutions.values()} == {"proven_optimal"}
        if self.curve.elbow is not None and proven:
            at = self.curve.solutions[self.curve.elbow]
            lines.append(
                f"The curve bends at {self.curve.elbow} hubs (mean {at.objective:.1f} minutes): "
                "each further hub saves less than those before it."
            )
        return "\n".join(lines)

    def _best_words(self) -> str:
        best, n = self.best, len(self.best.chosen)
        if best.status == "infeasible":
            return best.words
        proven = best.status == "proven_optimal"
        sure = "proven: no other set has a lower mean"
        if not proven:
            sure = "not proven"
            if np.isfinite(best.bound):
                sure += f": another set may come down to {best.bound:.2f}, and none below"
        return (
            f"The best {n} hubs {'' if proven else 'found '}for joint demand are "
            f"{self.named(best.chosen)}: a mean of {best.objective:.2f} minutes ({sure})."
        )

    def _council_words(self, council: SetRank) -> str:
        text = (
            f"The council's {len(council.chosen)} ({self.named(council.chosen)}) have a mean of "
            f"{council.mean_minutes:.2f} minutes, {council.mean_excess_minutes:.2f} more than the "
            f"best {len(council.chosen)}"
        )
        if council.rank_mean is not None and council.rank_worst is not None:
            text += (
                f": rank {council.rank_mean:,} of {council.sets:,} sets by the mean and "
                f"{council.rank_worst:,} by the worst-off area"
            )
        text += (
            f" ({council.worst_minutes:.1f} minutes against {council.best_worst_minutes:.1f} "
            "at best)."
        )
        if council.within_rules:
            return text
        return text + " It does not keep the rules asked for: compared without them."


def hub_search(
    demands: Sequence[Demand],
    *,
    most: int = 12,
    size: int | None = None,
    council: Iterable[str] = (),
    rules: Sequence[Rule] = (),
    locked_open: Iterable[str] = (),
    locked_closed: Iterable[str] = (),
    site_costs: Any = None,
    near_best: int = 10,
    within: float = 0.02,
    names: Mapping[str, str] | None = None,
    kinds: Mapping[str, str] | None = None,
    assumptions: Sequence[str] = (),
    time_limit_s: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> HubSearch:
    """Find the best hubs for joint demand, how choices trade off, and where a choice stands."""
    base = Problem(
        tuple(demands), p=1, goals=Goal.mean(), locked_open=tuple(locked_open),
        locked_closed=tuple(locked_closed), site_costs=site_costs, rules=tuple(rules),
    )  # fmt: skip
    opened, ids, size, most = _sizes(base, council, most, size, near_best, within)
    search: dict[str, Any] = {"time_limit_s": time_limit_s, "progress": progress}
    bends = curve(base, range(max(1, opened), most + 1), **search)
    bends = Curve(
        {p: s for p, s in bends.solutions.items() if s.status != "infeasible"}, bends.elbow
    )
    asked = replace(base, p=size)
    best = bends.solutions.get(size) or site(asked, **search)
    if best.status == "infeasible":
        raise ParameterError(f"no {size} hubs keep the rules. {best.explanation}")
    standing = None
    if ids:
        standing = rank_of_set(asked, ids)
        if not standing.within_rules:
            # Among sets that keep rules it does not keep, it has no rank; among all it has.
            free = replace(asked, rules=(), locked_open=(), locked_closed=())
            standing = replace(rank_of_set(free, ids), within_rules=False)
    return HubSearch(
        curve=bends,
        best=best,
        best_worst=site(replace(asked, goals=(Goal.worst(), Goal.mean())), **search),
        near_best=alternatives(asked, near_best, within=within, **search),
        front=pareto_front(asked, with_cost=site_costs is not None, **search),
        council=standing,
        names=dict(names or {}),
        kinds=dict(kinds or {}),
        shares={d.name: s.share for d, s in zip(demands, resolve(asked).services, strict=True)},
        assumptions=tuple(assumptions),
    )


def _sizes(
    base: Problem,
    council: Iterable[str],
    most: int,
    size: int | None,
    near_best: int,
    within: float,
) -> tuple[int, tuple[str, ...], int, int]:
    """Check what is asked, all at once, against the sites there are."""
    faults = Faults("hub_search")
    opened = len(tuple(base.locked_open))
    resolved = resolve(replace(base, p=None, fewest=None, most=None), "hub_search")
    sites = int(resolved.may.sum())
    ids = read_ids(council, resolved.site_ids, faults, "council")
    most = read_count(most, max(1, opened), 10_000, faults, "most")
    wanted = size if size is not None else (len(ids) or min(3, sites))
    wanted = read_count(wanted, max(1, opened), sites, faults, "size")
    read_count(near_best, 1, 10_000, faults, "near_best")
    read_number(within, faults, "within")
    faults.stop()
    return opened, ids, wanted, min(most, sites)
