"""The nine protected characteristics: what the data can say of each, and what they cannot."""

from __future__ import annotations

from collections.abc import Sequence

from access.report.blocks import Bold, Text
from access.report.findings import ProposalFindings
from access.report.words import listed, sentence
from access.results import StudyResults
from access.scenario.equality import Group, groups_counted

#: Characteristics of the Equality Act 2010, section 4, and what a count by area tells of them.
CHARACTERISTICS: dict[str, str] = {
    "age": "",
    "disability": "people whose day-to-day activities are limited, of all ages, by area",
    "race": "White British and all others, by area; no finer groups",
    "sex": "",
    "pregnancy and maternity": "",
    "religion or belief": "",
    "gender reassignment": "",
    "marriage and civil partnership": "",
    "sexual orientation": "",
}
#: Columns that point to a characteristic without counting who has it.
POINTERS = {
    "pregnancy and maternity": ("children_0_4", "very young children are a pointer only"),
    "sex": ("lone_parent_households", "lone-parent households are a pointer only"),
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
    columns = set(map(str, results.study.areas.columns))
    groups = groups_counted(columns)
    told = {group.characteristic for group in groups}
    known: list[Text] = []
    missing = []
    for name, words in CHARACTERISTICS.items():
        if name == "age":
            known.append((Bold("Age: "), sentence(_ages(groups, findings))))
        elif name in told:
            known.append((Bold(f"{name.capitalize()}: "), sentence(words)))
        else:
            column, pointer = POINTERS.get(name, ("", ""))
            missing.append(f"{name} ({pointer})" if column in columns else name)
    known.append((Bold("No data by area: "), sentence(listed(missing, none="no characteristic"))))
    known.append(
        "For those without data nothing is shown here, and that is not a finding of no effect: "
        "consultation replies and the council's own records are where to look."
    )
    return tuple(known)


def _ages(groups: Sequence[Group], findings: Sequence[ProposalFindings]) -> str:
    """Say whom the services' tables count, and which ages are set beside everyone else."""
    services = listed([f"{f.noun} ({f.title})" for f in findings])
    bands = [group.label for group in groups if group.characteristic == "age"]
    beside = f"; set beside people of all other ages: {listed(bands)}" if bands else ""
    return f"counted: {services}{beside}; other ages are not told apart"
