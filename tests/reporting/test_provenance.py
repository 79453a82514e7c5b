"""A report says who made it, from what and why, links all of its files, and each choice without a reason says so."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import reanalysis as ra
from figures.folders import five_columns
from reanalysis.analysis.analysis import Analysis
from reanalysis.builds.manifest import read_manifest
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.settings import Reasons, ReportDetails, Source
from reanalysis.evidence.reasons import reasons
from reanalysis.reporting.contents import ITEMS
from reanalysis.reporting.details import Details, details_of
from reanalysis.reporting.section import Artefacts
from reanalysis.reporting.sections.provenance import reason_table, source_table
from reanalysis.reporting.standards import Tick, ticks
from reanalysis.versions import commit, versions
from reporting.built import Report, elements_of
from reporting.test_standards import MADE, VALIDATED
from shared import recalling

pytestmark = pytest.mark.xdist_group("figures")

TOLD = """
question = "Does it help?"
[report]
authors = "A. Author; B. \\"Quoted\\" Author"
date = "2025-06"
licence = "CC BY 4.0"
url = "https://example.org/report"
protocol = "PROSPERO CRD42"
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, results: Path) -> Path:
    where = tmp_path_factory.mktemp("told")
    folder = five_columns(where / "five")
    (folder / "analysis.toml").write_text(TOLD, encoding="utf-8")
    with recalling(results):
        ra.report(folder, where / "out", "quadrature")
    return where / "out"


def _with(analysis: Analysis, **settings: object) -> Analysis:
    changed = analysis.evidence.settings.model_copy(update=settings)
    return replace(analysis, evidence=replace(analysis.evidence, settings=changed))


def _ticks(analysis: Analysis) -> dict[str, Tick]:
    return {f"{t.standard}: {t.item}": t for t in ticks(ITEMS, Artefacts(analysis, {}, MADE, VALIDATED))}


# ---- files ----------------------------------------------------------------------------------------------------------


def test_every_published_file_is_linked_and_every_link_leads_to_a_file(published: Path) -> None:
    elements = elements_of((published / "index.html").read_text(encoding="utf-8"))
    linked = {e.attributes["href"] or "" for e in elements if e.tag == "a"}
    files = {href.partition("#")[0] for href in linked if "://" not in href and not href.startswith("#")}
    assert all((published / file).is_file() for file in files)
    there = set(read_manifest(published)["outputs"]) | {"manifest.json"}
    assert {file for file in there if not file.startswith("figures/")} == files


# ---- what documents say of themselves -------------------------------------------------------------------------------


def test_the_page_tells_search_engines_who_made_it(published: Path) -> None:
    elements = elements_of((published / "index.html").read_text(encoding="utf-8"))
    told = [(e.attributes.get("name"), e.attributes.get("content")) for e in elements if e.tag == "meta"]
    assert ("description", "Does it help?") in told
    assert [content for name, content in told if name == "citation_author"] == ["A. Author", 'B. "Quoted" Author']
    assert ("citation_publication_date", "2025/06") in told
    (linked,) = (e for e in elements if e.attributes.get("type") == "application/ld+json")
    data = json.loads("".join(linked.parts))
    assert data["@type"] == "Report"
    assert [author["name"] for author in data["author"]] == ["A. Author", 'B. "Quoted" Author']
    assert (data["datePublished"], data["license"]) == ("2025-06", "CC BY 4.0")


def test_the_papers_and_the_word_file_carry_authors_and_the_date_of_the_evidence(published: Path) -> None:
    import pypdfium2

    for name in ("report.pdf", "supplement.pdf"):
        document = pypdfium2.PdfDocument(published / name)
        found = document.get_metadata_dict()
        document.close()
        assert found["Author"] == "A. Author, B. 'Quoted' Author"
        assert found["CreationDate"].startswith("D:20250601")
    with zipfile.ZipFile(published / "report.docx") as file:
        texts = [e.text for e in ET.fromstring(file.read("docProps/core.xml"))]
    assert 'A. Author; B. "Quoted" Author' in texts
    assert "2025-06-01T00:00:00Z" in texts


