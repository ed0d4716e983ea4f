"""The nine protected characteristics: what the data can say of each, and what they cannot."""

from __future__ import annotations

from collections.abc import Sequence

from access.report.blocks import Bold, Text
from access.report.findings import ProposalFindings
from access.report.words import listed, sentence
from access.results import StudyResults

#: Characteristics of the Equality Act 2010, section 4, and columns of the areas that tell of
#: them; those without a column are not known in any study of this kind.
CHARACTERISTICS: dict[str, tuple[tuple[str, ...], str]] = {
    "Age": ((), ""),
    "Disability": (
        ("disabled",),
        "people whose day-to-day activities are limited, of all ages, by area",
    ),
    "Race": (("white_british",), "White British and all others, by area; no finer groups"),
    "Sex": ((), ""),
    "Pregnancy and maternity": ((), "not known by area; very young children are a pointer only"),
    "Religion or belief": ((), ""),
    "Gender reassignment": ((), ""),
    "Marriage and civil partnership": ((), ""),
    "Sexual orientation": ((), ""),
}


def characteristic_points(
    results: StudyResults, findings: Sequence[ProposalFindings]
) -> tuple[Text, ...]:
    """Say of every protected characteristic what is known by area, and what is not.

    Parameters
    ----------
    results : StudyResults
    findings : sequence of ProposalFindings

    Returns
    -------
    tuple of text
        One point each, those with no data last and named as such.
    """
    columns = set(results.study.areas.columns)
    bands = listed([f"{f.noun} ({f.title})" for f in findings])
    known: list[Text] = [(Bold("Age: "), sentence(f"counted: {bands}"))]
    without = []
    for name, (tells, words) in CHARACTERISTICS.items():
        if name == "Age":
            continue
        if columns.intersection(tells):
            known.append((Bold(f"{name}: "), sentence(words)))
        else:
            without.append((name, words if not tells else ""))
    missing = listed([name.lower() for name, _ in without], none="no characteristic")
    known.append((Bold("No data by area: "), sentence(missing)))
    known.append(
        "For those without data nothing is shown here, and that is not a finding of no effect: "
        "consultation replies and the council's own records are where to look."
    )
    return tuple(known)
