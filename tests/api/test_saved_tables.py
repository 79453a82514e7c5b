"""Tables to write with: for Word, LaTeX, HTML and Markdown, or nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import reanalysis as ra
from reanalysis.evidence.evidence import Evidence

TABLE = pd.DataFrame({"odds & ends": [1.25, None, -0.5], "<b>$x_1%</b>": ["a|b", "\\", "~"]})


def test_a_table_is_written_for_word(evidence: Evidence, tmp_path: Path) -> None:
    import docx

    effects = ra.effects(ra.fit(evidence, "icans_any"), baseline=0.35)
    path = ra.save_table(effects, tmp_path / "effects.docx", caption="Effects & <b>more</b>", digits=2)
    document = docx.Document(str(path))
    (table,) = document.tables
    cells = [[cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in row.cells] for row in table.rows]
    assert cells[0][:3] == ["of", "quantity", "control risk"]
    assert len(cells) == len(effects) + 1
    assert cells[1][5] == f"{effects.iloc[0]['median']:.2f}"
    assert [row[0] for row in cells[1:6]] == ["average", "", "", "", "new study"]
    assert "Effects & <b>more</b>" in [paragraph.text for paragraph in document.paragraphs]


def test_a_table_is_escaped_for_latex_html_and_markdown(tmp_path: Path) -> None:
    latex, html, markdown = (
        ra.save_table(TABLE, tmp_path / f"t.{kind}", caption="5 % & $x$").read_text(encoding="utf-8")
        for kind in ("tex", "html", "md")
    )
    assert r"odds \& ends & \textless{}b\textgreater{}\$x\_1\%\textless{}/b\textgreater{} \\" in latex
    assert r"$-$0.500 & \textasciitilde{} \\" in latex
    assert r"\caption{5 \% \& \$x\$}" in latex
    assert "<th>&lt;b&gt;$x_1%&lt;/b&gt;</th>" in html
    assert "<b>" not in html
    assert r"| 1.250 | a\|b |" in markdown


def test_names_of_rows_are_kept_and_their_numbers_are_not(tmp_path: Path) -> None:
    path = ra.save_table(TABLE.iloc[:2].T, tmp_path / "t.md")
    assert path.read_text(encoding="utf-8").splitlines()[0] == "|  | 0 | 1 |"
    assert r"| odds \& ends | 1.250 |  |" in path.read_text(encoding="utf-8")


def test_a_table_goes_where_it_can_or_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ra.InvalidInput) as refused:
        ra.save_table(3, tmp_path / "no" / "t.pdf", digits=-1)  # type: ignore[arg-type]
    assert [line.split()[0] for line in str(refused.value).splitlines()] == ["table:", "path", "digits"]
    assert list(tmp_path.iterdir()) == []
