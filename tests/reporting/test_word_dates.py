"""A Word file is a ZIP archive, which has no dates before 1980; a machine without a clock is in 1970."""

from __future__ import annotations

import time
from pathlib import Path

import docx
import pytest

from reanalysis.reporting.word_styles import write_reference


@pytest.mark.parametrize("clock", [-1e8, 0.0, 4.4e9], ids=["1966", "1970", "2109"])
def test_the_clock_changes_no_byte(clock: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_reference(tmp_path / "today.docx")
    monkeypatch.setattr(time, "time", lambda: clock)
    write_reference(tmp_path / "then.docx")
    assert (tmp_path / "then.docx").read_bytes() == (tmp_path / "today.docx").read_bytes()
    assert docx.Document(str(tmp_path / "then.docx")).styles["Title"].font.size is not None
