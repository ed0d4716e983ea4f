"""What a change saves and costs a year: saved at closed sites, spent at opened ones, apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from access.scenario.sites import Site, SiteSet
from access.text import listed, named

_NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Money:
    """Pounds a year, each figure for itself.

    Parameters
    ----------
    saved_gbp, spent_gbp : float or None
        What the closed sites cost and the opened ones will; ``None`` where one of them is not
        known, 0 where there is none.
    saved_unknown, spent_unknown : tuple of str
        Ids of the sites whose cost is not known.
    stated_saving_gbp : float or None
        What the proposal itself says that it saves.
    source : str
        Who says so.
    """

    saved_gbp: float | None = 0.0
    spent_gbp: float | None = 0.0
    saved_unknown: tuple[str, ...] = ()
    spent_unknown: tuple[str, ...] = ()
    stated_saving_gbp: float | None = None
    source: str = ""

    @property
    def net_saving_gbp(self) -> float | None:
        """Saved less spent; ``None`` where either is not known."""
        if self.saved_gbp is None or self.spent_gbp is None:
            return None
        return self.saved_gbp - self.spent_gbp

    def figures(self) -> dict[str, Any]:
        """Give every figure by name."""
        return {
            "saved_at_closed_sites_gbp": self.saved_gbp,
            "spent_at_opened_sites_gbp": self.spent_gbp,
            "cost_not_known": [*self.saved_unknown, *self.spent_unknown],
            "net_saving_gbp": self.net_saving_gbp,
            "stated_saving_per_year_gbp": self.stated_saving_gbp,
            "stated_by": self.source,
        }

    def sentence(self, names: Mapping[str, str]) -> str:
        """Say what is saved and spent, and what the proposal itself says."""
        parts = [f"saved at closed sites {_pounds(self.saved_gbp, self.saved_unknown, names)}"]
        if self.spent_gbp != 0.0:
            spent = _pounds(self.spent_gbp, self.spent_unknown, names)
            parts.append(f"spent at opened sites {spent}")
        text = f"A year, by the register: {'; '.join(parts)}."
        if self.stated_saving_gbp is not None:
            by = f" ({self.source})" if self.source else ""
            text += f" The proposal's own figure: saves £{self.stated_saving_gbp:,.0f} a year{by}."
        return text


def _pounds(value: float | None, unknown: tuple[str, ...], names: Mapping[str, str]) -> str:
    if value is None:
        return f"{_NOT_KNOWN} (no yearly cost of {listed(named(unknown, names))})"
    return f"£{value:,.0f}"


def money_of(
    before: SiteSet, after: SiteSet, *, stated_gbp: float | None = None, source: str = ""
) -> Money:
    """Add up what closed sites cost, and what opened ones will."""
    old, new = set(before.open_ids), set(after.open_ids)
    # what a change itself says of a closed site's cost stands in the sites after it
    saved, lost = _sum(site for site in after.sites if site.id in old - new)
    spent, more = _sum(site for site in after.sites if site.id in new - old)
    return Money(saved, spent, lost, more, stated_gbp, source)


def _sum(sites: Iterable[Site]) -> tuple[float | None, tuple[str, ...]]:
    listed = list(sites)
    unknown = tuple(sorted(s.id for s in listed if s.annual_cost_gbp is None))
    if unknown:
        return None, unknown
    return float(sum(s.annual_cost_gbp or 0.0 for s in listed)), ()
