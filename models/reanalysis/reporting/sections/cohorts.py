"""The cohorts by name, side by side, the limits of the evidence, and how to read the numbers."""

from __future__ import annotations

from collections import Counter

from reanalysis.analysis.analysis import Analysis
from reanalysis.estimands.words import counted
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import Source
from reanalysis.reporting.markdown import Markdown, escape, render
from reanalysis.reporting.section import Artefacts, Section
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.unknown import compared
from reanalysis.reporting.unmodelled import elsewhere_told
from reanalysis.reporting.wording import address, author_year, capital

_MOST_NAMED = 8
"""So many studies at most stand on the first page; more are counted there and named in the table of facts."""
_MOST_WORDS = 55
"""Words of limits on the first page; the others follow it."""
_DOSE, _COMPARATOR, _PHASE = "dose", "comparator", "phase"
"""What the name of a fact in analysis.toml holds to stand in a column of the first page."""

_LIMITS = """\
::: {.limits}
{% for limit in limits %}
- {{ limit }}
{% endfor %}
:::
"""
_FIRST_LIMITS = """\
**Limits.** {% for limit in limits %}{{ limit }} {% endfor %}{{ link }}
"""

_READING = """\
Every effect is an odds ratio of the event with {{ settings.treated_label }} against {{ settings.control_label }};
below 1 means fewer events. Intervals are 95 % credible intervals.
{% if declared %}
How likely it helps is the probability that the effect lies on the good side of no effect, however little; how likely
it harms, that it does not. P(benefit) and P(harm) stand for them in tables.
{%- else %}
How likely fewer events are is the probability that the odds ratio lies below 1, written P(fewer) in tables; no side is
declared better, so none is called so.
{%- endif %} All of them depend on the priors ({{ priors }}). {% if discounted %}Each study counts for less than its
patients where it is not randomised (rho) and where it is weighted (k): both are assumptions, and
[the alternatives](#endpoints) show the results without them.{% else %}Every patient of every study counts in full:
no design that would count for less, and no weighting, is declared.{% endif %}

"""


# ---- on the first page ----------------------------------------------------------------------------------------------


def first_table(analysis: Analysis) -> Table | None:
    """The studies that compare, by name, with what their authors concluded; columns that say nothing are left out."""
    evidence, studies = analysis.evidence, compared(analysis)
    if len(studies) > _MOST_NAMED:
        return None
    heads = columns("Study 1.2 | Given 1.8 | Compared with 1.8 | Read from 1 | Authors concluded 2.4")
    rows = [
        [
            _study_link(evidence, study),
            _with_size(evidence, study, "treated", [evidence.study(study).product, _fact(evidence, study, _DOSE)]),
            _with_size(evidence, study, "control", [_fact(evidence, study, _COMPARATOR)]),
            _source(evidence, study).kind,
            declared.text if (declared := evidence.study(study).conclusion) else "",
        ]
        for study in studies
    ]
    told = [i for i in range(len(heads)) if i < 3 or any(row[i] for row in rows)]
    return Table(
        [heads[i] for i in told],
        [[row[i] or "not reported" for i in told] for row in rows],
        "Studies compared.",
        "tbl-compared",
    )


def _source(evidence: Evidence, study: str) -> Source:
    return evidence.sources.get(evidence.study(study).source, Source())


def _study_link(evidence: Evidence, study: str) -> Markdown:
    """Its label, author and year where that lacks them, and its phase; a link where its source has an identifier."""
    label, source = evidence.study_label(study), _source(evidence, study)
    named, phase = author_year(source), _fact(evidence, study, _PHASE)
    text = label if not named or named.split()[0] in label else f"{named} ({label})"
    text += f" (phase {phase})" if phase[:1].isdigit() else ""
    return Markdown(f"[{escape(text)}]({address(source)})") if address(source) else escape(text)


def _fact(evidence: Evidence, study: str, part: str) -> str:
    """The fact whose name holds a word; empty where there is none."""
    facts = evidence.study(study).facts
    return next((value for key, value in facts.items() if part in key.lower()), "")


def _with_size(evidence: Evidence, study: str, arm: str, parts: list[str]) -> str:
    """What a group was given, and how many patients it had: the size that most rows of the whole arm report."""
    rows = [r for r in evidence.rows_of_arm.get((study, arm), ()) if r.modelled and not r.subgroup and r.n]
    sizes = Counter(row.n for row in rows)
    size = f"n = {max(sizes, key=lambda n: (sizes[n], n))}" if sizes else "n not reported"
    return "; ".join(part for part in (*parts, size) if part)


