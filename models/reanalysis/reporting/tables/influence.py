"""Which puzzles of the print matter, and what should the authors be asked?"""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.alternatives.influence import Influence
from reanalysis.alternatives.questions import Question
from reanalysis.estimands.words import percent, ratio
from reanalysis.evidence.evidence import Evidence
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.tables.alternatives import group_title


def influence_table(evidence: Evidence, influences: Sequence[Influence]) -> Markdown:
    """How far each finding with alternatives moves each endpoint, largest first."""
    declared = any(i.primary.benefit is not None for i in influences)
    name = "P(benefit)" if declared else "P(fewer events)"
    rows = []
    for i in influences:
        if not i.alternatives:
            named = f"{i.left} alternatives, not fitted to bound the time"
            rows.append([group_title(i.kind), evidence.endpoint_label(i.endpoint), named, "", "", "", ""])
            continue
        reference = i.primary.benefit if i.primary.benefit is not None else i.primary.below
        low, high = i.odds_ratios
        chances = i.probabilities
        one = len(i.alternatives) == 1
        rows.append(
            [
                group_title(i.kind),
                evidence.endpoint_label(i.endpoint),
                i.alternatives[0].label if one else _number(i),
                ratio(low) if one else f"{ratio(low)} to {ratio(high)}",
                percent(chances[0]) if one else f"{percent(chances[0])} to {percent(chances[1])}",
                percent(reference),
                f"{100 * i.shift:.1f}",
            ]
        )
    return table(
        [
            Column("Puzzle", 1.5),
            Column("Endpoint", 1.3),
            Column("Alternative", 2.2),
            Column("Odds ratio (mean)", 1.1),
            Column(name, 1),
            Column("As analysed", 0.8, "right"),
            Column("Shift, points", 0.7, "right"),
        ],
        rows,
        "Which puzzles of the print matter: posterior mean odds ratio (on the log scale) and "
        f"{name} under each alternative, largest shift first."
        + (" Where no good side is declared, P(fewer events)." if declared else ""),
        "tbl-influence",
    )


def _number(influence: Influence) -> str:
    fitted = len(influence.alternatives)
    return f"{fitted} of {fitted + influence.left} alternatives" if influence.left else f"{fitted} alternatives"


def question_table(evidence: Evidence, questions: Sequence[Question]) -> Markdown:
    """Questions to the authors, those whose answer could move most first."""
    declared = any(endpoint.better for endpoint in evidence.settings.endpoints.values())
    rows = [
        [
            evidence.study_label(q.study) if q.study else "all",
            q.text,
            "not known" if q.shift is None else f"{100 * q.shift:.1f}",
        ]
        for q in questions
    ]
    return table(
        [
            Column("Study", 1),
            Column("Question", 5),
            Column(f"Could shift {'P(benefit)' if declared else 'P(fewer events)'} by, points", 1.1, "right"),
        ],
        rows,
        "Questions to the authors: the figure that would settle each finding, and how far it could move an endpoint.",
        "tbl-questions",
    )
