"""One table each of what modes, criteria and trips are called."""

from __future__ import annotations

FURTHER = {"walk": "further to walk", "drive": "further to drive", "typical": "a longer trip"}


_TRIPS = {"walk": "walk", "drive": "drive", "typical": "usual family trip"}


_CRITERION_WORDS = {
    "mean": "average {trip}",
    "weighted_mean": "average {trip} weighted by deprivation",
    "p90": "the {trip} that nine in ten are within",
    "worst": "the longest {trip}",
    "share_beyond": "share beyond {threshold:g} minutes",
    "gap": "gap between most and least deprived fifths",
    "savings": "savings",
}


def trip(mode: str) -> str:
    """Name a mode's trip.

    Examples
    --------
    >>> trip("walk"), trip("bus")
    ('walk', 'bus trip')
    """
    return _TRIPS.get(mode, f"{mode} trip")


def criterion_words(criterion: str, mode: str, threshold_minutes: float = 20) -> str:
    """Name a criterion in plain words.

    Examples
    --------
    >>> criterion_words("mean", "walk"), criterion_words("share_beyond", "walk", 20)
    ('average walk', 'share beyond 20 minutes')
    """
    words = _CRITERION_WORDS.get(criterion, criterion)
    return words.format(trip=trip(mode), threshold=threshold_minutes)
