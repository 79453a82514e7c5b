"""Malformed arms.csv gives one clear error with its line, column, value and rule, exit code 2 and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.faults import GOOD, Case, arms, row
from evidence.folders import FIVE, TWO_STUDIES, table

PERCENT = "study,arm,endpoint,events,n,percent"
EVENTS = "must be a whole number up to 1000000, a range such as 0..1, or empty"
SIZE = "must be a whole number from 1 to 1000000, or empty"
PERCENTAGE = "must be a percentage from 0 to 100 as printed, with a decimal point and no % sign, or empty"
USE = "must be primary, sensitivity, context or excluded"
ID = "id of 1 to 100 characters is needed, without control characters"
NAME = "must be a name of at most 100 characters without control characters, or empty"
READING = f"{FIVE},reading,reading_weight"
EMPTY = "; leave the cell empty where nothing is printed"
DECLARE = 'fill it in, or declare n_max under [studies."A".denominator.{}] in analysis.toml'
NEEDED = "needed are study, arm, endpoint, events or percent"

TABLE = [
    arms("empty file", "arms.csv: the file is empty; its first line names the columns", ""),
    arms("blank lines only", "arms.csv: the file is empty; its first line names the columns", "\n\n"),
    arms("header only", "arms.csv: the table has no rows below its header", f"{FIVE}\n\n"),
    arms(
        "latin-1",
        r"arms.csv, line 2: the file must be UTF-8 text (found '\xfc')",
        f"{FIVE}\nMüller,control,x,3,20\n".encode("latin-1"),
    ),
    arms("utf-16", "arms.csv: the file must be UTF-8 text, it is UTF-16", TWO_STUDIES.encode("utf-16")),
    arms(
        "utf-16 without a mark",
        "arms.csv, line 1: the file must be text, it has a NUL byte",
        TWO_STUDIES.encode("utf-16-le"),
    ),
    arms(
        "NUL byte",
        "arms.csv, line 3: the file must be text, it has a NUL byte",
        f"{FIVE}\n{GOOD}\nA,control,x,\0,20\n",
    ),
    arms(
        "binary",
        r"arms.csv, line 1: the file must be UTF-8 text (found '\x89')",
        b"\x89PNG\r\n\x1a\n" + bytes(range(200)),
    ),
    arms(
        "semicolons",
        "arms.csv, line 1: columns are separated by semicolons; save the table "
        f"comma-separated, with decimal points (found '{FIVE.replace(',', ';')}')",
        TWO_STUDIES.replace(",", ";"),
    ),
    arms(
        "tabs",
        "arms.csv, line 1: columns are separated by tabs; save the table comma-separated, "
        f"with decimal points (found '{FIVE.replace(',', ' ')}')",
        TWO_STUDIES.replace(",", "\t"),
    ),
    arms(
        "missing column",
        f"arms.csv, line 1, arm: the column is missing; {NEEDED}",
        "study,endpoint,events,n\nA,x,3,20\n",
    ),
    arms(
        "no column of events",
        f"arms.csv, line 1, events or percent: the column is missing; {NEEDED}",
        "study,arm,endpoint,n\nA,control,x,20\n",
    ),
    arms(
        "misspelt required column",
        "arms.csv, line 1, studdy: unknown column; did you mean 'study'?",
        TWO_STUDIES.replace("study", "studdy"),
    ),
    arms("duplicate column", "arms.csv, line 1, n: the column is named twice", f"{FIVE},n\n{GOOD},21\n"),
    arms(
        "too many cells",
        "arms.csv, line 3: the line must have 5 cells like the header, it has 6; a cell that "
        "holds a comma needs quotes (found 'A,control,x,3,20,1')",
        f"{FIVE}\n{GOOD}\nA,control,x,3,20,1\n",
    ),
    arms(
        "too few cells",
        "arms.csv, line 3: the line must have 5 cells like the header, it has 3 (found 'A,control,x')",
        f"{FIVE}\n{GOOD}\nA,control,x\n",
    ),
    arms(
        "decimal comma",
        "arms.csv, line 2: the line must have 6 cells like the header, it has 7; a cell that "
        "holds a comma needs quotes (found 'A,control,x,,61,22,5')",
        f"{PERCENT}\nA,control,x,,61,22,5\n",
    ),
    arms(
        "unterminated quote",
        "arms.csv, line 3: a quote opens on this line and never closes",
        f'{FIVE}\n{GOOD}\n"A,control,x,3,20\n{GOOD}\n',
    ),
    arms(
        "stray quote",
        "arms.csv, line 3: not a comma-separated table: ',' expected after '\"'",
        f'{FIVE}\n{GOOD}\n"A"a,control,x,3,20\n',
    ),
    arms(
        "10 MB cell",
        "arms.csv, line 3: a cell may have at most 100000 characters",
        f"{FIVE}\n{GOOD}\n{'A' * 10_000_000},control,x,3,20\n",
    ),
    arms(
        "cell just too long",
        "arms.csv, line 3: a cell may have at most 100000 characters",
        f"{FIVE}\n{GOOD}\n{'A' * 100_001},control,x,3,20\n",
    ),
    row(
        "decimal comma in quotes",
        f", percent: {PERCENTAGE}; write 22.5, with a decimal point (found '22,5')",
        'A,control,x,,61,"22,5"',
        PERCENT,
    ),
    row("unknown arm", ", arm: must be control or treated (found 'placebo')", "A,placebo,x,3,20"),
    row("no study", f", study: a study {ID}", ",control,x,3,20"),
    row("no endpoint", f", endpoint: an endpoint {ID}", "A,control,,3,20"),
    row(
        "a study id of 101 characters",
        f", study: a study {ID} (found '{'A' * 59}…')",
        f"{'A' * 101},control,x,3,20",
    ),
    row(
        "escape sequence in an id",
        f", study: a study {ID} (found '\ufffd[31mA\ufffd[0m')",
        "\x1b[31mA\x1b[0m,control,x,3,20",
    ),
    row(
        "control characters beyond ASCII in an id",
        f", endpoint: an endpoint {ID} (found '\ufffd2Jx')",
        "A,control,\x9b2Jx,3,20",
    ),
    row("reordered text in an id", f", study: a study {ID} (found '\ufffdA')", "\u202eA,control,x,3,20"),
    row("line break in an id", f", study: a study {ID} (found 'A B')", '"A\nB",control,x,3,20'),
    row(
        "escape sequence in a subgroup",
        f", subgroup: {NAME} (found '\ufffd[2J')",
        "A,control,x,3,20,\x1b[2J",
        f"{FIVE},subgroup",
    ),
    row("events above n", ", events: events must not exceed n = 20 (found '21')", "A,control,x,21,20"),
    row("range above n", ", events: events must not exceed n = 20 (found '3..21')", "A,control,x,3..21,20"),
    row(
        "reversed range",
        ", events: a range runs from the smaller to the larger count (found '7..3')",
        "A,control,x,7..3,20",
    ),
    row("open range", f", events: {EVENTS} (found '3..')", "A,control,x,3..,20"),
    row("negative count", f", events: {EVENTS} (found '-3')", "A,control,x,-3,20"),
    row("fractional count", f", events: {EVENTS} (found '3.5')", "A,control,x,3.5,20"),
    row("count of NA", f", events: {EVENTS}{EMPTY} (found 'NA')", "A,control,x,NA,20"),
    row("count in other digits", f", events: {EVENTS} (found '３')", "A,control,x,３,20"),
    row("huge count", f", events: {EVENTS} (found '{'9' * 59}…')", f"A,control,x,{'9' * 5000},20"),
    row("n of 0", f", n: {SIZE} (found '0')", "A,control,x,0,0"),
    row("negative n", f", n: {SIZE} (found '-20')", "A,control,x,3,-20"),
    row("fractional n", f", n: {SIZE}; write 20 (found '20.0')", "A,control,x,3,20.0"),
    row("huge n", f", n: {SIZE} (found '100000000000')", "A,control,x,3,100000000000"),
    row("percent over 100", f", percent: {PERCENTAGE} (found '101')", "A,control,x,,20,101", PERCENT),
    row("percent just over 100", f", percent: {PERCENTAGE} (found '100.1')", "A,control,x,,20,100.1", PERCENT),
    row("percent sign", f", percent: {PERCENTAGE} (found '35 %')", "A,control,x,,20,35 %", PERCENT),
    row("negative percent", f", percent: {PERCENTAGE} (found '-5')", "A,control,x,,20,-5", PERCENT),
    row("percent nan", f", percent: {PERCENTAGE}{EMPTY} (found 'nan')", "A,control,x,,20,nan", PERCENT),
    row(
        "no report of events",
        ", events: a report of the events is needed: a count, a range or a percentage",
        "A,control,x,,20,",
        PERCENT,
    ),
    row(
        "duplicate row",
        ": A/treated/x stands on line 2 already; another study needs another name, and "
        "alternative readings of one report need different names in the column reading",
        GOOD,
    ),
    row(
        "two rows without readings",
        ": A/treated/x stands on line 2 already; another study needs another name, and "
        "alternative readings of one report need different names in the column reading",
        "A,treated,x,9,30",
    ),
    row(
        "one row of two without a reading",
        ", reading: another study needs another name, and one of several readings of an arm-endpoint needs the name of "
        "its reading",
        "A,control,x,3,20,\nA,control,x,4,20,b",
        f"{FIVE},reading",
    ),
    arms(
        "same row of context twice",
        "arms.csv, line 3: A/control/x stands on line 2 already",
        table([{"study": "A", "arm": "control", "endpoint": "x", "events": 3, "use": "context", "reason": "r"}] * 2),
    ),
    row(
        "partly weighted readings",
        ", reading_weight: either all readings of an arm-endpoint have a weight or none",
        "A,control,x,3,20,a,\nA,control,x,4,20,b,2",
        READING,
    ),
    row(
        "weight without a reading",
        ", reading_weight: a weight needs the name of its reading (found '2.0')",
        "A,control,x,3,20,,2",
        READING,
    ),
    row(
        "weight of 0",
        ", reading_weight: must be a number above 0 (from 1e-9 to 1e9), or empty (found '0')",
        "A,control,x,3,20,a,0",
        READING,
    ),
    row(
        "infinite weight",
        ", reading_weight: must be a number above 0 (from 1e-9 to 1e9), or empty (found '1e400')",
        "A,control,x,3,20,a,1e400",
        READING,
    ),
    *(
        row(f"{word!r} for nothing", f", {column}: {rule}{EMPTY} (found '{word}')", line, PERCENT)
        for word in ("NR", "n/a", "N.A.", "-", "\N{EM DASH}", "not reported", "None", "nd")
        for column, rule, line in (
            ("events", EVENTS, f"A,control,x,{word},20,"),
            ("n", SIZE, f"A,control,x,3,{word},"),
            ("percent", PERCENTAGE, f"A,control,x,,20,{word}"),
        )
    ),
    *(
        row(
            f"{written!r} with a thousands separator",
            f", n: {SIZE}; write 1234, without a thousands separator (found '{written.replace('\u202f', ' ')}')",
            f'A,control,x,3,"{written}"',
        )
        for written in ("1,234", "1.234", "1 234", "1'234", "1\u2019234", "1\u202f234")
    ),
    row(
        "a fraction of other size",
        ", events: says n = 40, the column n says 41 (found '12/40')",
        "A,control,x,12/40,41",
    ),
    row(
        "a percentage beside another",
        ", events: says 30 %, the column percent says 31 (found '12 (30%)')",
        "A,control,x,12 (30%),40,31",
        PERCENT,
    ),
    row("a fraction above 1", ", events: events must not exceed n = 40 (found '41')", "A,control,x,41/40,"),
    row("a fraction of nothing", f", n: {SIZE} (found '0')", "A,control,x,3/0,"),
    row(
        "a count without n",
        f", n: a count needs its n, the number of patients that it is of; {DECLARE.format('control')}",
        "A,control,x,3,",
    ),
    row(
        "a range without n, for the sensitivity analysis",
        f", n: a count needs its n, the number of patients that it is of; {DECLARE.format('control')}",
        "A,control,x,3..4,,sensitivity,because",
        f"{FIVE},use,reason",
    ),
    arms(
        "a percentage without n, and no n in the study",
        "arms.csv, line 2, n: a percentage needs its n, or a bound of it, and no n is printed for this study; "
        f"{DECLARE.format('control')}",
        f"{PERCENT}\nA,control,x,,,60\nB,treated,x,7,20,\n",
    ),
    arms(
        "a percentage whose other arm is too large to search",
        "arms.csv, line 3, n: n could be any number up to 20000, the largest n printed for the other arm, and at most "
        f"10000 are searched; {DECLARE.format('control')}",
        f"{PERCENT}\nA,treated,x,7,20000,\nA,control,x,,,60\n",
    ),
    *(
        arms(
            f"n called {name!r}",
            f"arms.csv, line 1, {name.lower()}: unknown column; did you mean 'n'? (found '{name}')",
            TWO_STUDIES.replace(",n\n", f",{name}\n"),
        )
        for name in ("Total", "N_total", "size", "patients", "denominator", "Sample size", "No. of patients", "pop")
    ),
    arms(
        "n beside a column that holds it",
        "arms.csv, line 3, total: n is empty here and this column, which is ignored, has a number; did you mean 'n'? "
        "(found '40')",
        f"{FIVE},total\n{GOOD},21\nA,control,x,3,,40\n",
    ),
    *(
        row(
            f"a study called {name!r} like another",
            f", study: differs from 'A b' on line 2 by {apart} only; write one name in one way (found '{shown}')",
            f"{name},control,x,3,20",
            good="A b,treated,x,7,21",
        )
        for name, shown, apart in (
            ("a b", "a b", "case or blanks"),
            ("A  b", "A  b", "case or blanks"),
            ("A\u00a0b", "A b", "case or blanks"),
            ("AB", "AB", "case or blanks"),
            (
                "\uff21 b",
                "\uff21 b",
                "letters that look alike (FULLWIDTH LATIN SMALL LETTER A (U+FF41) for LATIN SMALL LETTER A (U+0061))",
            ),
        )
    ),
    row(
        "an endpoint like another",
        ", endpoint: differs from 'x' on line 2 by case or blanks only; write one name in one way (found 'X')",
        "A,control,X,3,20",
    ),
    row(
        "a reading like another",
        ", reading: differs from 'Count' on line 3 by case or blanks only; write one name in one way (found 'count')",
        "A,control,x,3,20,Count\nA,control,x,4,20,count",
        f"{FIVE},reading",
        fault=4,
    ),
    row("bad use", f", use: {USE} (found 'main')", "A,control,x,3,20,main", f"{FIVE},use"),
    row(
        "use without a reason",
        ", reason: a reason is needed where use is excluded",
        "A,control,x,3,20,excluded,",
        f"{FIVE},use,reason",
    ),
    row(
        "bad weighting",
        ", weighting: must be none or iptw (found 'ipw')",
        "A,control,x,3,20,ipw",
        f"{FIVE},weighting",
    ),
    row(
        "weighted without n",
        ", n: a weighted arm needs its printed n",
        "A,control,x,,,22.5,iptw",
        f"{PERCENT},weighting",
    ),
    arms(
        "readings of which one is weighted",
        "arms.csv, line 3, weighting: readings of one arm-endpoint must share their weighting (found 'none')",
        f"{FIVE},reading,weighting\nA,control,x,3,20,a,iptw\nA,control,x,4,20,b,none\n",
    ),
]


@pytest.mark.parametrize("case", TABLE, ids=str)
def test_malformed_arms_give_one_error_that_says_where_and_what(tmp_path: Path, case: Case) -> None:
    case.check(tmp_path)
