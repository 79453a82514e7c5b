"""``reanalysis predict``: a new cohort as today's posterior predicts it, and the posterior with that cohort in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reanalysis.cli.options import Data, Format, Seed

if TYPE_CHECKING:
    from reanalysis.alternatives.outcome import Outcome
    from reanalysis.cli.output import Page
    from reanalysis.decisions.new_cohort import NotPredicted, Prediction
    from reanalysis.evidence.evidence import Evidence


def predict_command(
    data: Data,
    new: Annotated[Path, typer.Option("--new", help="Evidence folder of the new cohort.")],
    seed: Seed = None,
    output: Format = "table",
) -> None:
    """Predict a new cohort's counts, score the prediction, and show the posterior with the cohort absorbed."""
    from reanalysis.cli.option_checks import bad_format, require
    from reanalysis.cli.output import Page, print_json, until_closed
    from reanalysis.cli.progress import working
    from reanalysis.decisions.new_cohort import Prediction, predict
    from reanalysis.evidence.audit.ledger import audit
    from reanalysis.evidence.reading.folder import read_evidence

    require(bad_format(output))
    evidence, cohort = read_evidence(data), read_evidence(new)
    ledger = audit(cohort)
    with working(f"predicting {new}"):
        found = predict(evidence, cohort, seed)
    if output == "json":
        print_json(
            {
                "seed": evidence.settings.seed if seed is None else seed,
                "findings": [f for f in ledger.findings if f.severity != "info"],
                "predictions": [p for p in found if isinstance(p, Prediction)],
                "not_predicted": [p for p in found if not isinstance(p, Prediction)],
            }
        )
        return
    page = Page()
    with until_closed(page.file):  # type: ignore[arg-type]
        page.lines(f"{cohort.title}: predicted from {evidence.title}", style="bold")
        for finding in ledger.findings:
            if finding.severity != "info":
                page.lines(f"{finding.severity} {finding.where}: {finding.message}")
        for one in found:
            _print(page, evidence, cohort, one)


def _print(page: Page, evidence: Evidence, cohort: Evidence, one: Prediction | NotPredicted) -> None:
    from reanalysis.decisions.new_cohort import NotPredicted

    page.heading(f"{evidence.endpoint_label(one.endpoint)}, {cohort.study_label(one.study)}")
    if isinstance(one, NotPredicted):
        page.lines(f"not predicted: {one.reason}", indent=2)
        return
    expected, score = one.expected, one.score
    page.lines(
        f"expected {expected.median:.0f} of {one.n} ({expected.lower:.0f} to {expected.upper:.0f}; "
        f"control risk from {one.control}; rho {one.rho:g}), reported {one.printed}",
        indent=2,
    )
    page.lines(
        f"log score {score.log_score:.2f}; randomised PIT {score.pit:.2f} (between {score.pit_low:.2f} and "
        f"{score.pit_high:.2f})",
        indent=2,
    )
    page.lines(f"before, {one.model}: {_effect(one.before)}", indent=2)
    page.lines(f"with the cohort: {_effect(one.after)}", indent=2)
    if one.primary is not None:
        page.lines(f"primary analysis, unchanged: {_effect(one.primary)}", indent=2)


def _effect(headline: Outcome) -> str:
    ratio, sides = headline.odds_ratio, headline.direction
    assert ratio is not None
    assert sides is not None
    chance = (
        f"P(odds ratio < 1) {sides.below:.2f}"
        if sides.benefit is None
        else f"P(benefit) {sides.benefit:.2f}, P(harm) {sides.harm:.2f}"
    )
    return f"{headline.note}, odds ratio {ratio.median:.2f} ({ratio.lower:.2f} to {ratio.upper:.2f}), {chance}"
