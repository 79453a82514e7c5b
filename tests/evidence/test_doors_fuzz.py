"""Whatever rows a table has, a frame of them is the evidence of the file of them, or is refused by the same rules."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

import reanalysis as ra
from evidence.folders import folder, table
from evidence.fuzzed import Cells, arm_rows
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.written import numbered_anew


def rules(problems: tuple[object, ...]) -> list[str]:
    """Problems without the names of files, lines and rows."""
    without_places = [re.sub(r"\b(line|row) \d+", "#", str(problem)) for problem in problems]
    return [re.sub(r"^arms(\.csv)?\b", "arms", one) for one in without_places]


def read(door: object, *given: object) -> Evidence | list[str]:
    """Evidence, or the rules that it breaks."""
    try:
        return numbered_anew(door(*given))  # type: ignore[operator]
    except ra.InvalidInput as error:
        return rules(error.problems)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=200)
@given(st.sampled_from(["none", "none", "cell", "twice"]).flatmap(arm_rows))
def test_a_frame_is_the_file_of_its_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[Cells]) -> None:
    assume(not any("\0" in str(cell) for row in rows for cell in row.values()))  # no text file
    where = tmp_path_factory.mktemp("rows")
    plain = read(ra.read_evidence, folder(where / "file", table(rows)))
    texts = [{column: str(row.get(column, "")) for row_ in rows for column in row_} for row in rows]
    frame = read(ra.evidence, texts)
    assert frame == plain
    event("read" if isinstance(frame, Evidence) else "refused")
    if isinstance(frame, Evidence) and isinstance(plain, Evidence):
        ra.write_evidence(frame, where / "again")
        assert numbered_anew(ra.read_evidence(where / "again")) == plain
