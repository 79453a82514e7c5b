"""Sentences that were false of some folder: each kind is tried on folders made to make the old words false."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from figures.folders import write_folder
from readme.answer import analysed
from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.section import Artefacts, Section
from reanalysis.reporting.sections.certainty import grade_table
from reanalysis.reporting.sections.choices import unheard
from reanalysis.reporting.sections.cohorts import FACTS, FIRST_LIMITS, LIMITS, READING
from reanalysis.reporting.sections.effects import counts_as, sizes, study_table, variation
from reanalysis.reporting.sections.findings import DEDUCTIONS, LEDGER
from reanalysis.reporting.sections.overview import overview_table
from reanalysis.reporting.sentences import basis, effect, leaving_out, risk
from reanalysis.reporting.unknown import not_known, shared_endpoints
from reanalysis.reporting.unmodelled import elsewhere_told, measured
from reanalysis.reporting.verdict import certainty_of

TWO = [("Ash", (20, 100, 30, 100)), ("Birch", (21, 90, 30, 92))]
COLUMNS = (
    "study", "endpoint", "subgroup", "measure", "estimate", "lower", "upper", "p", "claim", "treated", "control",
    "unit", "use", "reason",
)  # fmt: skip
OLD = (
    "nothing else confirms", "unconfirmed", "compared in no cohort", "nothing in this evidence", "Anything about",
    "only endpoint", "words only",
)  # fmt: skip


def folder(
    where: Path,
    endpoints: dict[str, list[tuple[str, tuple[int, int, int, int]]]],
    contrasts: list[dict[str, str]] | None = None,
    arms: str = "",
    settings: str = "",
) -> Analysis:
    """A folder with contrasts.csv and arms without a control, analysed."""
    write_folder(where, endpoints, settings)
    if arms:
        with (where / "arms.csv").open("a", encoding="utf-8") as file:
            file.write(arms)
    if contrasts:
        with (where / "contrasts.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, COLUMNS, restval="")
            rows.writeheader()
            rows.writerows({"use": "context", "reason": "as reported", **row} for row in contrasts)
    return analysed(read_evidence(where))


def everything(analysis: Analysis) -> str:
    return " ".join([shared_endpoints(analysis), *not_known(analysis), *(leaving_out(e) for e in analysis.endpoints)])


# ---- what others say of an endpoint that one study compares ----------------------------------------------------------

OTHERS = {
    "words": ([{"study": "Birch", "endpoint": "death", "claim": "similar"}], "", "Birch: in words similar"),
    "two claims": (
        [{"study": s, "endpoint": "death", "claim": "no difference"} for s in ("Birch", "Cedar")], "",
        "Birch and Cedar: in words no difference",
    ),
    "a ratio": (
        [{"study": "Birch", "endpoint": "death", "measure": "OR", "estimate": "1.4", "lower": ".9", "upper": "2"}], "",
        "Birch: OR 1.4 (.9 to 2), adjusted, without rates",
    ),
    "a p-value": ([{"study": "Birch", "endpoint": "death", "p": "0.4"}], "", "Birch: a p-value without rates"),
    "one group": ([], "Birch,treated,death,2,30\n", "Birch: one group only, 2 of 30 with treated"),
    "one group and words": (
        [{"study": "Birch", "endpoint": "death", "claim": "lower"}], "Birch,treated,death,2,30\n",
        "Birch: in words lower",
    ),
    "no events": ([], "Birch,control,death,0,30\nBirch,treated,death,0,31\n", "Birch: no event in either arm"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_what_other_studies_report_is_said_where_one_compares(tmp_path: Path, kind: str) -> None:
    contrasts, arms, told = OTHERS[kind]
    found = folder(tmp_path, {"death": TWO[:1]}, contrasts, arms)
    (death,) = found.endpoints
    assert elsewhere_told(found.evidence, "death") == told
    assert leaving_out(death) == f"No other study has figures for both groups ({told})."
    assert any(told in sentence for sentence in not_known(found))
    assert not any(old in everything(found) for old in OLD)


def test_where_no_other_study_reports_it_that_is_said(tmp_path: Path) -> None:
    found = folder(tmp_path, {"death": TWO[:1], "sepsis": TWO})
    death = next(e for e in found.endpoints if e.id == "death")
    assert elsewhere_told(found.evidence, "death") == ""
    assert leaving_out(death) == "No other study reports it."
    assert "Whether the result for death would be repeated: it has figures from one study only, and no other study" in (
        " ".join(not_known(found))
    )


def test_an_endpoint_with_a_ratio_and_words_alone_is_told_with_both(tmp_path: Path) -> None:
    ratio = {"study": "Ash", "endpoint": "sepsis", "measure": "OR", "estimate": "15.9", "lower": "1.2", "upper": "212"}
    words = {"study": "Ash", "endpoint": "sepsis", "claim": "no difference"}
    found = folder(tmp_path, {"death": TWO}, [ratio, words], "Birch,treated,sepsis,3,30\n")
    (told,) = (s for s in not_known(found) if s.startswith("Sepsis"))
    assert "OR 15.9 (1.2 to 212), adjusted, without rates" in told
    assert "in words no difference" in told
    assert "Birch: one group only, 3 of 30 with treated" in told


# ---- which endpoints all studies share ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoints", "told"),
    [
        ({"death": TWO, "sepsis": TWO[:1]}, "Only death has figures for both groups in both of them."),
        ({"death": TWO, "sepsis": TWO}, "Every outcome has figures for both groups in both of them."),
        (
            {"death": TWO, "sepsis": TWO, "rash": TWO[:1]},
            "Death and sepsis have figures for both groups in both of them.",
        ),
        (
            {"death": TWO[:1], "sepsis": TWO[1:]},
            "No outcome has figures for both groups in more than one of them.",
        ),
        ({"death": TWO[:1]}, "One study compared treated with control."),
        ({"death": TWO}, "Two studies compared treated with control."),
    ],
)
def test_what_all_studies_share_follows_from_their_figures(
    tmp_path: Path, endpoints: dict[str, list[tuple[str, tuple[int, int, int, int]]]], told: str
) -> None:
    text = shared_endpoints(folder(tmp_path, endpoints))
    assert text.endswith(told)
    assert ("Only" in text) is told.startswith("Only")


def test_endpoints_beyond_the_first_page_count_too(tmp_path: Path) -> None:
    found = folder(tmp_path, {"death": TWO, "sepsis": TWO}, settings="[endpoints.death]\nheadline = true\n")
    assert [e.id for e in found.headlines] == ["death"]
    assert "Only" not in shared_endpoints(found)


# ---- sizes ----------------------------------------------------------------------------------------------------------


def test_how_large_lists_every_endpoint_whichever_side_its_interval_lies_on(tmp_path: Path) -> None:
    harm = [("Ash", (20, 200, 80, 200)), ("Birch", (21, 190, 75, 192))]
    found = folder(tmp_path, {"death": harm, "sepsis": TWO})
    at = found.endpoints[0].baselines[0].risk_difference
    assert at.lower > 0.05  # the old words left such an interval out
    (told,) = (s for s in not_known(found) if s.startswith("How large"))
    assert "with death and" in told
    assert "with sepsis." in told
    assert f"{100 * at.lower:.0f} more to {100 * at.upper:.0f} more with death" in told


def test_the_risk_is_told_in_patients_at_the_studies_own_control_rate(tmp_path: Path) -> None:
    settings = '[endpoints.death]\nbaselines = [{ label = "elsewhere", percent = 44 }]\n'
    found = folder(tmp_path, {"death": TWO[:1]}, settings=settings)
    (death,) = found.endpoints
    assert [(b.baseline.label, b.baseline.percent) for b in death.baselines] == [
        ("control rate of Ash", 20.0), ("elsewhere", 44.0),
    ]  # fmt: skip
    assert risk(death).startswith("If 20 of 100 patients have death with control (control rate of Ash), about 29 have")


def test_a_rare_control_rate_is_not_taken_for_another_half_a_point_away(tmp_path: Path) -> None:
    settings = '[endpoints.death]\nbaselines = [{ label = "elsewhere", percent = 0.4 }]\n'
    (death,) = folder(tmp_path, {"death": [("Ash", (4, 500, 9, 510))]}, settings=settings).endpoints
    assert [b.baseline.percent for b in death.baselines] == [0.8, 0.4]


@pytest.mark.parametrize("percent", ["20", "20.3"])
def test_a_declared_control_rate_that_is_the_studies_own_is_not_told_twice(tmp_path: Path, percent: str) -> None:
    settings = f'[endpoints.death]\nbaselines = [{{ label = "Ash again", percent = {percent} }}]\n'
    (death,) = folder(tmp_path, {"death": TWO[:1]}, settings=settings).endpoints
    assert [b.baseline.percent for b in death.baselines] == [20.0]


# ---- published ratios and discounts ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reanalysis(reanalysed: Analysis) -> Analysis:
    return reanalysed


def test_a_crude_interval_is_at_a_size_that_is_possible(reanalysis: Analysis) -> None:
    icans = next(e for e in reanalysis.endpoints if e.id == "icans_any")
    raw = next(s.raw for s in icans.studies if s.study == "phase1")
    assert raw is not None
    assert raw.odds_ratio == pytest.approx(7 * 8 / (13 * 12), abs=0.005)  # 35 % of 20 against what is 60 %
    reach = 1.959964 * (1 / 7 + 1 / 13 + 1 / 12 + 1 / 8) ** 0.5
    assert raw.upper / raw.odds_ratio == pytest.approx(2.718281828**reach, rel=2e-3)  # at n = 36.9: 3.1, at 20: 3.6
    assert "as reported" not in study_table(icans).caption
    assert "published rates" in study_table(icans).caption


def test_effective_sizes_stand_beside_the_discount(reanalysis: Analysis) -> None:
    infection = next(e for e in reanalysis.endpoints if e.id == "infection_g3")
    (study,) = infection.fit.posterior.data.studies
    k, rho = 0.75, 0.01
    sizes = [k * n / (1 + (k * n - 1) * rho) for n in (61, 110)]
    assert counts_as(study) == f"{sizes[0]:.0f} and {sizes[1]:.0f}"
    assert counts_as(study) in study_table(infection).rows[0]


def test_the_variation_before_any_discount_is_told_beside_that_of_the_model(reanalysis: Analysis) -> None:
    icans, infection = (next(e for e in reanalysis.endpoints if e.id == name) for name in ("icans_any", "infection_g3"))
    assert variation(infection) == ""
    text = variation(icans).replace("\N{NO-BREAK SPACE}", " ")
    assert "I2 67 %" in text
    assert "on 2 degrees of freedom" in text
    assert f"tau is {icans.tau.median:.2f}" in text


# ---- in words -------------------------------------------------------------------------------------------------------


def test_sentences_speak_of_events_not_of_p_values(reanalysis: Analysis) -> None:
    by_name = {e.id: e for e in reanalysis.endpoints}
    assert basis(by_name["icans_any"]) == "Any-grade ICANS was compared in three cohorts."
    assert "has figures for both groups in one cohort only (Liang 2025)" in basis(by_name["crs_any"])
    about = effect(by_name["icans_any"]).replace("\N{NO-BREAK SPACE}", " ")
    assert "anakinra is about as likely to reduce any-grade ICANS (41 %) as to increase it (59 %)" in about
    assert "the chance that anakinra increases grade 3+ infection is" in effect(by_name["infection_g3"])
    response = effect(by_name["cr"])
    assert response.index("increase") < response.index("reduce")


# ---- what a folder does not say is not said of it --------------------------------------------------------------------


def text_of(section: Section[Analysis], analysis: Analysis) -> str:
    nothing = CheckResult("", None, "")
    return " ".join(section.markdown(Artefacts(analysis, {}, nothing, nothing), analysis).replace("\\", "").split())


RANDOMISED = '[studies.Ash]\ndesign = "randomised"\n'
MATCHED = '[studies.Ash]\ndesign = "matched"\n'


@pytest.mark.parametrize(("settings", "discounted"), [("", False), (RANDOMISED, False), (MATCHED, True)])
def test_patients_count_for_less_only_where_some_do(tmp_path: Path, settings: str, discounted: bool) -> None:
    told = text_of(READING, folder(tmp_path, {"death": TWO}, settings=settings))
    assert ("counts for less than its patients" in told) is discounted
    assert ("Every patient of every study counts in full" in told) is not discounted


def test_one_study_is_not_compared_with_others(tmp_path: Path) -> None:
    differ = "A difference between their results"
    assert differ not in text_of(FACTS, folder(tmp_path / "one", {"death": TWO[:1]}, settings=RANDOMISED))
    assert differ in text_of(FACTS, folder(tmp_path / "two", {"death": TWO}, settings=RANDOMISED))


@pytest.mark.parametrize(
    ("arms", "said"),
    [("", "No other study reports them."), ("Birch,treated,sepsis,2,30\n", "What other studies say stands with each.")],
)
def test_others_say_something_of_an_outcome_only_where_they_do(tmp_path: Path, arms: str, said: str) -> None:
    found = folder(tmp_path, {"death": TWO, "sepsis": TWO[:1]}, arms=arms)
    assert f"figures for both groups in one study only. {said}" in text_of(LIMITS, found)


def test_no_limits_are_said_to_be_none_and_long_ones_are_not(tmp_path: Path) -> None:
    none = "None is stated with this evidence."
    assert none in text_of(FIRST_LIMITS, folder(tmp_path / "none", {"death": TWO[:1]}))
    long = f'limits = ["{"word " * 80}"]\n'
    assert none not in text_of(FIRST_LIMITS, folder(tmp_path / "long", {"death": TWO[:1]}, settings=long))


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_more_events_are_called_better_only_where_they_are(tmp_path: Path, better: str) -> None:
    nothing = CheckResult("", None, "")
    found = folder(tmp_path, {"death": TWO}, settings=f'[endpoints.death]\nbetter = "{better}"\n')
    caption = overview_table(Artefacts(found, {}, nothing, nothing), found.endpoints).caption
    assert ("where more events are better" in caption) is (better == "higher")


def test_one_interval_runs_and_several_run(tmp_path: Path) -> None:
    assert "the 95 % interval runs from" in " ".join(not_known(folder(tmp_path / "one", {"death": TWO})))
    assert "the 95 % intervals run from" in " ".join(not_known(folder(tmp_path / "two", {"death": TWO, "rash": TWO})))


def test_a_folder_without_findings_has_sentences_instead_of_empty_tables(tmp_path: Path) -> None:
    found = folder(tmp_path, {"death": TWO})
    for section in (LEDGER, DEDUCTIONS):
        told = text_of(section, found)
        assert "|" not in told
        assert told.endswith(".")


def test_a_long_reason_is_told_once_and_found_where_it_says(reanalysis: Analysis) -> None:
    reasons = {(e.label, one.domain): one.reason for e in reanalysis.endpoints for one in certainty_of(e).grade.steps}
    told = {(row[0], row[1]): str(row[5]) for row in grade_table(reanalysis).rows}
    again = {where: why.removeprefix("as for ") for where, why in told.items() if why != reasons[where]}
    assert len(again) > len(reanalysis.endpoints)
    assert all(told[label, domain] == reasons[where, domain] for (where, domain), label in again.items())


# ---- days and doses, sizes, and words that cannot be weighed ---------------------------------------------------------

DAYS = {"endpoint": "stay", "unit": "days, median"}


def test_days_and_doses_are_told_where_a_study_calls_them_different(tmp_path: Path) -> None:
    told = [
        {**DAYS, "study": "Ash", "claim": "lower", "treated": "4 (IQR 3 to 9)", "control": "6"},
        {**DAYS, "study": "Birch", "claim": "lower", "treated": "3", "control": "6"},
        {"endpoint": "stay", "study": "Cedar", "claim": "no difference"},
        {**DAYS, "study": "Ash", "subgroup": "young", "claim": "lower", "treated": "1", "control": "9"},
        {"endpoint": "dose", "study": "Ash", "claim": "higher", "treated": "10", "control": "7", "unit": "mg"},
        {
            "endpoint": "onset",
            "study": "Ash",
            "claim": "no difference",
            "treated": "5",
            "control": "19",
            "unit": "days",
        },
        {"endpoint": "age", "study": "Ash", "claim": "higher", "treated": "72", "control": "67", "unit": "years"},
    ]
    settings = '[endpoints]\nage = { kind = "baseline" }\nstay = { label = "Stay, days" }\n'
    found = folder(tmp_path, {"death": TWO}, told, settings=settings)
    assert measured(found.evidence) == (
        "Stay, days: 4 with, 6 without (Ash); 3 and 6 (Birch); no difference (Cedar). dose: 10 and 7 mg (Ash)."
    )
    assert measured(folder(tmp_path / "none", {"death": TWO}).evidence) == ""


def test_words_that_cannot_be_weighed_are_said_to_be_and_why(tmp_path: Path) -> None:
    claim = {"study": "Cedar", "endpoint": "death", "claim": "no difference"}
    (death,) = folder(tmp_path / "no size", {"death": TWO}, [claim]).endpoints
    assert "words" not in {one.group for found in death.sensitivity.values() for one in found if not one.primary}
    assert unheard(death).startswith("What is said in words of death cannot be weighed of Cedar (the size of its ")
    sized = "Cedar,treated,rash,2,30\nCedar,control,rash,2,31\n"
    known = folder(tmp_path / "size", {"death": TWO, "rash": TWO[:1]}, [claim], sized).endpoints
    assert unheard(next(e for e in known if e.id == "death")) == ""


def test_sizes_that_are_not_published_are_told_by_name_and_alike_ones_together(reanalysis: Analysis) -> None:
    icans = next(e for e in reanalysis.endpoints if e.id == "icans_any")
    (told,) = sizes(icans)
    assumed = icans.fit.selection.observations["phase1", "control"].assumed
    (likely, weight), others = assumed[0], assumed[1:]
    assert {w for _, w in others} == {others[0][1]}
    assert told == (
        "The number of patients is not published for Strati 2023, no anakinra. Taken with their weights: "
        f"{likely} ({100 * weight:.0f} %); {len(others)} sizes from {others[0][0]} to {others[-1][0]} "
        f"(each {100 * others[0][1]:.1f} %)."
    )
