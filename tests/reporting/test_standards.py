"""A tick is earned by an artefact of this build, and lost with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gates.test_gates import GOOD, posterior
from reanalysis.alternatives.choices import MU_PRIOR, TAU_PRIOR
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.request import Request
from reanalysis.gates.gates import gates
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.contents import ITEMS
from reanalysis.reporting.markdown import Markdown, slug
from reanalysis.reporting.section import Artefacts
from reanalysis.reporting.standards import Tick, ticks
from reporting.built import Report

pytestmark = pytest.mark.xdist_group("reports")

MADE = CheckResult("Simulation-based calibration", True, "inside")
VALIDATED = CheckResult("Validation against print", True, "none outside")
KINDS = ("forest", "beyond", "prior-posterior")


def standards(made: Artefacts) -> list[Tick]:
    return ticks(ITEMS, made)


@pytest.fixture
def whole(anakinra: Analysis) -> Artefacts:
    figures = {f"{slug(e.id)}-{kind}": Markdown("![]()") for e in anakinra.headlines for kind in KINDS}
    return Artefacts(anakinra, figures, MADE, VALIDATED)


def lost(before: Artefacts, after: Artefacts) -> set[str]:
    """Items that are met before and not after."""
    pairs = zip(standards(before), standards(after), strict=True)
    found = {f"{b.standard}: {b.item}" for b, a in pairs if b.met and not a.met}
    assert not {b.item for b, a in zip(standards(before), standards(after), strict=True) if a.met and not b.met}
    return found


def test_what_is_not_met_is_listed_with_the_reason(whole: Artefacts) -> None:
    assert {t.item: t.missing for t in standards(whole) if not t.met} == {
        "chains converged: R-hat": "computed by quadrature alone: there are no draws to diagnose",
        "chains long enough: effective sample sizes": "computed by quadrature alone: there are no draws to diagnose",
        "Bayes factors with the prior probabilities of models, where models are compared": (
            "models are fitted beside each other; no Bayes factor is computed"
        ),
        "24: registration and protocol": "no protocol is registered",
        "missing data judged for each study compared": "no information on IPTW 2025",
    }


def test_each_standard_is_there(whole: Artefacts) -> None:
    assert {t.standard for t in standards(whole)} == {
        "BARG", "ROBUST", "Zampieri", "PRISMA 2020", "GRADE", "ROBINS-I", "GRIM, INSPECT-SR", "SBC", "Power-scaling",
    }  # fmt: skip


def test_without_a_calibration_its_tick_is_lost(whole: Artefacts) -> None:
    none = CheckResult(MADE.name, False, "there is no stored calibration")
    assert lost(whole, replace(whole, calibration=none)) == {"SBC: ranks of the engines within simultaneous bands"}
    found = next(t for t in standards(replace(whole, calibration=none)) if t.standard == "SBC")
    assert found.missing == "there is no stored calibration"


def test_without_published_figures_that_are_met_the_computing_technique_is_not_validated(whole: Artefacts) -> None:
    none = CheckResult(VALIDATED.name, False, "the published problems are not there")
    assert lost(whole, replace(whole, validation=none)) == {"ROBUST: the computing technique"}
    found = next(t for t in standards(replace(whole, validation=none)) if t.item == "the computing technique")
    assert found.missing == none.text


def test_one_endpoint_without_its_scrutiny_loses_its_ticks(whole: Artefacts) -> None:
    first, *rest = whole.analysis.endpoints
    analysis = replace(whole.analysis, endpoints=(replace(first, scrutiny=None), *rest))
    assert lost(whole, replace(whole, analysis=analysis)) == {
        "BARG: predictions of the prior against the data",
        "BARG: predictions of the posterior against the data",
        "Power-scaling: sensitivity to prior and likelihood",
    }


def test_a_figure_not_drawn_loses_its_tick(whole: Artefacts) -> None:
    name = f"{slug(whole.analysis.headlines[0].id)}-beyond"
    figures = {k: v for k, v in whole.figures.items() if k != name}
    assert lost(whole, replace(whole, figures=figures)) == {"Zampieri: probabilities of an effect that matters"}


def test_without_other_priors_five_ticks_are_lost(whole: Artefacts) -> None:
    first, *rest = whole.analysis.endpoints
    fewer = {name: group for name, group in first.sensitivity.items() if name not in (MU_PRIOR, TAU_PRIOR)}
    analysis = replace(whole.analysis, endpoints=(replace(first, sensitivity=fewer), *rest))
    assert lost(whole, replace(whole, analysis=analysis)) == {
        "BARG: sensitivity to the prior",
        "ROBUST: the prior is tested by others",
        "PRISMA 2020: 13f: sensitivity analyses",
        "Zampieri: sceptical and vague priors beside the primary one",
        "Zampieri: optimistic and pessimistic priors",
    }


def test_a_folder_that_declares_nothing_is_told_what_is_missing(plain_report: Report) -> None:
    text = plain_report.words
    assert "missing: analysis.toml states no question" in text
    assert "missing: rows of arms.csv without a source or a locator" in text


def test_a_tick_leads_to_what_earns_it(reanalysis_report: Report) -> None:
    every = (*reanalysis_report.elements, *reanalysis_report.program)
    names = {e.attributes.get("id") for e in every}
    figures = {p.stem: Markdown("") for p in (reanalysis_report.folder / "figures").glob("*.svg")}
    ticks: list[Tick] = standards(Artefacts(reanalysis_report.analysis, figures, MADE, VALIDATED))
    assert all(t.place.removeprefix("#") in names for t in ticks if t.place.startswith("#"))
    files = {t.artefact: t.place for t in ticks if not t.place.startswith("#")}
    assert files == {"results.json": "results.json", "manifest.json": "manifest.json"}


def test_gates_that_pass_earn_the_items_that_they_support_and_no_other(whole: Artefacts) -> None:
    passed = gates(posterior(GOOD))
    endpoints = tuple(replace(e, fit=replace(e.fit, gates=passed)) for e in whole.analysis.endpoints)
    sampled = replace(whole, analysis=replace(whole.analysis, request=Request("nuts"), endpoints=endpoints))
    supported = {item for gate in passed for item in gate.supports}
    assert supported == {"BARG: chains converged: R-hat", "BARG: chains long enough: effective sample sizes"}
    assert lost(sampled, whole) == supported
