"""The specification curve: every word readable, every specification in order, a file small enough for a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from figures.folders import LONG_ENDPOINT, long_names, write_folder
from figures.rendered import faults, shown
from reanalysis.alternatives.multiverse.multiverse import Multiverse, multiverse
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.figures import save
from reanalysis.figures.save import save_figure
from reanalysis.figures.specification_curve import describe_specification_curve, plot_specification_curve
from reanalysis.figures.style import PAGE
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec

pytestmark = pytest.mark.xdist_group("figures")


def test_every_word_can_be_read_and_the_figure_fits_a_page(crs: Multiverse, evidence: Evidence) -> None:
    axes = plot_specification_curve(crs, evidence)
    assert faults(axes) == []
    figure = axes.get_figure(root=True)
    assert figure is not None
    assert figure.get_figheight() < PAGE


def test_the_curve_rises_and_has_the_primary_analysis_on_it(crs: Multiverse, evidence: Evidence) -> None:
    (panel,) = plot_specification_curve(crs, evidence).child_axes
    curve, *_ = [line for line in panel.lines if len(line.get_xdata()) > 2]
    assert np.all(np.diff(np.asarray(curve.get_ydata(), dtype=float)) >= 0)
    (primary,) = [line for line in panel.lines if line.get_marker() == "D"]
    (row,) = crs.table[crs.table["primary"]].to_dict("records")
    assert primary.get_ydata()[0] == pytest.approx(np.exp(row["median"]))  # type: ignore[index]
    rank = int((crs.table["median"] < row["median"]).sum())
    assert primary.get_xdata()[0] == pytest.approx(rank + 0.5, abs=3)  # type: ignore[index]


def test_every_choice_and_level_has_a_row(crs: Multiverse, evidence: Evidence) -> None:
    words = " ".join(shown(plot_specification_curve(crs, evidence)))
    for choice in crs.choices:
        for label in choice.labels:
            assert all(word in words for word in label.split()), label


def test_few_specifications_are_drawn_one_by_one(tmp_path: Path, spec: ModelSpec) -> None:
    folder = read_evidence(write_folder(tmp_path / "few", {"death": [("a", (3, 30, 1, 31))]}))
    found = multiverse(folder, "death", default_spec(folder), at_least=1)
    cells = np.where(found.cells < 7, found.cells, -1)
    few = replace(found, table=found.table.iloc[:7].reset_index(drop=True), cells=cells)
    axes = plot_specification_curve(few, folder)
    (panel,) = axes.child_axes
    assert max(len(line.get_xdata()) for line in panel.lines) == 7
    assert faults(axes) == []
    assert "groups" not in " ".join(shown(axes))
    assert "P(OR < 1)" in describe_specification_curve(few, folder)


def test_long_names_neither_overlap_nor_leave_the_figure(tmp_path: Path) -> None:
    folder = read_evidence(long_names(tmp_path / "long"))
    found = multiverse(folder, LONG_ENDPOINT, default_spec(folder), at_least=1)
    assert faults(plot_specification_curve(found, folder)) == []


def test_the_file_is_small_and_the_same_in_every_build(
    crs: Multiverse, evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save, "_DPI", 30.0)
    first, _ = save_figure(plot_specification_curve(crs, evidence), tmp_path / "first")
    second, _ = save_figure(plot_specification_curve(crs, evidence), tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < 150_000


def test_the_words_that_stand_for_it_hold_its_numbers(crs: Multiverse, evidence: Evidence) -> None:
    text = describe_specification_curve(crs, evidence)
    assert f"{len(crs.table):,} specifications" in text
    (panel,) = plot_specification_curve(crs, evidence).child_axes
    curve, *_ = [line for line in panel.lines if len(line.get_xdata()) > 2]
    first, *_, last = np.asarray(curve.get_ydata(), dtype=float)
    (row,) = crs.table[crs.table["primary"]].to_dict("records")
    assert f"rises from {first:.2f} to {last:.2f} past the primary analysis at {np.exp(row['median']):.2f}" in text
