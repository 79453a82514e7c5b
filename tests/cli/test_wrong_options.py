"""A wrong option gives one clear error that says what would be right, exit code 2, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import Ended, fit, run
from evidence.folders import ANAKINRA, FIVE, TWO_STUDIES, Row, folder
from reanalysis.model.spec import MODELS

FAMILIES = (
    "normal(mean,sd), logistic(mean,scale), halfnormal(scale), exponential(rate), lognormal(meanlog,sdlog), "
    "student_t(df,mean,scale), halfcauchy(scale), half_student_t(df,scale), inverse_gamma(shape,scale), "
    "uniform(lower,upper)"
)
SYMMETRIC = "normal(mean,sd), logistic(mean,scale) or student_t(df,mean,scale)"


def refused(ended: Ended) -> list[str]:
    """What is wrong, if the command ended as it should."""
    assert (ended.code, ended.out) == (2, "")
    return ended.errors


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--model", "contrats"], f"--model 'contrats': must be one of {', '.join(MODELS)}; did you mean 'contrast'?"),
        (["--pooling", "full"], "--pooling 'full': must be one of partial, none, complete"),
        (["--arm", "placebo"], "--arm 'placebo': must be one of control, treated"),
        (["--rho", "1"], "--rho 1: must be 0, or at least 0.000001 and below 1"),
        (["--rho", "-0.1"], "--rho -0.1: must be 0, or at least 0.000001 and below 1"),
        (["--rho", "1e-9"], "--rho 1e-09: must be 0, or at least 0.000001 and below 1"),
        (["--rho", "nan"], "--rho nan: must be 0, or at least 0.000001 and below 1"),
        (["--k", "0"], "--k 0: must lie above 0 and at or below 1"),
        (["--k", "1.2"], "--k 1.2: must lie above 0 and at or below 1"),
        (["--k", "nan"], "--k nan: must lie above 0 and at or below 1"),
        (["--seed", "-1"], "--seed -1: must be a whole number from 0 to 2147483647"),
        (["--seed", "2147483648"], "--seed 2147483648: must be a whole number from 0 to 2147483647"),
        (["--set", "w=0.5"], "--set 'w=0.5': model contrast has no settings"),
        (["--prior", "mu"], "--prior 'mu': write NAME=DISTRIBUTION with NAME one of mu, tau, baseline, moderator"),
        (
            ["--prior", "sigma=normal(0,1)"],
            "--prior 'sigma=normal(0,1)': write NAME=DISTRIBUTION with NAME one of mu, tau, baseline, moderator",
        ),
        (
            ["--prior", "mu=cauchy(0,1)"],
            f"--prior mu: 'cauchy(0,1)' is not a distribution; write one of {FAMILIES}",
        ),
        (["--prior", "mu=normal(0,0)"], "--prior mu: 'normal(0,0)': sd must be above 0"),
        (["--prior", "mu=normal(0)"], "--prior mu: 'normal(0)' needs finite numbers for normal(mean,sd)"),
        (
            ["--prior", "tau=halfnormal(inf)"],
            "--prior tau: 'halfnormal(inf)' needs finite numbers for halfnormal(scale)",
        ),
        (
            ["--prior", "tau=normal(0,1)"],
            "--prior tau: tau is a standard deviation: normal(0,1) puts mass below 0",
        ),
        (["--prior", "mu=halfnormal(1)"], f"--prior mu: mu takes {SYMMETRIC}, not halfnormal(1)"),
        (["--prior", "mu=inverse_gamma(2,1)"], f"--prior mu: mu takes {SYMMETRIC}, not inverse_gamma(2,1)"),
        (["--prior", "baseline=halfcauchy(1)"], f"--prior baseline: baseline takes {SYMMETRIC}, not halfcauchy(1)"),
        (
            ["--prior", "baseline=student_t(2,0,1)"],
            "--prior baseline: baseline takes student_t(df,mean,scale) with df of 3 or more: student_t(2,0,1)",
        ),
        (
            ["--prior", "tau=student_t(4,0,1)"],
            "--prior tau: tau is a standard deviation: student_t(4,0,1) puts mass below 0",
        ),
        (["--leave-out", "Z"], "--leave-out 'Z': unknown; {} has A, B"),
        (["--out", "posterior.txt"], "--out posterior.txt: must name a .nc file in an existing folder"),
        (
            ["--out", "no/such/folder/a.nc"],
            "--out no/such/folder/a.nc: must name a .nc file in an existing folder",
        ),
        (["--format", "yaml"], "--format 'yaml': must be one of table, json"),
        (["--engine", "stan"], "--engine 'stan': must be one of nuts, quadrature"),
        (
            ["--model", "beta-rates", "--rho", "0.1"],
            "--rho: beta-rates has its own overdispersion, so rho must be 0",
        ),
        (
            ["--model", "beta-rates", "--pooling", "none"],
            "--pooling none: beta-rates is partial pooling only",
        ),
        (
            ["--model", "beta-rates", "--prior", "mu=normal(0,1)"],
            "--prior: the prior of beta-rates is (alpha + beta)^(-5/2) and cannot be set",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_of_fit_is_refused(tmp_path: Path, options: list[str], error: str) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    assert refused(fit(where, *options)) == [error.format(where)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["arms.csv"]


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        ("fit", [], "Missing option '--endpoint'"),
        ("fit", ["--endpoint", "x", "--seed", "1.5"], "Invalid value for '--seed'"),
        ("fit", ["--endpoint", "x", "--rho", "little"], "Invalid value for '--rho'"),
        ("fit", ["--endpoint", "x", "--rhoo", "1"], "No such option"),
        ("audit", ["more"], "unexpected extra argument"),
        ("audit", ["--format"], "requires an argument"),
    ],
)
def test_usage_errors_end_with_2_too(tmp_path: Path, command: str, options: list[str], said: str) -> None:
    ended = run(command, folder(tmp_path, TWO_STUDIES), *options)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_all_wrong_options_are_told_at_once(tmp_path: Path) -> None:
    wrong = (
        "--rho",
        "2",
        "--k",
        "0",
        "--leave-out",
        "Z",
        "--seed",
        "-1",
        "--prior",
        "mu=1",
        "--pooling",
        "all",
    )
    assert len(refused(fit(folder(tmp_path, TWO_STUDIES), *wrong))) == 6


@pytest.mark.parametrize("options", [["--format", "yaml"], ["more"]])
def test_a_wrong_option_of_audit_is_refused(tmp_path: Path, options: list[str]) -> None:
    ended = run("audit", folder(tmp_path, TWO_STUDIES), *options)
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--engine", "stan"], "--engine 'stan': must be one of nuts, quadrature"),
        (["--seed", "-1"], "--seed -1: must be a whole number from 0 to 2147483647"),
    ],
)
def test_a_wrong_option_of_report_is_refused(tmp_path: Path, options: list[str], error: str) -> None:
    out = tmp_path / "out"
    where = folder(tmp_path / "data", TWO_STUDIES)
    assert refused(run("report", where, "--out", out, *options)) == [error]
    assert not out.exists()


def test_an_unknown_endpoint_is_told_which_was_meant_and_which_can_be_fitted() -> None:
    (error,) = refused(fit(ANAKINRA, endpoint="icans_an"))
    assert error.startswith("--endpoint 'icans_an': unknown; did you mean 'icans_any'?; ")
    listed = error.rpartition("has for model contrast: ")[2].split(", ")
    assert listed[0] == "icans_any"
    assert len(listed) < 20
    for endpoint in (listed[0], listed[-1]):
        assert fit(ANAKINRA, endpoint=endpoint).code == 0


def test_an_unknown_endpoint_of_a_rates_model_is_told_what_its_arm_has(tmp_path: Path) -> None:
    where = folder(tmp_path, ["A control x 3 20", "A treated y 3 20", "B control x 3 20"])
    (error,) = refused(fit(where, "--model", "rates", "--arm", "treated", endpoint="z"))
    assert error == f"--endpoint 'z': unknown; {where} has for model rates: y"
    (error,) = refused(fit(where, endpoint="z"))
    assert error == f"--endpoint 'z': unknown; {where} has for model contrast: none"


def test_an_unknown_study_is_told_which_was_meant() -> None:
    (error,) = refused(fit(ANAKINRA, "--leave-out", "phase_2", endpoint="icans_any"))
    assert error == (
        "--leave-out 'phase_2': unknown; did you mean 'phase2'?; "
        f"{ANAKINRA} has phase1, phase2, iptw, treatment, paediatric"
    )


def test_leaving_out_every_study_is_refused(tmp_path: Path) -> None:
    (error,) = refused(fit(folder(tmp_path, TWO_STUDIES), "--leave-out", "A", "--leave-out", "B"))
    assert "'x'" in error
    assert "after leaving out A, B" in error


def test_an_endpoint_without_a_comparison_is_refused_and_told_what_is_reported() -> None:
    (error,) = refused(fit(ANAKINRA, endpoint="crs_g3"))
    assert "a comparison of two arms within one study" in error
    assert "phase1: single arm" in error
    assert "iptw: adjusted ratio only" in error


def test_arms_of_different_studies_are_no_comparison(tmp_path: Path) -> None:
    (error,) = refused(fit(folder(tmp_path, ["A control x 3 20", "B treated x 7 20"])))
    assert "A: single arm; B: single arm" in error


def test_a_weighted_cohort_without_k_is_refused_until_k_is_given(tmp_path: Path) -> None:
    weighted: list[Row] = [
        {"study": "A", "arm": arm, "endpoint": "x", "n": n, "percent": p, "weighting": "iptw"}
        for arm, n, p in (("control", 110, "8.0"), ("treated", 61, "22.5"))
    ]
    where = folder(tmp_path / "a", weighted)
    (error,) = refused(fit(where))
    assert "study 'A' has weighted arms and no effective-size factor" in error
    assert "[studies.A] k" in error
    assert "--k" in error
    given = fit(where, "--k", "0.75")
    in_settings = fit(folder(tmp_path / "b", weighted, toml="[studies.A]\nk = 0.75\n"))
    assert given.json["estimates"] == in_settings.json["estimates"]
    assert run("audit", where).code == 0


@pytest.mark.parametrize(
    ("rows", "line", "what"),
    [
        (["A control x 47 72 63", "A treated x 7 20"], "line 2", "47 of 72"),
        (["A treated x 7 20", "A control x - 20 53"], "line 3", "53 %"),
        (["A control cr 9 20", "A control orr 8 20", "A treated cr 5 20"], "line 2, 3", "cr 9 of 20"),
    ],
)
def test_an_inconsistent_print_is_audited_and_refused_by_fit_which_names_the_rows(
    tmp_path: Path, rows: list[Row], line: str, what: str
) -> None:
    nested = '[endpoints.cr]\npart_of = "orr"\n' if "cr" in str(rows) else ""
    where = folder(tmp_path, rows, toml=nested)
    audited = run("audit", where, "--format", "json")
    assert audited.code == 0
    assert [f["severity"] for f in audited.json["findings"]].count("error") == 1
    (error,) = refused(fit(where, endpoint="cr" if "cr" in str(rows[0]) else "x"))
    assert line in error
    assert "arms.csv" in error
    assert what in error


def test_declared_readings_make_an_inconsistent_print_fit_for_use(tmp_path: Path) -> None:
    header = f"{FIVE},percent,reading\n"
    refused(fit(folder(tmp_path / "before", f"{header}A,treated,x,7,20,,\nA,control,x,47,72,63,\n")))
    after = folder(
        tmp_path / "after",
        f"{header}A,treated,x,7,20,,\nA,control,x,47,72,,count\nA,control,x,45,72,63,percentage\n",
    )
    assert fit(after).json["spec"]["defaults"]["candidates"] == {"A/control": 2, "A/treated": 1}


def test_bad_priors_of_the_settings_are_refused(tmp_path: Path) -> None:
    for name, text in (("mu", "normal(0)"), ("tau", "normal(0,1)"), ("baseline", "cauchy(0,1)")):
        where = folder(tmp_path / name, TWO_STUDIES, toml=f'[priors]\n{name} = "{text}"\n')
        (error,) = refused(fit(where))
        assert refused(run("audit", where)) == [error]
        assert error.startswith("analysis.toml")
        assert text in error


def test_markup_and_escape_sequences_of_the_command_line_reach_no_terminal(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    for option in ("--endpoint", "--leave-out", "--model", "--prior", "--set", "--out"):
        ended = run("fit", where, "--endpoint", "x", option, "\x1b[2J[bold]\x9b", "--engine", "quadrature")
        assert ended.code == 2
        assert all(c.isprintable() for c in ended.err.replace("\n", ""))
