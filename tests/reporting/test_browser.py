"""The page works where it is read: in Chromium without a network, a script, a mouse, a wide screen or daylight."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.measures import risk_difference
from reanalysis.estimands.words import interval, percent, points_interval
from reanalysis.reporting.markdown import anchor, slug
from reporting.browsing import CHROMIUM, DESK, PHONE, Opened
from reporting.built import Report, squeezed

pytestmark = [
    pytest.mark.xdist_group("reports"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"),
]

OTHER_SCREENS = ((360, False), (414, True), (414, False), (768, True))
OTHER_SCHEMES = ((390, "light"), (1100, "dark"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # root in a container may not make a sandbox of its own; the page is this build's
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def opened(browser: Any, reanalysis_report: Report) -> Opened:
    return Opened(browser, reanalysis_report)


@pytest.mark.parametrize("name", ["reanalysis_report", "plain_report", "odd_report"])
def test_nothing_goes_wrong_and_nothing_leaves_the_file(
    browser: Any, name: str, request: pytest.FixtureRequest
) -> None:
    report: Report = request.getfixturevalue(name)
    page = Opened(browser, report)
    assert page.faults == []
    assert [url for url in page.requests if not url.startswith("data:")] == [report.page.as_uri()]
    assert page.page.locator(".explorer fieldset").count() == len(report.analysis.endpoints)


@pytest.mark.parametrize(
    ("width", "scripts"),
    [(360, True), (768, False), *(pytest.param(*one, marks=pytest.mark.slow) for one in OTHER_SCREENS)],
)
def test_a_narrow_screen_scrolls_down_only(browser: Any, reanalysis_report: Report, width: int, scripts: bool) -> None:
    page = Opened(browser, reanalysis_report, viewport={**PHONE, "width": width}, java_script_enabled=scripts).page
    # the reader's scroll is measured, for a page whose scripts are off cannot measure itself
    page.mouse.wheel(4000, 0)
    wide = page.locator("html").bounding_box()["width"]
    assert wide <= width
    for tag in ("main", "figure", ".scroll", "nav"):
        for box in (element.bounding_box() for element in page.locator(tag).all()):
            assert box is None or box["x"] + box["width"] <= width + 0.5, tag
    if scripts:
        assert page.evaluate("[scrollX, document.documentElement.scrollWidth]") == [0, width]


def test_the_page_says_the_same_without_scripts(browser: Any, reanalysis_report: Report) -> None:
    page = Opened(browser, reanalysis_report, java_script_enabled=False)
    text = squeezed(page.page.inner_text("main"))
    for endpoint in reanalysis_report.analysis.headlines:
        assert interval(endpoint.odds_ratio) in text
        assert percent(endpoint.direction.benefit) in text
    assert page.page.locator("button, input, select").count() == 0
    assert page.faults == []


# ---- the explorer ---------------------------------------------------------------------------------------------------


def exact(endpoint: EndpointAnalysis, risk: float, points: float) -> tuple[float, float]:
    """P(at least so many points fewer) and P(at least so many more), of the posterior itself."""
    difference = risk_difference(endpoint.headline.log_odds_ratio, risk)
    with np.errstate(divide="ignore"):
        return float(difference.cdf(-points / 100)), 1 - float(difference.cdf(points / 100))


def chance(told: dict[str, tuple[str, float | None]], start: str, end: str) -> tuple[str, float]:
    text, p = next(v for name, v in told.items() if name.startswith(start) and name.endswith(end))
    assert p is not None
    return text, p


def test_the_explorer_opens_with_the_published_numbers(opened: Opened, reanalysis_report: Report) -> None:
    for endpoint in reanalysis_report.analysis.endpoints:
        told, at = opened.told(endpoint), endpoint.baselines[0]
        assert told["Odds ratio (95 % interval)"][0] == interval(endpoint.odds_ratio)
        assert told["Difference per 100"][0] == points_interval(at.risk_difference)
        assert told["P(benefit)"][0] == percent(endpoint.direction.benefit)
        assert told["P(harm)"][0] == percent(endpoint.direction.harm)
        margin = at.beyond[0]
        assert chance(told, "P(at least", "fewer per 100)")[0] == percent(margin.fewer)
        assert chance(told, "P(at least", "more per 100)")[0] == percent(margin.more)


@pytest.mark.parametrize("points", [0, 0.5, 5, 10, 12.5, 30])
@pytest.mark.parametrize("risk", [0.02, 0.3, 0.645, 0.95])
def test_threshold_and_control_risk_give_what_the_posterior_says(
    opened: Opened, reanalysis_report: Report, points: float, risk: float
) -> None:
    for endpoint in reanalysis_report.analysis.headlines:
        opened.set(endpoint, "effect", 0)
        opened.set(endpoint, "risk", 100 * risk)
        opened.set(endpoint, "size", points)
        told = opened.told(endpoint)
        fewer, more = exact(endpoint, risk, points)
        assert chance(told, "P(at least", "fewer per 100)")[1] == pytest.approx(fewer, abs=1e-4)
        assert chance(told, "P(at least", "more per 100)")[1] == pytest.approx(more, abs=1e-4)


def test_a_named_control_risk_sets_the_number(opened: Opened, reanalysis_report: Report) -> None:
    endpoint = reanalysis_report.analysis.headlines[0]
    opened.set(endpoint, "baseline", 1)
    assert opened.page.input_value(f"#{anchor(endpoint.id)}-risk") == f"{endpoint.baselines[1].baseline.percent:g}"
    assert opened.told(endpoint)["Difference per 100"][0] == points_interval(endpoint.baselines[1].risk_difference)


@pytest.mark.parametrize("risk", ["", "0", "100", "-3", "1e9"])
def test_a_control_risk_that_is_none_is_said_to_be_none(opened: Opened, reanalysis_report: Report, risk: str) -> None:
    endpoint = reanalysis_report.analysis.headlines[0]
    opened.set(endpoint, "risk", risk)  # type: ignore[arg-type]
    shown = opened.page.inner_text(f'.explorer[data-endpoint="{anchor(endpoint.id)}"] .told')
    assert shown == "The control risk lies between 0 and 100 %."
    opened.set(endpoint, "risk", 30)
    assert opened.told(endpoint)


def test_every_specification_can_be_chosen(opened: Opened, reanalysis_report: Report) -> None:
    endpoint = reanalysis_report.analysis.headlines[0]
    opened.set(endpoint, "risk", endpoint.baselines[0].baseline.percent)
    texts = opened.page.locator(f"#{anchor(endpoint.id)}-effect option").all_inner_texts()
    outcomes = [o for group in endpoint.sensitivity.values() for o in group if not o.primary and o.table]
    assert len(texts) == 2 + len(outcomes)
    for number, outcome in enumerate(outcomes, 2):
        opened.set(endpoint, "effect", number)
        assert outcome.label in texts[number]
        told = opened.told(endpoint)
        assert told["P(benefit)"][1] == pytest.approx(outcome.benefit, abs=1e-6)
        assert outcome.log_odds_ratio is not None
        median, lower, upper = (float(x) for x in re.findall(r"[\d.]+", told["Odds ratio (95 % interval)"][0]))
        expected = np.exp([outcome.log_odds_ratio.median, outcome.log_odds_ratio.lower, outcome.log_odds_ratio.upper])
        assert [median, lower, upper] == pytest.approx(list(expected), rel=0.005, abs=0.0051)
    opened.set(endpoint, "effect", 0)


def test_the_explorer_answers_to_the_keyboard(opened: Opened, reanalysis_report: Report) -> None:
    endpoint = reanalysis_report.analysis.headlines[0]
    size = opened.page.locator(f"#{anchor(endpoint.id)}-size")
    opened.set(endpoint, "size", 5)
    size.focus()
    opened.page.keyboard.press("ArrowRight")
    assert size.input_value() == "5.5"
    assert any("5.5" in name for name in opened.told(endpoint))
    assert size.get_attribute("aria-valuetext") == "5.5 per 100"


def heard(page: Any, endpoint: EndpointAnalysis) -> str:
    """What is announced to those who hear the page."""
    return squeezed(page.inner_text(f'.explorer[data-endpoint="{anchor(endpoint.id)}"] output[aria-live="polite"]'))


def test_each_step_is_announced_in_short_and_nothing_when_the_page_opens(
    browser: Any, reanalysis_report: Report
) -> None:
    opened, endpoint = Opened(browser, reanalysis_report), reanalysis_report.analysis.headlines[0]
    assert {heard(opened.page, e) for e in reanalysis_report.analysis.endpoints} == {""}
    opened.page.locator(f"#{anchor(endpoint.id)}-size").focus()
    for _ in range(2):
        opened.page.keyboard.press("ArrowRight")
        chances = {name: text for name, (text, p) in opened.told(endpoint).items() if p is not None}
        assert heard(opened.page, endpoint) == "; ".join(f"{name} {text}" for name, text in chances.items())
    opened.set(endpoint, "risk", 0)
    assert heard(opened.page, endpoint) == "The control risk lies between 0 and 100 %."


def test_the_address_leads_to_the_choices_and_their_numbers(browser: Any, reanalysis_report: Report) -> None:
    opened, endpoint = Opened(browser, reanalysis_report), reanalysis_report.analysis.headlines[1]
    place = f"#{anchor(endpoint.id)}"
    opened.page.select_option(f"{place}-effect", index=4)
    opened.page.fill(f"{place}-risk", "27.5")
    opened.page.locator(f"{place}-size").focus()
    opened.page.keyboard.press("ArrowRight")
    address, told = opened.page.url, opened.told(endpoint)
    assert address.partition("#")[2].startswith(anchor(endpoint.id))
    again = Opened(browser, reanalysis_report, address=address)
    assert again.told(endpoint) == told
    assert again.page.input_value(f"{place}-baseline") == ""  # another control risk than those that have a name
    assert again.page.evaluate("scrollY") > 0
    for other in reanalysis_report.analysis.endpoints:
        if other is not endpoint:
            assert again.told(other) == opened.told(other)


@pytest.mark.parametrize("state", ["?", "?risk=-1&size=x&analysis=no%20such", "%", "?%&&=", "?risk=1e9"])
def test_an_address_that_names_nothing_changes_nothing(browser: Any, plain_report: Report, state: str) -> None:
    endpoint = plain_report.analysis.headlines[0]
    before = Opened(browser, plain_report).told(endpoint)
    opened = Opened(browser, plain_report, address=f"{plain_report.page.as_uri()}#{anchor(endpoint.id)}{state}")
    assert opened.faults == []
    assert opened.told(endpoint) == before
    told = opened.page.inner_text(f'.explorer[data-endpoint="{anchor(endpoint.id)}"] .told')
    assert ("no analysis of the name" in told) is ("no%20such" in state)


# ---- figures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(390, "dark"), (1100, "light"), *(pytest.param(*one, marks=pytest.mark.slow) for one in OTHER_SCHEMES)],
)
def test_open_figures_fit_the_screen_and_their_words_are_seen(
    browser: Any, reanalysis_report: Report, width: int, scheme: str
) -> None:
    page = Opened(browser, reanalysis_report, viewport={**PHONE, "width": width}, color_scheme=scheme).page
    seen = [box for box in page.locator("figure").all() if box.is_visible()]
    assert len(seen) > len(reanalysis_report.analysis.endpoints)
    for figure in seen:
        assert figure.evaluate("box => box.scrollWidth <= box.clientWidth"), figure.get_attribute("id")
        drawn = [svg for svg in figure.locator("svg").all() if svg.is_visible()]
        assert len(drawn) == 1
        small = drawn[0].evaluate(
            "svg => Math.min(...[...svg.querySelectorAll('text')].map(t => t.getBoundingClientRect().height))"
        )
        assert small >= 8  # CSS pixels
    text = page.locator("figure svg text", has_text="Average effect").locator("visible=true").first
    ink = text.evaluate("t => getComputedStyle(t).fill.match(/\\d+/g).map(Number)")
    assert (min(ink) > 200) is (scheme == "dark")


# ---- tables and downloads -------------------------------------------------------------------------------------------


def test_a_table_sorts_by_a_column_both_ways_and_back(browser: Any, reanalysis_report: Report) -> None:
    page = Opened(browser, reanalysis_report).page
    table = page.locator("#tbl-all")
    heads = [text.replace("\N{NO-BREAK SPACE}", " ").strip() for text in table.locator("thead th").all_inner_texts()]
    column = next(i for i, text in enumerate(heads) if text == "Harms")
    button = table.locator("thead th").nth(column).locator("button")
    endpoints = reanalysis_report.analysis.endpoints
    told = [e.with_words.outcome.direction for e in endpoints if e.with_words]  # a row below the endpoint's
    expected = sorted(one.harm or 0.0 for one in (*(e.direction for e in endpoints), *told) if one)
    for order, wanted in (("ascending", expected), ("descending", expected[::-1])):
        button.focus()
        page.keyboard.press("Enter")
        assert table.locator("thead th").nth(column).get_attribute("aria-sort") == order
        shown = [squeezed(row.locator("th, td").nth(column).inner_text()) for row in table.locator("tbody tr").all()]
        assert shown == [percent(p) for p in wanted]


def test_rows_that_sum_up_the_others_stay_last_and_what_has_no_number_follows_what_has(
    browser: Any, reanalysis_report: Report
) -> None:
    page = Opened(browser, reanalysis_report).page
    endpoint = reanalysis_report.analysis.headlines[0]
    table = page.locator(f"#tbl-studies-{slug(endpoint.id)}")
    page.evaluate("document.querySelectorAll('details').forEach(folded => { folded.open = true; })")
    for _ in range(2):  # down, then up
        table.locator("thead button").first.click()
        names = [squeezed(name) for name in table.locator("tbody th").all_inner_texts()]
        assert names[-2:] == ["Average", "New study"]
    assert names[:-2] == sorted(names[:-2], reverse=True)
    choices = page.locator(f"#tbl-choices-{slug(reanalysis_report.analysis.headlines[1].id)}")
    for _ in range(2):
        choices.locator("thead button", has_text="P(").click()
        cells = [squeezed(text) for text in choices.locator("tbody tr td:nth-child(4)").all_inner_texts()]
        assert "\N{EN DASH}" not in cells[: -cells.count("\N{EN DASH}") or None]


def test_what_is_folded_opens_for_whom_a_link_leads_there(browser: Any, reanalysis_report: Report) -> None:
    page = Opened(browser, reanalysis_report).page
    table = page.locator(f"#tbl-choices-{slug(reanalysis_report.analysis.headlines[0].id)}")
    assert not table.is_visible()
    page.evaluate("id => { location.hash = id; }", table.get_attribute("id"))
    table.wait_for(state="visible", timeout=5000)


def test_the_page_is_short_before_anything_is_unfolded(browser: Any, reanalysis_report: Report) -> None:
    page = Opened(browser, reanalysis_report, viewport={"width": 1440, "height": 900}).page
    assert page.evaluate("document.documentElement.scrollHeight") <= 25 * 900
    contents = page.locator("nav a").first
    assert contents.is_visible()  # at the side
    assert contents.bounding_box()["x"] < page.locator("main").bounding_box()["x"]


def test_the_heads_of_tables_are_printed(browser: Any, plain_report: Report) -> None:
    page = Opened(browser, plain_report).page
    page.emulate_media(media="print")
    shown = page.eval_on_selector_all("button.sort", "all => all.map(one => getComputedStyle(one).display)")
    assert set(shown) == {"contents"}  # a button is painted on the first page only


def test_figures_and_tables_can_be_taken_along(browser: Any, reanalysis_report: Report) -> None:
    page = Opened(browser, reanalysis_report, accept_downloads=True).page
    figure = page.locator("figure").nth(1)
    with page.expect_download() as taken:
        figure.locator("button.download").click()
    name = taken.value.suggested_filename
    taken_along, drawn = (
        [element.text for element in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
        for path in (taken.value.path(), reanalysis_report.folder / "figures" / name)
    )
    assert taken_along == drawn != []
    with page.expect_download() as taken:
        page.get_by_label("Table as CSV: all.csv").click()
    assert taken.value.suggested_filename.endswith(".csv")
    rows = list(csv.reader(taken.value.path().read_text(encoding="utf-8-sig").splitlines()))
    named = [row[0] for row in rows[1:] if "in words" not in row[0]]
    assert named == [e.label for e in reanalysis_report.analysis.endpoints]
    assert {len(row) for row in rows} == {len(rows[0])}
    difference = points_interval(reanalysis_report.analysis.endpoints[0].baselines[0].risk_difference)
    assert "\N{MINUS SIGN}" in difference  # a spreadsheet reads a hyphen, not a minus sign
    assert any(difference.replace("\N{MINUS SIGN}", "-") in cell for cell in rows[1])
    with page.expect_download() as taken:
        page.get_by_label("Table as CSV: answer.csv").click()
    rows = list(csv.reader(taken.value.path().read_text(encoding="utf-8-sig").splitlines()))
    named = [row[0] for row in rows[1:] if "in words" not in row[0]]
    assert named == [e.label for e in reanalysis_report.analysis.headlines]
    assert {len(row) for row in rows} == {len(rows[0])}  # the sentences across the table are no cells of it


# ---- for everyone ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "viewport"),
    [
        ("light", DESK),
        ("dark", PHONE),
        pytest.param("light", PHONE, marks=pytest.mark.slow),
        pytest.param("dark", DESK, marks=pytest.mark.slow),
    ],
    ids=["light-desk", "dark-phone", "light-phone", "dark-desk"],
)
def test_axe_finds_no_serious_fault(browser: Any, plain_report: Report, scheme: str, viewport: dict[str, int]) -> None:
    assert serious(Opened(browser, plain_report, viewport=viewport, color_scheme=scheme).page) == []


@pytest.mark.slow
def test_axe_finds_no_serious_fault_in_the_whole_reanalysis(browser: Any, reanalysis_report: Report) -> None:
    assert serious(Opened(browser, reanalysis_report).page) == []


def serious(page: Any) -> list[str]:
    """Serious and critical findings of axe-core, with the first element of each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {v['nodes'][0]['html'][:120]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def test_the_page_prints_without_its_controls(browser: Any, reanalysis_report: Report) -> None:
    page = Opened(browser, reanalysis_report).page
    page.emulate_media(media="print")
    for hidden in ("nav", ".explorer", ".tools", ".skip"):
        assert not any(element.is_visible() for element in page.locator(hidden).all()[:3])
    assert page.locator("table").first.is_visible()
    assert len(page.pdf(format="A4")) > 10_000
