"""Benefits against harms: the report says what ``decide`` says, and the page computes the same at any weights."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import reanalysis as ra
from evidence.folders import TWO_STUDIES, folder
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.plan import plan
from reanalysis.decisions.decision import Decision
from reanalysis.decisions.uncertain_risks import UNCERTAIN
from reanalysis.estimands.words import decimal, percent
from reanalysis.reporting.sections import benefit_risk
from reanalysis.reporting.sections.benefit_risk import net_benefit_table, page_data, weighed
from reporting.browsing import CHROMIUM, PHONE, Opened
from reporting.built import Report
from reporting.test_browser import browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.xdist_group("reports")

SCRIPT = Path(benefit_risk.__file__).parents[1] / "templates" / "weights.js"
NODE = shutil.which("node")
OTHER = (2.5, 0.0, 1.25, -0.4)
"""Weights that nobody declared."""

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def decided(anakinra: Analysis) -> Decision:
    return ra.decide(anakinra.evidence)


def other(anakinra: Analysis, correlation: float = 0.0) -> Decision:
    names = [one.endpoint for one in ra.decide(anakinra.evidence).request.trade_offs]
    return ra.decide(anakinra.evidence, dict(zip(names, OTHER, strict=True)), correlation)


def shown(told: dict[str, Any]) -> tuple[str, str, str]:
    """Net benefit, its mean and P(better), as printed."""
    median, lower, upper, mean = (decimal(100 * told[name], 1) for name in ("median", "lower", "upper", "mean"))
    return f"{median} ({lower} to {upper})", mean, percent(told["probability_better"], 1)


def test_the_table_has_the_numbers_of_decide(anakinra: Analysis, decided: Decision) -> None:
    found = weighed(anakinra)
    assert found is not None
    expected = [
        (one.baseline, correlation, *shown(told))
        for one in decided.net_benefits
        for correlation, told in one.as_dict()["by_correlation"].items()
    ]
    assert [tuple(row) for row in net_benefit_table(found).rows] == expected
    told = decided.as_dict()
    assert found.as_dict()["tradeoff"] == told["tradeoff"]
    assert found.as_dict()["acceptability"] == told["acceptability"]


def test_a_folder_without_weights_says_nothing_and_one_with_wrong_weights_says_why(tmp_path: Path) -> None:
    plain = ra.read_evidence(folder(tmp_path / "plain", TWO_STUDIES))
    assert benefit_risk.tasks(plan(plain)) == ()
    toml = '[endpoints.x]\nbetter = "higher"\n[weights.x]\nweight = 1\nreason = "A slip."\n'
    wrong = ra.read_evidence(folder(tmp_path / "wrong", TWO_STUDIES, toml=toml))
    assert benefit_risk.tasks(plan(wrong)) == ()
    assert "weights x=1: an event helps" in benefit_risk._refused(wrong)


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
@pytest.mark.parametrize(
    ("changed", "correlation"),
    [
        *((False, correlation) for correlation in (0.0, 0.3, 0.6)),
        (True, 0.3),
        *(pytest.param(True, correlation, marks=pytest.mark.slow) for correlation in (0.0, 0.6)),
    ],
)
def test_the_script_computes_what_python_does(
    anakinra: Analysis, decided: Decision, correlation: float, changed: bool, tmp_path: Path
) -> None:
    found = weighed(anakinra)
    assert found is not None
    data = page_data(anakinra, found)
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    weights = list(OTHER) if changed else [one.weight for one in found.trade_offs]
    run = (
        f"const {{netBenefit}} = require({json.dumps(str(SCRIPT))}), d = require({json.dumps(str(file))});"
        f"console.log(JSON.stringify(d.baselines.map(b => netBenefit(d, {weights}, b.risks, {correlation}))))"
    )
    assert NODE is not None
    answers = json.loads(subprocess.run([NODE, "-e", run], capture_output=True, text=True, check=True).stdout)
    exact = other(anakinra, correlation) if changed else decided
    for answer, one in zip(answers, exact.net_benefits[: len(answers)], strict=True):
        told = one.as_dict()["by_correlation"][f"{correlation:g}"]
        for name in ("mean", "median", "lower", "upper"):
            assert answer[name] == pytest.approx(told[name], abs=5e-6)
        assert answer["better"] == pytest.approx(told["probability_better"], abs=5e-6)


# ---- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def page(browser: Any, reanalysis_report: Report) -> Opened:  # noqa: F811
    opened = Opened(browser, reanalysis_report)
    opened.page.locator("#benefit-risk").evaluate("e => { e.closest('details').open = true; }")
    return opened


def told(page: Opened) -> tuple[str, str, str]:
    rows: list[str] = page.page.eval_on_selector_all(
        ".weights output dl > div dd", "found => found.map(e => e.textContent.replaceAll('\\u00a0', ' '))"
    )
    better, benefit, mean = rows
    return benefit, mean, better


def put(page: Opened, selector: str, value: object, event: str = "input") -> None:
    page.page.eval_on_selector(
        selector, f"(e, v) => {{ e.value = v; e.dispatchEvent(new Event('{event}')); }}", str(value)
    )


@in_a_browser
def test_the_page_opens_with_the_declared_weights_and_follows_the_controls(
    page: Opened, anakinra: Analysis, decided: Decision
) -> None:
    assert page.faults == []
    known = [one for one in decided.net_benefits if one.baseline != UNCERTAIN]
    assert page.page.locator("#weights-baseline option").count() == len(known)
    for place, one in enumerate(known):
        put(page, "#weights-baseline", place, "change")
        for correlation, expected in one.as_dict()["by_correlation"].items():
            put(page, "#weights-correlation", correlation, "change")
            assert told(page) == shown(expected), (one.baseline, correlation)
    put(page, "#weights-baseline", 0, "change")
    put(page, "#weights-correlation", 0, "change")
    for place, weight in enumerate(OTHER):
        put(page, f"#weight-{place} + input", abs(weight))
    assert told(page) == shown(other(anakinra).net_benefits[0].as_dict())
    for place in range(len(OTHER)):
        put(page, f"#weight-{place} + input", 0)
    assert "At least one weight must differ from 0." in page.page.inner_text(".weights output")
    page.page.click(".weights button")
    assert told(page) == shown(decided.net_benefits[0].as_dict())


@in_a_browser
def test_the_sliders_answer_to_the_keyboard_and_to_a_screen_reader(page: Opened) -> None:
    before, slider = told(page), page.page.locator("#weight-0")
    slider.focus()
    page.page.keyboard.press("ArrowRight")
    assert told(page) != before
    assert slider.get_attribute("aria-valuetext") == slider.input_value()
    assert page.page.locator(".weights output").get_attribute("aria-live") == "polite"
    named = page.page.eval_on_selector_all(
        ".weights :is(input, select)", "found => found.map(e => e.labels.length || e.hasAttribute('aria-label'))"
    )
    assert named
    assert all(named)
    page.page.click(".weights button")
    assert told(page) == before


@in_a_browser
def test_print_and_a_page_without_scripts_have_the_table_alone(
    browser: Any,  # noqa: F811
    page: Opened,
    reanalysis_report: Report,
) -> None:
    page.page.emulate_media(media="print")
    assert page.page.eval_on_selector(".weights", "e => getComputedStyle(e).display") == "none"
    page.page.emulate_media(media="screen")
    silent = Opened(browser, reanalysis_report, viewport=PHONE, java_script_enabled=False)
    assert silent.page.locator(".weights").locator("input, select, button").count() == 0
    (first, *_) = ra.decide(reanalysis_report.analysis.evidence).net_benefits
    assert reanalysis_report.cells("Net benefit of treatment")[1][2] == shown(first.as_dict())[0]


def test_the_papers_have_the_table_and_no_data(reanalysis_report: Report) -> None:
    assert "Net benefit of treatment" in reanalysis_report.supplement
    assert '"nodes"' not in reanalysis_report.supplement
    assert "Try other weights" not in reanalysis_report.supplement
