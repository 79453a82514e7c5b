"""Output survives narrow terminals, foreign encodings and readers that leave early, and carries no markup."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from cli.command import fit, run
from evidence.folders import ANAKINRA, FIVE, TWO_STUDIES, folder, found
from reanalysis.alternatives.weighed_ledger import weigh
from reanalysis.cli.output import Page, until_closed
from reanalysis.cli.progress import Steps, working
from reanalysis.cli.tables import print_fit, print_ledger
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.checked_fit import fit_endpoint
from reanalysis.model.selection import default_spec

COMMAND = [sys.executable, "-c", "from reanalysis.cli import main; main()"]
STYLE = re.compile(r"\x1b\[[0-9;]*m")

# ------------------------------------------------------------------ JSON


def test_the_ledger_as_json_has_every_key_that_is_promised() -> None:
    ledger = run("audit", ANAKINRA, "--format", "json").json
    assert {"findings", "coverage"} <= set(ledger)
    keys = {"id", "kind", "severity", "study", "arm", "endpoint", "message", "feasible", "used_as"}
    assert all(set(finding) >= keys for finding in ledger["findings"])
    assert ledger["coverage"]["phase1"]["icans_any"] == "comparison"
    assert {f["severity"] for f in ledger["findings"]} == {"info", "warning"}


def test_json_is_ascii_and_its_text_comes_back(tmp_path: Path) -> None:
    where = folder(tmp_path, f"{FIVE}\nMüller ≥ 研究,control,x,3,20\nMüller ≥ 研究,treated,x,4,20\n")
    ended = fit(where)
    assert ended.out.isascii()
    assert ended.json["studies"] == ["Müller ≥ 研究"]


# ------------------------------------------------------------------ help


@pytest.mark.parametrize("command", [[], ["audit"], ["fit"], ["report"]])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_exists_and_shows_an_example(command: list[str], option: str) -> None:
    ended = run(*command, option)
    assert (ended.code, ended.err) == (0, "")
    if command:
        assert f"Example: reanalysis {command[0]} data/anakinra" in " ".join(ended.out.split())


def test_the_example_of_fit_works_as_written() -> None:
    help_text = " ".join(run("fit", "--help").out.split())
    example = help_text[help_text.index("Example: reanalysis ") :].removeprefix("Example: reanalysis ")
    arguments = example.replace("data/anakinra", str(ANAKINRA)).replace('"', "").split()
    ended = run(*arguments, "--format", "json")
    assert ended.json["spec"]["priors"]["tau"] == "halfnormal(1)"


# ------------------------------------------------------------------ text


def ledger_text(where: Path, width: int = 0) -> str:
    evidence, file = read_evidence(where), StringIO()
    page = Page(file, width, terminal=True) if width else Page(file)
    print_ledger(evidence, weigh(evidence, audit(evidence), default_spec(evidence)), page)
    return file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_ledger_keeps_within_the_width_of_a_terminal_and_loses_no_word(width: int) -> None:
    styled = ledger_text(ANAKINRA, width)
    text = STYLE.sub("", styled)
    assert styled != text
    assert max(len(line) for line in text.splitlines()) <= width
    assert text.split() == ledger_text(ANAKINRA).split()


def test_elsewhere_a_ledger_is_plain_and_has_one_line_for_each_statement() -> None:
    text = ledger_text(ANAKINRA)
    evidence = read_evidence(ANAKINRA)
    lines = text.splitlines()
    assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}
    for finding in audit(evidence).findings:
        assert f"{finding.severity} {finding.where}".strip() in lines
        assert f"  {finding.message}" in lines
    assert "icans_any: comparison in phase1, phase2, iptw" in lines


def test_a_finding_is_a_block_of_severity_place_message_what_is_allowed_and_what_is_done(
    tmp_path: Path,
) -> None:
    text = ledger_text(folder(tmp_path, ["A control x 47 72 63"]))
    assert text.split("\n\n")[1].splitlines() == [
        "error A/control/x",
        "  47 of 72 is 65.28 %, printed 63 %: no rounding convention gives it",
        "  allowed: 45 of 72; 47 of 75",
        "  used as: refused until readings are declared",
    ]
    assert "\n1 errors, 0 warnings, 0 notes\nx: single arm in A\n" in text


@pytest.mark.parametrize("width", [0, 80])
def test_brackets_emoji_codes_and_escapes_are_printed_as_they_are_or_not_at_all(tmp_path: Path, width: int) -> None:
    arms = "study,arm,endpoint,events,n,use,reason\n[bold]:smile:,control,[/x],3,20,excluded,[2Jwhy\n"
    text = STYLE.sub("", ledger_text(folder(tmp_path, arms, toml='title = "a[2Jb"\n'), width))
    assert "info [bold]:smile:/control/[/x]" in text
    assert "3 of 20 is excluded: [2Jwhy" in text
    assert "a[2Jb" in text
    with pytest.raises(InvalidInput) as told:
        read_evidence(folder(tmp_path, arms.replace("[2J", "\x1b[2J"), toml='title = "a\\u001b[2Jb"\n'))
    said = "\n".join(map(str, told.value.problems))
    assert "a\ufffd[2Jb" in said
    assert "\ufffd[2Jwhy" in said
    assert "\x1b" not in said


def test_a_fit_is_printed_with_any_id_on_a_terminal_too(tmp_path: Path) -> None:
    where = folder(tmp_path, f"{FIVE}\n[red]:x:,control,[/y],3,20\n[red]:x:,treated,[/y],4,20\n")
    evidence, file = read_evidence(where), StringIO()
    print_fit(evidence, fit_endpoint(evidence, "[/y]", engine="quadrature"), Page(file, 100, terminal=True))
    text = STYLE.sub("", file.getvalue())
    assert text.startswith("[/y]: contrast, partial pooling, by quadrature\n")
    assert "[red]:x:: log_odds_ratio" in text


def test_progress_is_silent_where_nobody_looks_and_takes_any_text_where_somebody_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with working("[/a]"), Steps() as steps:
        steps.start("[/b]")
    assert capsys.readouterr().err == ""

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with working("[/a]"):
        pass
    with Steps() as steps:
        steps.start("[/b]")


def test_rates_are_printed_for_every_study() -> None:
    where = ANAKINRA.parent / "validation" / "as"
    ended = run("fit", where, "--endpoint", "response", "--model", "rates", "--engine", "quadrature")
    assert ended.code == 0
    assert all(f"Study {i}: rate " in ended.out for i in range(1, 9))
    assert "rate_new" in ended.out


# ------------------------------------------------------------------ processes


def started(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        env=os.environ | environment,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("options", [[], ["--format", "json"]])
def test_a_reader_that_leaves_early_is_no_error(options: list[str]) -> None:
    """The pipe is closed before anything is written: every write after the first buffer fails."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen([*COMMAND, "audit", ANAKINRA, *options], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")