def _first_limits(_: Artefacts, analysis: Analysis) -> Markdown:
    stated = analysis.evidence.settings.limits
    shown: list[str] = []
    for limit in limits(analysis)[0 if stated else 1 :]:
        if len(" ".join([*shown, limit]).split()) > _MOST_WORDS:
            break
        shown.append(limit)
    if not stated and not shown:
        shown.append("None is stated with this evidence.")
    return render(_FIRST_LIMITS, limits=shown, link=Markdown("[All limits](#limits)."))


# ---- behind it ------------------------------------------------------------------------------------------------------


def cohort_table(analysis: Analysis) -> Table | None:
    """Facts readers compare cohorts by; None where analysis.toml gives none."""
    evidence = analysis.evidence
    studies = [s for s in evidence.studies if s in {n for e in analysis.endpoints for n in e.fit.posterior.data.names}]
    facts = dict.fromkeys(fact for study in studies for fact in evidence.study(study).facts)
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
            "The studies side by side.",
            "tbl-cohorts",
        )
    return Table(
        [Column("Fact", 1.1), *[Column(evidence.study_label(s), 1.6) for s in studies]],
        rows,
        "The studies side by side."
        + (" A difference between their results may come from a difference in any of these rows." * (len(studies) > 1)),
        "tbl-cohorts",
    )


def _discount(analysis: Analysis, study: str, rho: float) -> str:
    settings = analysis.evidence.study(study)
    text = f"{settings.design or 'not declared'}; rho = {rho:g}"
    return text + (f"; k = {settings.k:g}" if settings.k is not None else "")


def limits(analysis: Analysis) -> list[str]:
    """Limits: those of analysis.toml, how the evidence was found, and those that follow from the data."""
    settings = analysis.evidence.settings
    found = list(settings.limits) or ["The folder states no limits of its own (limits in analysis.toml)."]
    if settings.search:
        found.append(settings.search)
    alone = [e.id for e in analysis.endpoints if len(e.headline.comparative) == 1]
    single = len(alone)
    if single and len(compared(analysis)) > 1:
        total = len(analysis.endpoints)
        which = "Each outcome has" if single == total else f"{capital(counted(single, 'of', 'of'))} "
        which += "" if single == total else f"{counted(total, 'outcome')} {'has' if single == 1 else 'have'}"
        told = any(elsewhere_told(analysis.evidence, endpoint) for endpoint in alone)
        more = " What other studies say stands with each." if told else " No other study reports them."
        found.append(f"{which} figures for both groups in one study only.{more}")
    most = max(len(e.headline.comparative) for e in analysis.endpoints)
    if 1 < most < 10:
        found.append(
            f"{capital(counted(most, 'study', 'studies'))} cannot show how much the effect varies from place to "
            "place; that part of the result comes from our assumptions."
        )
    return found


def _reading(_: Artefacts, analysis: Analysis) -> Markdown:
    declared = any(e.better for e in analysis.endpoints)
    priors = ", ".join(f"{name} {prior}" for name, prior in analysis.spec.priors.as_text().items())
    arms = [o for e in analysis.endpoints for o in e.fit.selection.observations.values()]
    discounted = any(o.weighted for o in arms) or any(
        study.rho for e in analysis.endpoints for study in e.fit.posterior.data.studies
    )
    settings = analysis.evidence.settings
    return render(_READING, settings=settings, declared=declared, priors=priors, discounted=discounted)


COHORTS: Section[Analysis] = Section(
    anchor="cohorts",
    text=lambda _, a: [Markdown("::: {.cards}"), table, Markdown(":::")] if (table := first_table(a)) else None,
)
FIRST_LIMITS: Section[Analysis] = Section(anchor="first-limits", text=_first_limits)
LIMITS: Section[Analysis] = Section(
    anchor="limits", title="Limits", text=lambda _, analysis: render(_LIMITS, limits=limits(analysis))
)
FACTS: Section[Analysis] = Section(
    anchor="facts", place="folded", title="The studies side by side", text=lambda _, analysis: cohort_table(analysis)
)
READING = Section(anchor="reading", title="What these numbers are", text=_reading)
