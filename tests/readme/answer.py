"""The README's answer and figure, from the evidence: ``python tests/readme/answer.py`` rewrites them."""

from __future__ import annotations

from pathlib import Path

from reanalysis.builds.compute import Alternatives, InThisProcess

from reanalysis.alternatives.all_models import ModelAnswer
from reanalysis.analysis.analysis import Analysis, carry_out, plan
from reanalysis.builds.log import BuildLog
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures.overview import plot_overview
from reanalysis.figures.save import save_figure
from reanalysis.model.spec import ModelSpec
from reanalysis.reporting.sentences import headline_sentences

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DATA = ROOT / "data" / "anakinra"
GALLERY = ROOT / "reports" / "gallery"
START = "<!-- answer: written by `make readme` from data/anakinra, checked by the tests -->\n"
END = "<!-- answer ends -->\n"


class WithoutScrutiny(InThisProcess):
    """Leaves out what the answer does not show."""

    def alternatives(self, evidence: Evidence, spec: ModelSpec, endpoint: str, headline: bool) -> Alternatives:
        return super().alternatives(evidence, spec, endpoint, False)

    def models(self, evidence: Evidence, spec: ModelSpec, endpoint: str, sampled: bool) -> tuple[ModelAnswer, ...]:
        return ()


def without_scrutiny(evidence: Evidence) -> Analysis:
    return carry_out(plan(evidence, "quadrature"), WithoutScrutiny(), BuildLog())


def analysis() -> Analysis:
    return without_scrutiny(read_evidence(DATA))


def answer(analysis: Analysis) -> str:
    first, *rest = headline_sentences(analysis)
    return first + "\n\n" + "".join(f"- {sentence}\n" for sentence in rest)


def written() -> str:
    text = README.read_text(encoding="utf-8")
    return text[text.index(START) + len(START) : text.index(END)]


def main() -> None:
    found = analysis()
    text = README.read_text(encoding="utf-8")
    before, after = text[: text.index(START) + len(START)], text[text.index(END) :]
    README.write_text(before + answer(found) + after, encoding="utf-8")
    save_figure(plot_overview(found), GALLERY / "overview")
    (GALLERY / "overview.png").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