def test_no_locale_and_no_encoding_ends_a_command(tmp_path: Path) -> None:
    where = folder(tmp_path, f"{FIVE}\nMüller ≥,control,x,3,20\nMüller ≥,treated,x,4,20\n")
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = started("audit", where, **ascii_only)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"x: comparison in M?ller ?" in ended.stdout
    refused = started("fit", where, "--endpoint", "ü", "--engine", "quadrature", **ascii_only)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert refused.stderr.startswith(b"error: --endpoint '")
    assert b"Traceback" not in refused.stderr


def test_the_command_itself_prints_one_json_object_and_nothing_else() -> None:
    ended = started("audit", ANAKINRA, "--format", "json")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert len(found(audit(read_evidence(ANAKINRA)), "excluded")) == sum(
        finding["kind"] == "excluded" for finding in json.loads(ended.stdout)["findings"]
    )


def test_output_without_a_reader_or_a_place_ends_quietly_or_with_one_error(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    closed = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *COMMAND, "audit", where],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (closed.returncode, closed.stderr) == (0, b"")
    if Path("/dev/full").exists():
        with Path("/dev/full").open("wb") as full:
            ended = subprocess.run(
                [*COMMAND, "audit", where], stdout=full, stderr=subprocess.PIPE, timeout=120, check=False
            )
        assert (ended.returncode, ended.stderr) == (1, b"error: No space left on device\n")


def test_only_a_closed_pipe_is_passed_over() -> None:
    with pytest.raises(OSError, match="full"), until_closed(sys.stderr):
        raise OSError(28, "full")
