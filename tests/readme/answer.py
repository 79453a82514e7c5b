"""The README's answer and figure, from the evidence: ``python tests/readme/answer.py`` rewrites them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Never

from reanalysis.analysis.analysis import Analysis, carry_out
from reanalysis.analysis.plan import plan
from reanalysis.analysis.request import Request
from reanalysis.analysis.task import Task, TaskFailed, here
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures.overview import plot_overview
from reanalysis.figures.save import save_figure
from reanalysis.reporting.outcomes import beliefs, outcome_rows
from reanalysis.reporting.unknown import shared_endpoints
from reanalysis.reporting.unmodelled import measured
from reanalysis.reporting.verdict import verdict

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DATA = ROOT / "data" / "anakinra"
GALLERY = ROOT / "reports" / "gallery"
START = "<!-- answer: written by `make readme` from data/anakinra, checked by the tests -->\n"
END = "<!-- answer ends -->\n"


def without_scrutiny[R](task: Task[R]) -> Callable[[], R]:
    """Runs tasks here, and leaves out what the answer does not show."""
    if task.kind == "sensitivity":
        evidence, spec, endpoint, _ = task.arguments
        return here(replace(task, arguments=(evidence, spec, endpoint, False)))
    if task.kind == "model":
        return nothing
    return here(task)


def nothing() -> Never:
    raise TaskFailed("left out")


def analysed(evidence: Evidence) -> Analysis:
    """An analysis by quadrature, without what the answer does not show."""
    return carry_out(plan(evidence, Request("quadrature")), without_scrutiny)


def answer(analysis: Analysis) -> str:
    """The sentences and numbers of the report's first page."""
    said = [f"- **{one.lead}** {one.text}" for one in verdict(analysis)]
    head = "Outcome | Evidence | Without, of 100 | With, of 100 | Difference, of 100 | Odds ratio | How likely"
    table = [f"| {head} |", f"|{'---|' * 7}"]
    notes = []
    for row in outcome_rows(analysis):
        cells = [row.label, row.evidence, row.without, row.treated, row.difference, row.odds_ratio, row.chances]
        table.append(f"| {' | '.join(cells)} |")
        if row.notes:
            notes.append(f"- {row.label}. {' '.join(row.notes)}")
    blocks = [shared_endpoints(analysis), "\n".join(said), "\n".join(table), "\n".join(notes)]
    blocks += filter(None, [beliefs(analysis.headlines), measured(analysis.evidence)])
    return "\n\n".join(blocks) + "\n"


def written() -> str:
    text = README.read_text(encoding="utf-8")
    return text[text.index(START) + len(START) : text.index(END)]


def main() -> None:
    found = analysed(read_evidence(DATA))
    text = README.read_text(encoding="utf-8")
    before, after = text[: text.index(START) + len(START)], text[text.index(END) :]
    README.write_text(before + answer(found) + after, encoding="utf-8")
    save_figure(plot_overview(found), GALLERY / "overview")
    (GALLERY / "overview.png").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
