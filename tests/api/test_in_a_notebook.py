"""What a reader sees in a real kernel: figures as README writes them, and how far long work has come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = {
    "start": "import time, reanalysis as ra\nfrom reanalysis.api.progress import working\n"
    "evidence = ra.load('anakinra')\nfitted = ra.fit(evidence, 'icans_any')",
    "figure": "ra.plot_forest(fitted)",
    "method": "fitted.plot('beyond')",
    "figure of the axes": "ra.plot_forest(fitted).figure",
    "loop": "for kind in ('forest', 'beyond'):\n    display(fitted.plot(kind))",
    "own axes": "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\nra.plot_forest(fitted, ax=axes);",
    "fit": "fitted",
    "summary": "fitted.summary()",
    "long": "with working('waiting') as line:\n    line(3, 7)\n    time.sleep(2.6)",
    "short": "with working('waiting'):\n    pass",
    "failing": "try:\n    with working('trying'):\n        time.sleep(2)\n        1 / 0\nexcept ArithmeticError: pass",
}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What each cell leaves below it, by kind of data."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    folder: Path = tmp_path_factory.mktemp("notebook")
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
    return {
        name: [output.get("data", {"stream": output.get("text")}) for output in cell.outputs]
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }


@pytest.mark.parametrize(
    ("cell", "images"), [("figure", 1), ("method", 1), ("figure of the axes", 1), ("loop", 2), ("own axes", 1)]
)
def test_figures_show_once(shown: dict[str, list[dict[str, Any]]], cell: str, images: int) -> None:
    assert sum("image/png" in data for data in shown[cell]) == images


def test_a_fit_shows_a_table_and_its_summary_reads_as_text(shown: dict[str, list[dict[str, Any]]]) -> None:
    assert "<table" in shown["fit"][0]["text/html"]
    assert shown["fit"][0]["text/plain"] == shown["summary"][0]["text/plain"]
    assert shown["summary"][0]["text/plain"].count("\n") > 5


def test_long_work_says_how_long_it_took_and_short_work_nothing(shown: dict[str, list[dict[str, Any]]]) -> None:
    (told,) = shown["long"]
    assert told["text/plain"].startswith("waiting: done in ")
    assert shown["short"] == []
    assert shown["failing"][0]["text/plain"].startswith("trying: stopped after ")
