"""The page, the paper and the Word file say the same, all of it, and nothing that is not so."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import docx
import numpy as np
import pytest
from docx.oxml.ns import qn

from reanalysis.estimands.summary import Summary
from reanalysis.estimands.words import interval, percent, points_interval
from reanalysis.reporting.markdown import anchor
from reanalysis.reporting.verdict import verdict
from reporting.built import Report, squeezed, told_in

pytestmark = pytest.mark.xdist_group("reports")

REPORTS = ("reanalysis_report", "plain_report", "odd_report")
MOST_BYTES = 6_000_000


@pytest.fixture(params=REPORTS)
def report(request: pytest.FixtureRequest) -> Report:
    found: Report = request.getfixturevalue(request.param)
    return found


# ---- the page -------------------------------------------------------------------------------------------------------


def test_the_page_holds_all_it_needs(report: Report) -> None:
    for element in report.elements:
        for name in ("src", "srcset", "poster", "data", "action", "background"):
            value = element.attributes.get(name)
            assert value is None or value.startswith("data:"), f"<{element.tag} {name}={value[:60]}>"
        if element.tag == "link":
            assert (element.attributes.get("href") or "").startswith("data:")
        assert element.tag not in ("iframe", "object", "embed", "base")
    styles = "".join(part for e in report.all("style") for part in e.parts)
    assert "@import" not in styles
    assert not re.findall(r"url\((?!['\"]?data:)", styles)


def test_the_page_is_small(report: Report) -> None:
    assert report.page.stat().st_size < MOST_BYTES


def test_every_picture_is_told_in_words(report: Report) -> None:
    pictures = report.all("svg")
    assert report.pictures
    for picture in pictures:
        assert picture.attributes["role"] == "img"
        assert len(picture.attributes.get("aria-label") or "") > 20
    assert not report.all("img")  # words within a picture are text of the page
    captions = [e.text for e in report.all("figcaption")]
    assert len(captions) == sum(e.tag == "figure" for e in report.elements)
    assert all(captions)


def test_every_table_has_a_caption_and_named_columns_and_rows(report: Report) -> None:
    tables = report.all("table")
    assert len(report.all("caption")) == len(tables)
    assert all(e.text for e in report.all("caption"))
    heads = [e for e in report.all("th") if "thead" in e.path]
    assert all(e.text for e in heads if not _holds_picture(report, e))
    across = 2 * len([e for e in report.all("tr") if "across" in (e.attributes.get("class") or "").split()])
    across += sum(e.with_words is not None for e in report.analysis.headlines)  # a row of the same table, alone
    named, rows = ([e for e in report.all(tag) if "tbody" in e.path] for tag in ("th", "tr"))
    assert len(named) == len(rows) - across  # of a table with rows as wide as it is, no cell names a row


def _holds_picture(report: Report, cell: object) -> bool:
    """Whether the next elements are a picture within a heading."""
    at = next(i for i, e in enumerate(report.elements) if e is cell)
    return at + 1 < len(report.elements) and report.elements[at + 1].attributes.get("class") == "strip"


def test_headings_go_down_one_level_at_a_time_and_links_lead_somewhere(report: Report) -> None:
    levels = [int(e.tag[1]) for e in report.elements if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    names = [e.attributes["id"] for e in report.elements if e.attributes.get("id")]
    assert len(names) == len(set(names))
    for link in report.all("a"):
        target = link.attributes.get("href") or ""
        if target.startswith("#"):
            assert target[1:] in names


def test_the_title_is_the_only_heading_of_the_first_level(report: Report) -> None:
    titles = (report.elements, report.analysis.evidence.title), (report.program, "Checks of the program")
    for elements, title in titles:
        assert [e.text for e in elements if e.tag == "h1"] == [squeezed(title)]


def test_the_list_of_contents_names_every_section_and_every_endpoint(report: Report) -> None:
    listed = [e.attributes.get("href") for e in report.all("a") if "nav" in e.path]
    named = [f"#{e.attributes['id']}" for e in report.elements if e.tag in ("h2", "h3")]
    assert listed == named
    assert {f"#{anchor(e.id)}" for e in report.analysis.endpoints} <= set(listed)
    assert len([e for e in report.all("a") if e.text == "Back to the answer"]) == len(report.analysis.endpoints)


def test_what_is_folded_is_closed_and_says_what_it_holds(report: Report) -> None:
    folded = [e for e in report.all("details") if "main" in e.path]
    assert len(folded) > len(report.analysis.endpoints)
    assert all("open" not in e.attributes for e in folded)
    lines = [e.text for e in report.all("summary") if "main" in e.path]
    assert len(lines) == len(folded)
    assert all(lines)
    for endpoint in report.analysis.endpoints:
        assert sum(_plain(line).startswith(_plain(f"More on {endpoint.label}: each cohort, ")) for line in lines) == 1


def _plain(text: str) -> str:
    """Letters and digits: an attribute holds no backslash, no quotation mark and no vertical line."""
    return re.sub(r"[^a-zA-Z0-9]", "", text)


def test_what_is_folded_is_in_the_supplement_and_not_in_the_report_on_paper(report: Report) -> None:
    for heading in (e.text for e in report.all("h4") if e.folded and "summary" not in e.path):
        assert heading.replace(" ", "") in report.supplement.replace(" ", "")
    captions = {e.text.partition(": ")[2].replace(" ", "") for e in report.all("caption") if e.folded}
    assert captions
    assert not [c for c in captions if len(c) > 60 and c in report.pdf.replace(" ", "")]


def test_the_program_has_a_document_of_its_own(report: Report) -> None:
    text = next(e for e in report.program if e.tag == "main").text
    assert "Is the computation right where the truth is known?" in text
    assert "Does the program give what others have published?" in text
    for other in (report.words, report.pdf, report.supplement, report.docx_text):
        assert "where the truth is known" not in other
        assert "what others have published?" not in other
    links = {e.attributes.get("href") for e in report.all("a")}
    assert {"validation.html#calibration", "validation.html#validation"} <= links
    names = {e.attributes.get("id") for e in report.program}
    assert {"calibration", "validation"} <= names


def test_the_papers_are_accessible_and_every_picture_on_them_is_told(report: Report) -> None:
    for name, folded in (("report.pdf", False), ("supplement.pdf", True)):
        paper = report.folder / name
        assert b"<pdfuaid:part>1</pdfuaid:part>" in paper.read_bytes()
        wanted = sorted(squeezed(e.attributes["aria-label"] or "") for e in report.pictures if e.folded is folded)
        assert sorted(map(squeezed, told_in(paper))) == wanted


def test_the_report_is_as_long_as_it_should_be(reanalysis_report: Report) -> None:
    assert len(reanalysis_report.pdf_pages) <= 14
    assert any("Contents" in page for page in reanalysis_report.pdf_pages[:2])


# ---- all three ------------------------------------------------------------------------------------------------------


def test_nothing_is_left_that_a_reader_should_not_see(report: Report) -> None:
    for text in (report.words, report.pdf, report.docx_text):
        for word in (r"\bnan\b", r"\bNone\b(?! of )", r"\binf\b", r":::", r"\{#", "undefined", r"\bMarkdown\("):
            assert not re.search(word, text), word
    if "{{" in report.analysis.evidence.title:  # names of this folder hold braces
        return
    for text in (report.words, report.pdf, report.docx_text):
        assert "{{" not in text
        assert "{%" not in text


def test_all_three_state_the_numbers_of_the_results(report: Report) -> None:
    texts = {"html": report.words, "pdf": report.pdf, "docx": report.docx_text}
    for endpoint in report.results["endpoints"].values():
        head = endpoint["headline"]
        first = head["baselines"][0]
        stated = [interval(_summary(head["odds_ratio"])), points_interval(_summary(first["risk_difference"]))]
        stated += [percent(head["p_below_0"] if endpoint["better"] is None else head["p_benefit"])]
        stated += [f"{percent(b['p_fewer'])} / {percent(b['p_more'])}" for b in first["beyond"]]
        for name, text in texts.items():
            for number in stated:
                assert squeezed(number).replace(" ", "") in text.replace(" ", ""), (name, endpoint["label"], number)


def _summary(found: dict[str, float]) -> Summary:
    return Summary(found.get("mean"), found.get("sd"), found["median"], found["lower"], found["upper"])


def test_page_and_word_file_have_the_same_open_tables(report: Report) -> None:
    page, word = report.open("table"), report.docx_tables
    assert len(page) == len(word)
    assert len(report.open("tr")) == sum(len(t) for t in word)
    captions = [squeezed(c) for c in report.docx_captions("TableCaption")]
    assert captions == [e.text for e in report.open("caption")]


def test_captions_are_numbered_alike_in_every_document(report: Report) -> None:
    for kind, tag in (("Table", "caption"), ("Figure", "figcaption")):
        for folded, letter, paper in ((False, "", report.pdf), (True, "S", report.supplement)):
            captions = [e.text for e in report.all(tag) if e.folded is folded]
            for number, caption in enumerate(captions, 1):
                assert caption.startswith(f"{kind} {letter}{number}: ")
                assert caption.replace(" ", "")[:60] in paper.replace(" ", "")


def test_page_and_word_file_have_the_same_open_pictures(report: Report) -> None:
    assert len(report.docx_pictures()) == len([e for e in report.pictures if not e.folded])
    assert report.docx_captions("ImageCaption") == [e.text for e in report.open("figcaption")]
    assert all(len(told) > 20 for told in report.docx_pictures())


def test_the_word_file_has_styles_a_user_can_change(report: Report) -> None:
    assert {"Title", "Heading1", "Heading2", "TableCaption", "ImageCaption"} <= report.docx_styles()


def test_no_row_of_the_word_file_lies_on_two_pages_and_no_caption_leaves_its_table(report: Report) -> None:
    document = docx.Document(str(report.folder / "report.docx"))
    for table in document.tables:
        properties = [row._tr.trPr for row in table.rows]
        assert all(one.find(qn("w:cantSplit")) is not None for one in properties)
        assert properties[0].find(qn("w:tblHeader")) is not None
    caption = next(style for style in document.styles if style.name == "Table Caption")
    assert caption.paragraph_format.keep_with_next
    assert {(round(s.page_width.mm), round(s.page_height.mm)) for s in document.sections} == {(210, 297)}


def test_the_paper_has_every_letter(report: Report) -> None:
    if report.analysis.evidence.title.startswith("</title>"):
        return  # that folder asks for a line separator, which is no letter
    assert "\N{REPLACEMENT CHARACTER}" not in report.pdf
    assert "\x00" not in report.pdf


def test_the_paper_prints_nothing_in_its_margins_or_on_top_of_each_other(reanalysis_report: Report) -> None:
    for number, boxes in enumerate(reanalysis_report.pdf_boxes, 1):
        at = np.array(boxes)
        assert at[:, 0].min() > 0.05, number
        assert at[:, 2].max() < 0.95, number
        assert at[:, 1].min() > 0.015, number  # the page number
        assert at[:, 3].max() < 0.985, number
        middle = np.round((at[:, :2] + at[:, 2:]) / 2, 4)  # letters printed twice have one place
        _, times = np.unique(middle, axis=0, return_counts=True)
        assert (times > 1).mean() < 0.05, number


def test_the_paper_has_greek_and_signs(reanalysis_report: Report) -> None:
    papers = unicodedata.normalize("NFKC", reanalysis_report.pdf + reanalysis_report.supplement)
    for letter in "ρτδμ−":
        assert letter in papers, letter


def test_the_first_page_of_the_paper_has_the_answer_the_cohorts_and_the_limits(reanalysis_report: Report) -> None:
    first = squeezed(reanalysis_report.pdf_pages[0])
    analysis = reanalysis_report.analysis
    for endpoint in analysis.headlines:
        assert squeezed(interval(endpoint.odds_ratio)) in first
    for one in verdict(analysis):
        assert squeezed(one.plain) in first
    for words in ("In short", "Strati 2023", "Liang 2025", "Limits", analysis.evidence.settings.limits[0]):
        assert words in first


# ---- what the re-analysis must say ----------------------------------------------------------------------------------


def test_the_headline_is_right(reanalysis_report: Report) -> None:
    text = reanalysis_report.words
    assert "Three cohorts compared" in text
    assert "Only any-grade ICANS has figures for both groups in all three" in text
    by_count = {e.id: len(e.headline.comparative) for e in reanalysis_report.analysis.headlines}
    assert by_count == {"icans_any": 3, "crs_any": 1, "infection_g3": 1, "cr": 2}
    assert "Leaving out one cohort reverses the direction of each" in text
    assert "Grade 3+ infection has figures for both groups in one cohort only (IPTW 2025)" in text
    assert "pooled across three" not in text


# ---- anyone's folder ------------------------------------------------------------------------------------------------


def test_where_no_side_is_declared_none_is_called_better(plain_report: Report) -> None:
    for text in (plain_report.words, plain_report.pdf, plain_report.docx_text):
        assert not re.findall(r"\b(benefi\w*|harm\w*|NNT|NNH)\b", text, re.IGNORECASE)
    for picture in plain_report.all("svg"):
        assert not re.search(r"benefit|harm|better", picture.attributes["aria-label"] or "")
    assert plain_report.page_data["endpoints"]["endpoint-death"]["better"] is None


def test_a_folder_is_told_in_its_own_words_only(plain_report: Report) -> None:
    for text in (plain_report.html, plain_report.pdf, plain_report.docx_text):
        assert not re.search(r"anakinra|CAR.?T\b|ICANS|axi-cel|lymphoma", text)


def test_names_are_text_wherever_they_stand(odd_report: Report) -> None:
    scripts = odd_report.all("script")
    assert [e.attributes.get("id") for e in scripts] == [None, "report-data", None]
    assert scripts[0].attributes["type"] == "application/ld+json"
    assert odd_report.page_data["endpoints"]["endpoint-event"]["label"] == "~~~~ </script> event | `x`"
    for text in (odd_report.words, odd_report.docx_text):
        assert '<script>alert("1")</script>' in text.replace("\u201c", '"').replace("\u201d", '"')
    assert len(odd_report.all("title")) == 1
