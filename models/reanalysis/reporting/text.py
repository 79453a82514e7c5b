"""The text of a report: the Markdown from which every format is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.changes import Changes
from reanalysis.gates.result import CheckResult
from reanalysis.reporting import contents
from reanalysis.reporting.explorer import page_data
from reanalysis.reporting.markdown import Markdown, block, joined
from reanalysis.reporting.section import Artefacts, Section
from reanalysis.validation.calibration.artefact import check_calibration
from reanalysis.validation.published import check_published


def markdown(
    analysis: Analysis,
    figures: Mapping[str, Markdown],
    validated: CheckResult | None = None,
    changes: Changes | None = None,
) -> str:
    """The whole report as pandoc Markdown.

    Figures come by name, and one that is absent is left out; ``validated`` is the program against published figures,
    which takes seconds where it is not known already; ``changes`` are those since the report published before.
    """
    made = Artefacts(analysis, figures, check_calibration(), validated or check_published(), changes)
    front = block("front", _texts(made, contents.FRONT))
    return joined([front, *_texts(made, contents.BODY), page_data(analysis)]) + "\n"


def _texts(made: Artefacts, sections: Sequence[Section[Analysis]]) -> list[Markdown]:
    return [section.placed(made, made.analysis) for section in sections]
