"""Questions to the authors: for each open finding the figure that settles it, and what its answer could move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reanalysis.alternatives.influence import Influence
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.ledger import Ledger
from reanalysis.evidence.coverage import comparative_studies, coverage_cell, modelled_endpoints
from reanalysis.evidence.evidence import Evidence


@dataclass(frozen=True)
class Question:
    """One question to the authors of one study."""

    study: str
    """Study id."""
    text: str
    """The exact figure asked for."""
    endpoints: tuple[str, ...]
    """Endpoints it bears on."""
    influences: tuple[Influence, ...] = ()
    """The choices that an answer settles, as far as they were varied."""

    @property
    def shift(self) -> float | None:
        """How far an answer could move P(benefit) (or P(fewer events)) of any endpoint; None where nothing tells."""
        return max((one.shift for one in self.influences), default=None)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"study": self.study, "question": self.text, "endpoints": list(self.endpoints), "shift": self.shift}


def questions(evidence: Evidence, ledger: Ledger, influences: list[Influence]) -> list[Question]:
    """Questions, those whose answer could move most first."""
    found = [
        *_readings(evidence, ledger, influences),
        *_denominators(evidence, ledger, influences),
        *_weights(evidence, influences),
        *_labels(evidence, ledger, influences),
        *_missing_comparators(evidence),
        *_excluded(evidence, influences),
        *_overlap(evidence),
    ]
    return sorted(found, key=lambda q: -(q.shift if q.shift is not None else -1.0))


def _settled(
    influences: list[Influence], kind: str, study: str, endpoints: tuple[str, ...], arm: str = ""
) -> tuple[Influence, ...]:
    """Choices of a kind about the reports of a study, and of an arm where one is named."""
    return tuple(
        i
        for i in influences
        if i.alternatives
        and i.kind == kind
        and i.endpoint in endpoints
        and (study in i.studies or not i.studies)
        and (not arm or i.arm in ("", arm))
    )


def _arm(evidence: Evidence, finding: Finding) -> str:
    return f"{finding.arm} arm of {evidence.study_label(finding.study)}"


def _readings(evidence: Evidence, ledger: Ledger, influences: list[Influence]) -> Iterator[Question]:
    for finding in ledger.findings:
        if finding.kind == "readings":
            arm, label = _arm(evidence, finding), evidence.endpoint_label(finding.endpoint)
            allowed = "; ".join(finding.feasible)
            text = f"How many of how many patients in the {arm} had {label}? The report allows {allowed}."
            where = (finding.endpoint,)
            yield Question(
                finding.study, text, where, _settled(influences, "readings", finding.study, where, finding.arm)
            )


def _denominators(evidence: Evidence, ledger: Ledger, influences: list[Influence]) -> Iterator[Question]:
    for finding in ledger.findings:
        rows = [r for r in evidence.arms if r.line in finding.lines]
        if finding.kind != "denominator" or len(finding.feasible) < 2 or any(r.n is not None for r in rows):
            continue
        endpoints = tuple(dict.fromkeys(r.endpoint for r in rows if r.modelled))
        labels = "; ".join(evidence.endpoint_label(e) for e in endpoints)
        text = f"How many patients of the {_arm(evidence, finding)} are the denominator of {labels}?"
        settled = _settled(influences, "denominators", finding.study, endpoints, finding.arm)
        yield Question(finding.study, text, endpoints, settled)


def _weights(evidence: Evidence, influences: list[Influence]) -> Iterator[Question]:
    for study in dict.fromkeys(r.study for r in evidence.arms if r.weighting == "iptw" and r.modelled):
        endpoints = tuple(e for e in modelled_endpoints(evidence) if study in comparative_studies(evidence, e))
        text = (
            f"What are the effective sample sizes of both weighted arms of {evidence.study_label(study)}, "
            "(sum of weights) squared over the sum of squared weights?"
        )
        yield Question(study, text, endpoints, _settled(influences, "effective size", study, endpoints))


def _labels(evidence: Evidence, ledger: Ledger, influences: list[Influence]) -> Iterator[Question]:
    for finding in ledger.findings:
        if finding.kind == "measure":
            row = next(c for c in evidence.contrasts if c.line in finding.lines)
            label, study = evidence.endpoint_label(row.endpoint), evidence.study_label(row.study)
            text = f"Is {row.printed} of {label} in {study} a hazard ratio or an odds ratio?"
            where = (row.endpoint,)
            yield Question(row.study, text, where, _settled(influences, "route", row.study, where))


def _missing_comparators(evidence: Evidence) -> Iterator[Question]:
    """Counts of arms that a study must have but does not report, for endpoints that others compare."""
    missing: dict[tuple[str, str], list[str]] = {}
    for endpoint in modelled_endpoints(evidence):
        for study in evidence.studies:
            cell = coverage_cell(evidence, study, endpoint)
            if cell == "single arm":
                present = {r.arm for r in evidence.arms if (r.study, r.endpoint) == (study, endpoint) and r.modelled}
                other = "control" if "treated" in present else "treated"
                missing.setdefault((study, f"the {other} arm"), []).append(endpoint)
            elif cell in ("narrative only", "p-value only", "adjusted ratio only"):
                missing.setdefault((study, "both arms"), []).append(endpoint)
    for (study, which), endpoints in missing.items():
        labels = "; ".join(evidence.endpoint_label(e) for e in endpoints)
        text = f"How many of how many patients in {which} of {evidence.study_label(study)} had: {labels}?"
        yield Question(study, text, tuple(endpoints))


def _excluded(evidence: Evidence, influences: list[Influence]) -> Iterator[Question]:
    for influence in (i for i in influences if i.kind == "excluded row"):
        rows = (r for r in evidence.arms if r.endpoint == influence.endpoint and r.use == "excluded")
        row = next(r for r in rows if r.events and not r.subgroup)
        text = (
            f"{evidence.study_label(row.study)} also reports {row.printed} for {evidence.endpoint_label(row.endpoint)} "
            f"({row.arm}): what does that figure count?"
        )
        yield Question(row.study, text, (row.endpoint,), (influence,) if influence.alternatives else ())


def _overlap(evidence: Evidence) -> Iterator[Question]:
    """Whether cohorts share patients, asked where two or more are averaged."""
    shared: dict[tuple[str, ...], list[str]] = {}
    for endpoint in modelled_endpoints(evidence):
        studies = comparative_studies(evidence, endpoint)
        if 2 <= len(studies) <= 6:
            shared.setdefault(studies, []).append(endpoint)
    if shared:
        names = ", ".join(evidence.study_label(s) for s in max(shared, key=len))
        endpoints = tuple(e for one in shared.values() for e in one)
        text = f"Was any patient counted in more than one of {names} (centre and dates of treatment of each)?"
        yield Question("", text, endpoints)
