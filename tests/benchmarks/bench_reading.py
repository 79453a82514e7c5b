"""Does reading take time in proportion to its rows? Processor time of tables of 500 and of 5,000, in one run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.timing import load, milliseconds
from evidence.folders import folder
from reanalysis.evidence.reading.folder import read_evidence


def test_ten_times_the_rows_take_about_ten_times_as_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    took = {}
    for studies in (12, 120):
        rows = [
            {"study": f"S{s}", "arm": arm, "endpoint": f"e{e}", "events": e, "n": 20 + s}
            for s in range(studies)
            for e in range(20)
            for arm in ("control", "treated")
        ]
        where = folder(tmp_path / str(studies), rows)
        assert len(read_evidence(where).arms) == len(rows)
        took[len(rows)] = milliseconds(lambda w=where: read_evidence(w), 5, time.process_time).median
    with capsys.disabled():
        (few, short), (many, long) = took.items()
        print(f"\n{few} rows {short:.0f} ms, {many} rows {long:.0f} ms; {load()}")
    assert long < 2 * short * many / few
