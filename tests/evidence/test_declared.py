"""What a folder declares beside its figures: who made the report, and why each setting is as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.folders import ANAKINRA, TWO_STUDIES, folder, found
from reanalysis.analysis.relevant import relevant
from reanalysis.digests import of_value
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.risk_of_bias import DOMAINS, JUDGEMENTS
from reanalysis.evidence.reasons import Reasoned, reasons

PRODUCT = '[studies.A]\nproduct = "p"\n'


def of(where: Path, toml: str = "", benchmarks: str = "", sources: str = "") -> Evidence:
    made = folder(where, TWO_STUDIES, toml=toml, sources=sources)
    if benchmarks:
        columns = "product,endpoint,label,events,n,percent,use,checked,source"
        (made / "benchmarks.csv").write_text(f"{columns}\n{benchmarks}", encoding="utf-8")
    return read_evidence(made)


def problems(where: Path, **files: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        of(where, **files)
    return [str(one) for one in refused.value.problems]


@pytest.mark.parametrize("date", ["2025", "2025-12", "2025-12-31", ""])
def test_the_evidence_is_of_a_year_a_month_or_a_day(tmp_path: Path, date: str) -> None:
    assert of(tmp_path, f'[report]\ndate = "{date}"\n').report.date == date


@pytest.mark.parametrize("date", ["2025-12-31", "2025"])
def test_a_date_or_a_number_of_toml_is_taken_as_it_is(tmp_path: Path, date: str) -> None:
    assert of(tmp_path, f"[report]\ndate = {date}\n").report.date == date


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        *(
            (
                f"[report]\ndate = {text}\n",
                f"line 2, report.date: must be a date such as 2025-12-31, 2025-12 or 2025 {at}",
            )
            for text, at in (
                ('"31.12.2025"', "(found '31.12.2025')"),
                ('"2025-13"', "(found '2025-13')"),
                ('"2025-02-30"', "(found '2025-02-30')"),
                ('"soon"', "(found 'soon')"),
            )
        ),
        (
            '[report]\nurl = "example.org"\n',
            "line 2, report.url: must be an address that begins with https:// or http:// (found 'example.org')",
        ),
        ('[report]\nauthor = "A"\n', "line 2, report.author: unknown key; did you mean 'authors'?"),
        ('[reasons.rho]\nmatchd = "a"\n', "line 2, reasons.rho.matchd: must be 'randomised', 'weighted', 'matched',"),
        (
            '[reasons.priors]\nsigma = "a"\n',
            "line 2, reasons.priors.sigma: must be 'mu', 'tau', 'baseline', 'moderator' or 'anchor'",
        ),
        ("[reasons]\nmargins = 5\n", "line 2, reasons.margins: must be a string (found '5')"),
        (
            '[studies.A.primary_endpoint]\nresult = "failed"\n',
            "line 2, studies.A.primary_endpoint.result: must be 'met', 'not met' or 'not stated' (found 'failed')",
        ),
        (
            '[studies.A.primary_endpoint]\nendpoint = "y"\nresult = "met"\n',
            "line 2, studies.A.primary_endpoint.endpoint: no row of arms.csv or contrasts.csv has this endpoint",
        ),
        (
            "[studies.A.conclusion]\ntext = ''\n",
            "line 2, studies.A.conclusion.text: must not be empty",
        ),
    ],
)
def test_a_malformed_declaration_is_one_clear_problem(tmp_path: Path, toml: str, problem: str) -> None:
    (told,) = problems(tmp_path, toml=toml)
    assert told.startswith(f"analysis.toml, {problem}")


def test_an_address_of_a_source_is_one(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, sources='[a]\nurl = "see above"\n')
    assert told == (
        "sources.toml, line 2, a.url: must be an address that begins with https:// or http:// (found 'see above')"
    )


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("p,x,T,,100,30,secondary,,", "line 2, use: must be primary or context (found 'secondary')"),
        ("p,x,T,,100,30,,maybe,", "line 2, checked: must be yes or no, or empty (found 'maybe')"),
        ("p,x,T,,,30,,,", "line 2, n: a benchmark needs its printed n"),
    ],
)
def test_a_malformed_benchmark_is_one_clear_problem(tmp_path: Path, row: str, problem: str) -> None:
    assert problems(tmp_path, toml=PRODUCT, benchmarks=f"{row}\n") == [f"benchmarks.csv, {problem}"]


def test_a_benchmark_that_another_source_prints_otherwise_is_told_and_never_used(tmp_path: Path) -> None:
    rows = "p,x,T,,,31,context,,second\np,x,T,,100,30,,no,first\np,x,T,,100,30,context,,third\n"
    evidence = of(tmp_path, PRODUCT, rows)
    used = evidence.benchmark("A", "x")
    assert used is not None
    assert (used.line, used.n) == (3, 100)
    assert [(f.severity, f.message) for f in found(audit(evidence), "benchmark")] == [
        ("warning", "T (p): 30 %, n = 100 by first, 31 % by second"),
        ("info", "T (p): 30 %, n = 100 was not checked against the published text"),
    ]


def test_without_analysis_toml_nothing_is_declared_and_no_reason_is_made_up(tmp_path: Path) -> None:
    evidence = of(tmp_path)
    assert set(evidence.report.model_dump().values()) == {""}
    assert {one.reason for one in reasons(evidence)} == {""}
    assert [one.kind for one in reasons(evidence)] == [*["prior"] * 4, "margin"]


def test_each_setting_stands_beside_its_reason(tmp_path: Path) -> None:
    toml = (
        '[reasons]\nmargins = "usual"\n[reasons.priors]\ntau = "few studies"\n[reasons.rho]\nmatched = "judged"\n'
        '[rho]\nmatched = 0.03\n[studies.A]\ndesign = "matched"\nk = 0.5\nk_reason = "as printed"\n'
        '[studies.A.denominator.control]\nn_max = 30\nweight = { 20 = 0.6 }\nreason = "one each"\n'
        '[endpoints.x]\nlabel = "Event"\nmargins = [3]\nmargins_reason = "rare"\n'
        'baselines = [{ label = "ward", percent = 28, reason = "a survey" }]\n'
        '[weights.x]\nweight = 2\nreason = "grave"\n'
    )
    found_ = {one.setting: one for one in reasons(of(tmp_path, toml))}
    assert found_["prior of the heterogeneity (tau)"].reason == "few studies"
    assert [one for one in found_.values() if one.kind not in ("prior",)] == [
        Reasoned("rho", "rho, matched", "0.03", "judged"),
        Reasoned("k", "k, A", "0.5", "as printed"),
        Reasoned("size", "size not printed, A, control", "at most 30; 20 (0.6)", "one each"),
        Reasoned("margin", "margins, every outcome", "3 points; trivial within 3", "rare"),
        Reasoned("weight", "weight, Event", "2", "grave"),
        Reasoned("control risk", "control risk, Event, ward", "28 %", "a survey"),
    ]


def test_every_setting_of_the_reanalysis_has_its_reason() -> None:
    evidence = read_evidence(ANAKINRA)
    given = reasons(evidence)
    kinds = {"prior", "rho", "k", "size", "words", "bias", "margin", "weight", "next trial", "control risk"}
    assert {one.kind for one in given} == kinds
    assert [one.setting for one in given if not one.reason] == []
    assert set(evidence.settings.reasons.rho) == set(dict(evidence.settings.rho))
    assert evidence.report.protocol == "none registered"
    assert evidence.report.authors


def test_reasons_and_who_says_so_change_no_task(tmp_path: Path) -> None:
    toml = '[report]\nauthors = "B"\n[reasons.priors]\nmu = "because"\n'
    plain, told = of(tmp_path / "a"), of(tmp_path / "b", toml)
    assert told.settings != plain.settings
    assert of_value(relevant(told, "x")) == of_value(relevant(plain, "x"))


def test_each_cohort_of_the_reanalysis_is_judged_in_all_seven_domains_with_reasons() -> None:
    rows = read_evidence(ANAKINRA).risk_of_bias
    for study in ("phase1", "phase2", "iptw"):
        whole = {row.domain: row for row in rows if row.study == study and not row.endpoint}
        assert tuple(whole) == DOMAINS
        assert JUDGEMENTS.index(whole["confounding"].judgement) >= JUDGEMENTS.index("serious")
        assert "calendar time" in whole["confounding"].reason
    assert all(row.reason and row.source and row.locator for row in rows)


def test_every_row_of_the_reanalysis_says_where_it_stands_and_every_endpoint_has_a_name() -> None:
    evidence = read_evidence(ANAKINRA)
    for row in (*evidence.arms, *evidence.contrasts, *evidence.benchmarks):
        assert row.source, row
        assert row.locator, row
    assert [e for e in evidence.endpoints if not evidence.endpoint(e).label] == []


def test_what_was_found_outside_the_sources_is_marked_and_brings_no_figure() -> None:
    evidence = read_evidence(ANAKINRA)
    marked = {key for key, source in evidence.sources.items() if source.outside}
    assert {"liang2025", "iptw_abstract", "strati_meeting_abstract", "park2023"} <= marked
    cited = {row.source for row in (*evidence.arms, *evidence.contrasts, *evidence.benchmarks)}
    assert cited.isdisjoint({"strati_meeting_abstract", "park2023"})