@pytest.mark.parametrize(
    ("date", "seconds"),
    [("", 0), ("1970", 0), ("2025", 1735689600), ("2025-06", 1748736000), ("2025-06-02", 1748822400)],
)
def test_the_date_of_the_files_is_that_of_the_evidence_unless_another_is_given(
    plain_report: Report, date: str, seconds: int
) -> None:
    evidence = _with(plain_report.analysis, report=ReportDetails(date=date)).evidence
    assert details_of(evidence).seconds == seconds
    assert details_of(evidence, 17).seconds == 17


def test_linked_data_ends_no_element() -> None:
    text = Details("</script><script>alert(1)</script>", authors="<b>&").linked_data()
    assert not set("<>&") & set(text)
    assert json.loads(text)["name"] == "</script><script>alert(1)</script>"


def test_version_and_commit_are_in_the_report_and_the_manifest(published: Path) -> None:
    text = (published / "report.md").read_text(encoding="utf-8").replace("\\", "")
    assert f"Made with Reanalysis {versions()['reanalysis']}" in text
    assert read_manifest(published)["commit"] == commit()
    assert commit() in text


# ---- reasons, sources, standards ------------------------------------------------------------------------------------


def test_every_choice_has_its_reason_or_says_that_it_has_none(anakinra: Analysis) -> None:
    rows = reason_table(anakinra).rows
    assert [row[2] for row in rows] == [one.reason or "no reason given" for one in reasons(anakinra.evidence)]
    bare = _with(anakinra, reasons=Reasons())
    lost = [row[0] for row in reason_table(bare).rows if row[2] == "no reason given"]
    assert "prior of the average effect (mu)" in lost
    assert any(str(name).startswith("margins") for name in lost)


def test_an_item_that_asks_for_reasons_is_lost_without_them(anakinra: Analysis) -> None:
    with_reasons, bare = _ticks(anakinra), _ticks(_with(anakinra, reasons=Reasons()))
    lost = {name for name, tick in with_reasons.items() if tick.met and not bare[name].met}
    assert lost == {
        "BARG: every prior explained and justified",
        "BARG: decisions: limits of what matters, and why these",
        "ROBUST: the prior is justified",
        "Zampieri: the reason for each prior",
        "PRISMA 2020: 13d: methods of synthesis and the reason for them",
    }
    assert "no reason given for prior of the average effect (mu)" in bare["ROBUST: the prior is justified"].missing


@pytest.mark.parametrize(
    ("protocol", "registered"),
    [("", False), ("none registered", False), ("PROSPERO CRD42023", True), ("https://osf.io/abc", True)],
)
def test_a_protocol_is_registered_where_it_can_be_found(plain_report: Report, protocol: str, registered: bool) -> None:
    found = _ticks(_with(plain_report.analysis, report=ReportDetails(protocol=protocol)))
    assert found["PRISMA 2020: 24: registration and protocol"].met is registered


def test_without_judgements_of_bias_no_domain_is_ticked(anakinra: Analysis) -> None:
    assert anakinra.evidence.risk_of_bias
    bare = replace(anakinra, evidence=replace(anakinra.evidence, risk_of_bias=()))
    domains = [tick for name, tick in _ticks(bare).items() if name.startswith("ROBINS-I")]
    assert len(domains) == 7
    assert all(tick.missing.startswith("not judged for") for tick in domains)


def test_identifiers_of_sources_are_links_whatever_they_hold(plain_report: Report) -> None:
    source = Source(title="T", doi="10.1016/S0140-6736(20)31366-0", pmid="1", nct="NCT1")
    table = source_table(
        replace(
            plain_report.analysis,
            evidence=replace(read_evidence(plain_report.analysis.evidence.folder), sources={"k": source}),
        )
    )
    assert table is not None
    cell = str(table.rows[0][2])
    assert "(https://doi.org/10.1016/S0140-6736%2820%2931366-0)" in cell
    assert "(https://pubmed.ncbi.nlm.nih.gov/1)" in cell
    assert "(https://clinicaltrials.gov/study/NCT1)" in cell
