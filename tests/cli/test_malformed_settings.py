"""Malformed analysis.toml, contrasts.csv and sources.toml give one clear error, exit code 2 and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.faults import CONTRASTS, GOOD, Case, ratio, toml
from evidence.folders import FIVE

RATIO = "must be a number above 0 as printed (from 1e-9 to 1e9), or empty"

SETTINGS = [
    toml(
        "bad TOML",
        ", line 2: not valid TOML: expected '=' after a key in a key/value pair",
        'title = "a"\nseed: 3\n',
    ),
    toml("a key twice", ", line 2: not valid TOML: cannot overwrite a value", "seed = 1\nseed = 2\n"),
    toml(
        "a number of 5000 digits",
        ": not valid TOML: a number has thousands of digits",
        f"seed = {'9' * 5000}\n",
    ),
    toml(
        "a hexadecimal number of 5000 digits",
        ", line 1, seed: must be less than 2147483648 (found 'a number of more than 18 digits')",
        f"seed = 0x{'f' * 5000}\n",
    ),
    toml("nested too deeply", ": not valid TOML: nested too deeply", f"limits = {'[' * 20000}{']' * 20000}\n"),
    toml(
        "unknown key",
        ", line 2, studies.A.lable: unknown key; did you mean 'label'?",
        '[studies.A]\nlable = "a"\n',
    ),
    toml("unknown table", ", line 1, sudies: unknown key; did you mean 'studies'?", "[sudies.A]\n"),
    toml("wrong type", ", line 1, title: must be a string (found '5')", "title = 5\n"),
    toml("a table where a number belongs", ", line 1, seed: must be a whole number", "[seed]\n"),
    toml("k of 0", ", line 2, studies.A.k: must be greater than 0 (found '0')", "[studies.A]\nk = 0\n"),
    toml(
        "k above 1",
        ", line 2, studies.A.k: must be less than or equal to 1 (found '1.5')",
        "[studies.A]\nk = 1.5\n",
    ),
    toml("k of nan", ", line 2, studies.A.k: must be a finite number (found 'nan')", "[studies.A]\nk = nan\n"),
    toml(
        "k grid",
        ", line 2, studies.A.k_grid: factors lie above 0 and at or below 1",
        "[studies.A]\nk_grid = [0.5, 2]\n",
    ),
    toml(
        "unknown design",
        ", line 2, studies.A.design: must be 'randomised', 'weighted', 'matched', "
        "'historical' or 'external' (found 'rct')",
        '[studies.A]\ndesign = "rct"\n',
    ),
    toml("rho of 1", ", line 2, rho.matched: must be less than 1 (found '1')", "[rho]\nmatched = 1\n"),
    toml(
        "rho too small to compute",
        ", line 2, rho.matched: rho is 0, or at least 1e-06 and below 1 (found '1e-09')",
        "[rho]\nmatched = 1e-9\n",
    ),
    toml("negative seed", ", line 1, seed: must be greater than or equal to 0 (found '-1')", "seed = -1\n"),
    toml(
        "better side unknown",
        ", line 2, endpoints.x.better: must be 'lower' or 'higher' (found 'less')",
        '[endpoints.x]\nbetter = "less"\n',
    ),
    toml(
        "margin",
        ", line 2, endpoints.x.margins: margins are percentage points between 0 and 100",
        "[endpoints.x]\nmargins = [0]\n",
    ),
    toml(
        "baseline without a label",
        ", line 2, endpoints.x.baselines.0.label: the key is missing",
        "[endpoints.x]\nbaselines = [{percent = 30}]\n",
    ),
    toml(
        "baseline of 0",
        ", line 2, endpoints.x.baselines.0.percent: must be greater than 0 (found '0')",
        '[endpoints.x]\nbaselines = [{label = "a", percent = 0}]\n',
    ),
    toml(
        "n_max",
        ", line 2, studies.A.denominator.control.n_max: must be less than or equal to 10000 (found '1000000')",
        "[studies.A.denominator.control]\nn_max = 1000000\n",
    ),
    toml(
        "denominator weights",
        ", line 2, studies.A.denominator.control.weight: weights lie between 0 and 1 and sum to 1 at most",
        "[studies.A.denominator.control]\nweight = {20 = 0.7, 30 = 0.7}\n",
    ),
    toml(
        "an arm of a third kind",
        ", line 1, studies.A.denominator.placebo: must be 'control' or 'treated' (found 'placebo')",
        "[studies.A.denominator.placebo]\nn_max = 5\n",
    ),
    toml(
        "unknown study",
        ", line 1, studies.Phase1: no row of arms.csv or contrasts.csv has this study",
        "[studies.Phase1]\n",
    ),
    toml(
        "unknown endpoint",
        ", line 1, endpoints.icans: no row of arms.csv or contrasts.csv has this endpoint",
        "[endpoints.icans]\n",
    ),
    toml(
        "part of an unknown endpoint",
        ", line 2, endpoints.x.part_of: unknown endpoint (found 'orr')",
        '[endpoints.x]\npart_of = "orr"\n',
    ),
    toml(
        "part of itself",
        ", line 2, endpoints.x.part_of: an endpoint cannot be part of itself, nor of its own parts (found 'x')",
        '[endpoints.x]\npart_of = "x"\n',
    ),
    toml("a date", ", line 1, title: must be a string (found '1979-05-27')", "title = 1979-05-27\n"),
    toml(
        "source of a study",
        ", line 2, studies.A.source: unknown source; did you mean 'liang2025'?; sources.toml "
        "has liang2025 (found 'liang2024')",
        '[studies.A]\nsource = "liang2024"\n',
        sources="[liang2025]\nyear = 2025\n",
    ),
    Case(
        "source of a row",
        "arms.csv, line 2, source: unknown source; did you mean 'liang2025'?; sources.toml "
        "has liang2025 (found 'liang2024')",
        f"{FIVE},source\n{GOOD},liang2024\n",
        sources="[liang2025]\n",
    ),
    Case(
        "a source that is no table",
        "sources.toml, line 1, liang2025: a source is a table of its own (found 'yes')",
        sources='liang2025 = "yes"\n',
    ),
    Case(
        "unknown key of a source",
        "sources.toml, line 2, liang2025.authr: unknown key; did you mean 'authors'?",
        sources='[liang2025]\nauthr = "x"\n',
    ),
]

RATIOS = [
    ratio(
        "ratio without a measure",
        ", measure: an estimate needs its measure: OR, HR or RR",
        "A,x,,2.0,1.0,4.0,,,,",
    ),
    ratio("unknown measure", ", measure: must be OR, HR or RR, or empty (found 'RD')", "A,x,RD,2.0,1.0,4.0,,,,"),
    ratio("ratio of 0", f", estimate: {RATIO} (found '0')", "A,x,OR,0,1.0,4.0,,,,"),
    ratio("negative bound", f", lower: {RATIO} (found '-1.0')", "A,x,OR,2.0,-1.0,4.0,,,,"),
    ratio("one bound", ", upper: an interval needs both bounds", "A,x,OR,2.0,1.0,,,,,"),
    ratio("reversed bounds", ", upper: must exceed the lower bound 4.0 (found '1.0')", "A,x,OR,2.0,4.0,1.0,,,,"),
    ratio(
        "ratio outside its interval",
        ", estimate: must lie in its interval 1.0 to 4.0 (found '5.0')",
        "A,x,OR,5.0,1.0,4.0,,,,",
    ),
    ratio(
        "p above 1",
        ", p: must be a p-value from 0 to 1 as printed, such as 0.03 or <0.001, or empty (found '1.2')",
        "A,x,,,,,,1.2,,",
    ),
    ratio(
        "p in words",
        ", p: must be a p-value from 0 to 1 as printed, such as 0.03 or <0.001, or empty (found 'ns')",
        "A,x,,,,,,ns,,",
    ),
    ratio(
        "level",
        ", level: must be the coverage of the interval, such as 0.95 or 95 (found '100')",
        "A,x,OR,2.0,1.0,4.0,100,,,",
    ),
    ratio(
        "ratio in the primary model",
        ", use: must be sensitivity, context or excluded: a ratio never enters the primary model (found 'primary')",
        "A,x,OR,2.0,1.0,4.0,,,primary,",
    ),
    ratio(
        "ratio of context without a reason",
        ", reason: a reason is needed where use is context",
        "A,x,OR,2.0,1.0,4.0,,,context,",
    ),
    Case(
        "the same ratio twice",
        "contrasts.csv, line 3: the same ratio stands on line 2 already (found 'OR 2.0 (1.0 to 4.0)')",
        contrasts=f"{CONTRASTS}\n" + "A,x,OR,2.0,1.0,4.0,,,,\n" * 2,
    ),
    Case(
        "two ratios that would enter",
        "contrasts.csv, line 3, use: the ratio on line 2 is of use sensitivity already; one "
        "ratio of a study and endpoint can be, the others are context (found 'sensitivity')",
        contrasts=f"{CONTRASTS}\nA,x,OR,2.0,1.0,4.0,,,,\nA,x,OR,3.0,1.0,9.0,,,,\n",
    ),
]


@pytest.mark.parametrize("case", [*SETTINGS, *RATIOS], ids=str)
def test_malformed_settings_give_one_error_that_says_where_and_what(tmp_path: Path, case: Case) -> None:
    case.check(tmp_path)
