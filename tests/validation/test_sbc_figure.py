"""The figure of the calibration: every panel there, every word readable, a file small enough for a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from figures.rendered import faults, shown
from reanalysis.figures import save
from reanalysis.figures.save import save_figure
from reanalysis.figures.sbc_ecdf import describe_sbc_ecdf, plot_sbc_ecdf
from reanalysis.validation.calibration.designs import DESIGNS
from reanalysis.validation.calibration.replicate import QUANTITIES, ranked
from reanalysis.validation.calibration.run import Calibration
from reanalysis.validation.calibration.verdict import judge

pytestmark = pytest.mark.xdist_group("figures")


def invented(engines: tuple[str, ...] = ("nuts", "quadrature"), count: int = 300, off: float = 1.0) -> Calibration:
    """Uniform ranks; those of the first engine's average to a power."""
    rng = np.random.default_rng(8)
    ranks = pd.concat(
        [
            pd.DataFrame({"engine": engine, "design": design, "replicate": range(count), "error": None}).assign(
                **{q: rng.uniform(size=count) for q in ranked(design)}
            )
            for engine in engines
            for design in DESIGNS
        ],
        ignore_index=True,
    )
    ranks.loc[ranks["engine"] == engines[0], "average"] **= off
    verdict = judge(ranks).assign(failures=0)
    checks = 4 * len(verdict)
    return Calibration({}, {"checks": checks}, ranks, verdict, verdict.iloc[:0])


@pytest.mark.parametrize("off", [1.0, 3.0])
def test_every_word_can_be_read_and_no_curve_leaves_its_panel(off: float) -> None:
    axes = plot_sbc_ecdf(invented(off=off))
    assert faults(axes) == []
    assert len(axes.child_axes) == len(QUANTITIES) * len(DESIGNS)
    for panel in axes.child_axes:
        low, high = panel.get_ylim()
        for line in panel.lines:
            y = np.asarray(line.get_ydata(), dtype=float)
            assert low <= y.min() <= y.max() <= high


def test_both_engines_are_named_and_one_alone_stands_alone() -> None:
    assert {"NUTS", "quadrature"} <= set(shown(plot_sbc_ecdf(invented())))
    words = shown(plot_sbc_ecdf(invented(("quadrature",))))
    assert "quadrature" in words
    assert "NUTS" not in words


def test_what_leaves_its_band_is_counted_in_words() -> None:
    shown_of_one = sum(len(ranked(design)) for design in DESIGNS)
    assert f"0 of {2 * shown_of_one} leave" in describe_sbc_ecdf(invented())
    assert f"{len(DESIGNS)} of {2 * shown_of_one} leave" in describe_sbc_ecdf(invented(off=3.0))


def test_the_file_is_small_and_the_same_in_every_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(save, "_DPI", 30.0)
    first, _ = save_figure(plot_sbc_ecdf(invented()), tmp_path / "first")
    second, _ = save_figure(plot_sbc_ecdf(invented()), tmp_path / "second")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < 4_000 * len(DESIGNS) * len(QUANTITIES)
