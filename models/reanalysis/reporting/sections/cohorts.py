"""The cohorts side by side, the limits of the evidence, and how to read the numbers."""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.estimands.words import counted
from reanalysis.reporting.markdown import Markdown, render
from reanalysis.reporting.section import Artefacts, Section
from reanalysis.reporting.table import Column, Table

_LIMITS = """\
::: {.limits}
{% for limit in limits %}
- {{ limit }}
{% endfor %}
:::
"""

_READING = """\
Every effect is an odds ratio of the event with {{ settings.treated_label }} against {{ settings.control_label }};
below 1 means fewer events. Intervals hold 95 % of the posterior probability, equally cut at both ends.
{% if declared %}
P(benefit) is the posterior probability that the effect lies on the good side of no effect, P(harm) that it does not.
{%- else %}
P(fewer) is the posterior probability that the odds ratio lies below 1; no side is declared better, so none is
called so.
{%- endif %} All of them depend on the priors ({{ priors }}) and on the discounts for design;
[the alternatives](#endpoints) show by how much.
"""


def cohort_table(analysis: Analysis) -> Table | None:
    """Facts readers compare cohorts by; None where analysis.toml gives none."""
    evidence = analysis.evidence
    studies = [s for s in evidence.studies if s in {n for e in analysis.endpoints for n in e.fit.posterior.data.names}]
    facts: dict[str, None] = {}
    for study in studies:
        facts.update(dict.fromkeys(evidence.study(study).facts))
    designs = {s: evidence.study(s).design for s in studies}
    if not facts and not any(designs.values()):
        return None
    rows = [[fact, *[evidence.study(s).facts.get(fact, "not given") for s in studies]] for fact in facts]
    rho = {s.study: s.rho for e in analysis.endpoints for s in e.fit.posterior.data.studies}
    rows.append(["Design class and discount", *[_discount(analysis, s, rho.get(s, 0.0)) for s in studies]])
    if len(studies) > 6:  # too many columns for a page: studies become rows
        return Table(
            [Column("Study", 1.2), *[Column(str(row[0])) for row in rows]],
            [[evidence.study_label(s), *[row[i + 1] for row in rows]] for i, s in enumerate(studies)],
            "The cohorts side by side.",
            "tbl-cohorts",
        )
    return Table(
        [Column("Fact", 1.1), *[Column(evidence.study_label(s), 1.6) for s in studies]],
        rows,
        "The cohorts side by side. A difference between cohorts cannot be told apart from a difference in any of these "
        "rows.",
        "tbl-cohorts",
    )


def _discount(analysis: Analysis, study: str, rho: float) -> str:
    settings = analysis.evidence.study(study)
    text = f"{settings.design or 'not declared'}; rho = {rho:g}"
    return text + (f"; k = {settings.k:g}" if settings.k is not None else "")


def limits(analysis: Analysis) -> list[str]:
    """Limits: those of analysis.toml, how the evidence was found, and those that follow from the data."""
    settings = analysis.evidence.settings
    found = list(settings.limits)
    if settings.search:
        found.append(settings.search)
    if not settings.limits:
        found.append("The folder states no limits of its own (limits in analysis.toml).")
    single = sum(len(e.headline.comparative) == 1 for e in analysis.endpoints)
    if single:
        total = len(analysis.endpoints)
        which = "every endpoint" if single == total else f"{counted(single, 'endpoint')} of {total}"
        found.append(f"One cohort alone stands behind {which}: nothing in this evidence confirms or contradicts it.")
    most = max(len(e.headline.comparative) for e in analysis.endpoints)
    if 1 < most < 10:
        found.append(
            f"With at most {most} cohorts the heterogeneity tau is hardly learnt from the data: its prior decides much "
            "of the interval of a new study."
        )
    return found


def _reading(_: Artefacts, analysis: Analysis) -> Markdown:
    declared = any(e.better for e in analysis.endpoints)
    priors = ", ".join(f"{name} {prior}" for name, prior in analysis.spec.priors.as_text().items())
    return render(_READING, settings=analysis.evidence.settings, declared=declared, priors=priors)


COHORTS: Section[Analysis] = Section(
    anchor="cohorts", title="The cohorts", text=lambda _, analysis: cohort_table(analysis)
)
LIMITS: Section[Analysis] = Section(
    anchor="limits", title="Limits", text=lambda _, analysis: render(_LIMITS, limits=limits(analysis))
)
READING = Section(anchor="reading", title="What these numbers are", text=_reading)
