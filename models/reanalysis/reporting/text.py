"""What does the report say? Its Markdown, from which every format is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.changes import Changes
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted
from reanalysis.evidence.candidates.observation import sizes_told
from reanalysis.evidence.problems import file_name, printable
from reanalysis.evidence.reading.settings import Rho
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.changes_shown import changes_section
from reanalysis.reporting.explorer import page_data
from reanalysis.reporting.family import described_family
from reanalysis.reporting.glyphs import spelt
from reanalysis.reporting.markdown import Markdown, escape
from reanalysis.reporting.sentences import deciding_in_short, endpoint_summary, headline_sentences, not_known
from reanalysis.reporting.slug import anchor, slug
from reanalysis.reporting.standards import current_artefacts, standards
from reanalysis.reporting.tables import (
    alternatives,
    answer,
    cohorts,
    diagnostics,
    effects,
    influence,
    models,
    provenance,
    scrutiny,
    software,
    validation,
)
from reanalysis.reporting.tables.standards import standards_table
from reanalysis.versions import versions

_SHOWN_WITH_ENDPOINT = ("leave one out", "discounts")


def markdown(
    analysis: Analysis,
    figures: Mapping[str, Markdown],
    validated: CheckResult | None = None,
    changes: Changes | None = None,
) -> str:
    """The whole report as pandoc Markdown.

    Parameters
    ----------
    analysis : Analysis
        What to report.
    figures : mapping of str to Markdown
        Figures by name; a figure that is absent is left out.
    validated : CheckResult, optional
        The program against published figures, where that is known already.
    changes : Changes, optional
        What changed since the report that was published before.
    """
    environment = Environment(
        loader=PackageLoader("reanalysis.reporting"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="{##",  # {# starts an attribute in pandoc's Markdown
        comment_end_string="##}",
        finalize=escape,
        autoescape=False,
    )
    return environment.get_template("report.md.j2").render(_context(analysis, figures, validated, changes))


def _context(
    analysis: Analysis, figures: Mapping[str, Markdown], validated: CheckResult | None, changes: Changes | None
) -> dict[str, Any]:
    evidence, settings = analysis.evidence, analysis.evidence.settings
    weighed = analysis.weighed
    made = current_artefacts(analysis, figures, validated)
    others = [e for e in analysis.endpoints if e not in analysis.headlines]
    return {
        "settings": settings,
        "failed": analysis.failed,
        "changes": changes_section(changes),
        "answer": headline_sentences(analysis),
        "not_known": not_known(analysis),
        "page_data": page_data(analysis),
        "declared": any(e.better for e in analysis.endpoints),
        "shown": lambda name: figures.get(name, Markdown("")),
        "limits": limits(analysis),
        "priors": analysis.spec.priors.as_text(),
        "anchor": analysis.spec.anchor,
        "rho": {name: f"{value:g}" for name, value in _rho(settings.rho).items()},
        "factors": _factors(analysis),
        "denominators": [
            (f"{evidence.study_label(study)}, {arm}", denominator.reason)
            for study, one in settings.studies.items()
            for arm, denominator in one.denominator.items()
            if denominator.reason
        ],
        "family": described_family(evidence),
        "calibration": made.calibration,
        "validation": made.validation,
        "engine": analysis.engine,
        "seed": analysis.spec.seed,
        "all_models": analysis.all_models,
        "command_folder": Markdown(spelt(printable(file_name(evidence.folder))).replace("`", "")),
        "endpoints": [_endpoint(e) for e in analysis.endpoints],
        "deciding_priors": [(e.label, found) for e in analysis.headlines if (found := deciding_in_short(e))],
        "tables": {
            "answer": answer.answer_table(analysis, analysis.headlines, figures, "tbl-answer"),
            "others": answer.answer_table(analysis, others, figures, "tbl-others") if others else None,
            "cohorts": cohorts.cohort_table(analysis),
            "ledger": provenance.ledger_table(analysis),
            "deductions": provenance.deduction_table(analysis),
            "influence": influence.influence_table(evidence, weighed.influences) if weighed.influences else None,
            "questions": influence.question_table(evidence, weighed.questions) if weighed.questions else None,
            "gates": diagnostics.gate_table(analysis) if analysis.engine == "nuts" else None,
            "parameters": [t for e in analysis.endpoints if (t := diagnostics.parameter_table(e))],
            "agreement": diagnostics.agreement_table(analysis),
            "evidence": provenance.evidence_table(analysis),
            "contrasts": provenance.contrast_table(analysis),
            "sources": provenance.source_table(analysis),
            "validation": validation.validation_tables(made.validation),
            "validation_sources": validation.validation_sources(made.validation),
            "standards": standards_table(standards(made)),
            "versions": software.version_table(versions()),
        },
    }


def _rho(rho: Rho) -> dict[str, float]:
    return dict(rho)


def _factors(analysis: Analysis) -> list[tuple[str, str, str]]:
    evidence = analysis.evidence
    used = {o.study for e in analysis.endpoints for o in e.fit.selection.observations.values() if o.weighted}
    return [(evidence.study_label(s), f"{evidence.study(s).k:g}", evidence.study(s).k_reason) for s in sorted(used)]


def _endpoint(endpoint: EndpointAnalysis) -> dict[str, Any]:
    groups = endpoint.sensitivity
    return {
        "label": endpoint.label,
        "slug": slug(endpoint.id),
        "anchor": Markdown(anchor(endpoint.id)),
        "sentences": endpoint_summary(endpoint),
        "single": len(endpoint.headline.comparative) == 1,
        "note": endpoint.fit.evidence.endpoint(endpoint.id).note,
        "sizes": sizes_told(endpoint.fit.selection.observations),
        "tables": {
            "studies": effects.study_table(endpoint),
            "probabilities": effects.probability_table(endpoint),
            "leave_one_out": alternatives.sensitivity_table(endpoint, "leave one out"),
            "discounts": alternatives.sensitivity_table(endpoint, "discounts"),
            "models": models.model_table(endpoint),
            "tipping": scrutiny.tipping_table(endpoint),
            "predictive": scrutiny.predictive_table(endpoint),
            "power": scrutiny.power_table(endpoint),
            "alternatives": [
                effects.heterogeneity_table(endpoint),
                *(alternatives.sensitivity_table(endpoint, g) for g in groups if g not in _SHOWN_WITH_ENDPOINT),
            ],
        },
    }


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
        every = len(analysis.endpoints)
        which = "every endpoint" if single == every else f"{counted(single, 'endpoint')} of {every}"
        found.append(f"One cohort alone stands behind {which}: nothing in this evidence confirms or contradicts it.")
    most = max(len(e.headline.comparative) for e in analysis.endpoints)
    if 1 < most < 10:
        found.append(
            f"With at most {most} cohorts the heterogeneity tau is hardly learnt from the data: its prior decides much "
            "of the interval of a new study."
        )
    return found
