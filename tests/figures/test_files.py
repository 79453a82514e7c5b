"""The files are the same in every build, small, complete, and the same picture in both formats."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from figures.plots import EVERY, OF_ANALYSIS, OF_CHAINS, OF_ENDPOINT, subjects
from figures.rendered import shown
from figures.sampled import sampled
from reanalysis.analysis.analysis import Analysis
from reanalysis.figures import save
from reanalysis.figures.forest import plot_forest
from reanalysis.figures.save import save_figure
from reanalysis.figures.sensitivity import plot_sensitivity
from reanalysis.figures.style import ACCENT, BETTER, CONTRAST, DARK, INK, SOFT, new_figure
from reanalysis.figures.words import fonts

pytestmark = pytest.mark.xdist_group("figures")

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"


def drawn(analysis: Analysis, name: str) -> Axes:
    plot, _ = EVERY[name]
    return plot(subjects(analysis, name)[0])


@pytest.mark.parametrize("name", EVERY)
def test_the_same_analysis_gives_the_same_bytes(
    anakinra: Analysis, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save, "_DPI", 50.0)
    first = save_figure(drawn(anakinra, name), tmp_path / "first" / name)
    second = save_figure(drawn(anakinra, name), tmp_path / "second" / name)
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_every_svg_of_the_reanalysis_is_small_whole_and_a_column_wide(
    anakinra: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save, "_DPI", 30.0)  # the PNG is of no interest here
    average, *_, single = sorted(anakinra.endpoints, key=lambda e: -len(e.headline.comparative))
    figures = [(e.id, name, plot(e)) for name, (plot, _) in OF_ENDPOINT.items() for e in (average, single)]
    figures += [(e.id, name, plot(sampled(e))) for name, (plot, _) in OF_CHAINS.items() for e in (average, single)]
    longest = sorted(anakinra.endpoints, key=lambda e: -sum(map(len, e.sensitivity.values())))
    figures += [(e.id, "sensitivity", plot_sensitivity(e)) for e in longest[1:3]]
    figures += [("all", name, plot(anakinra)) for name, (plot, _) in OF_ANALYSIS.items()]
    for where, name, axes in figures:
        words = sorted(line for text in shown(axes) for line in text.split("\n"))
        svg, _ = save_figure(axes, tmp_path / f"{where}-{name}")
        assert svg.stat().st_size < 150_000, svg.name
        root = ET.fromstring(svg.read_bytes())
        assert root.get("width") == "468pt", svg.name  # so that all have one font size
        ids = {element.get("id") for element in root.iter() if element.get("id")}
        used = {str(e.get(_HREF))[1:] for e in root.iter() if e.get(_HREF)}
        used |= set(re.findall(r"url\(#([^)]+)\)", svg.read_text(encoding="utf-8")))
        assert used <= ids, svg.name
        written = [text.text for text in root.iter(f"{_SVG}text") if (text.text or "").strip()]
        assert sorted(map(str, written)) == words, svg.name
        assert not re.search(r"\d{4}-\d\d-\d\d", svg.read_text(encoding="utf-8")), svg.name


def test_shortening_an_svg_leaves_the_picture(
    anakinra: Analysis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typst = pytest.importorskip("typst")

    def picture(name: str) -> np.ndarray:
        svg, _ = save_figure(drawn(anakinra, "forest"), tmp_path / name)
        source = tmp_path / f"{name}.typ"
        source.write_text(f'#set page(width: 468pt, height: auto, margin: 0pt)\n#image("{svg.name}")\n')
        png = tmp_path / f"{name}-page.png"
        typst.compile(
            str(source), output=str(png), format="png", ppi=144.0, font_paths=[fonts()], ignore_system_fonts=True
        )
        return np.asarray(imread(png))

    short = picture("short")
    monkeypatch.setattr(save, "smaller", lambda svg: svg)
    full = picture("full")
    assert short.shape == full.shape
    difference = np.abs(short - full)
    assert difference.mean() < 1e-3
    assert difference.max() < 0.25  # a thousandth of a point can move a hairline over the edge of a pixel


def luminance(colour: str) -> float:
    channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(channels, [0.2126, 0.7152, 0.0722]))


def test_a_dark_page_has_colours_of_its_own_and_words_that_can_be_read(anakinra: Analysis, tmp_path: Path) -> None:
    ground = luminance(DARK["#ffffff"])
    for words in (INK, SOFT, BETTER, ACCENT, CONTRAST):
        assert (luminance(DARK[words]) + 0.05) / (ground + 0.05) > 4.5
    for name in EVERY:
        svg, _ = save_figure(drawn(anakinra, name), tmp_path / name)
        text = svg.read_text(encoding="utf-8")
        light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
        rules = dark.partition("</style>")[0]
        drawn_in = set(re.findall(r"(fill|stroke): (#[0-9a-f]{6})", dark.partition("</style>")[2]))
        known = {colour.lower() for colour in DARK}
        assert all(f'[style*="{what}: {colour}"]' in rules for what, colour in drawn_in if colour in known)
        assert not {colour for what, colour in drawn_in if luminance(colour) < 0.06 and colour not in known}, name
        assert light


def test_words_outside_given_axes_are_not_cut_off(anakinra: Analysis, tmp_path: Path) -> None:
    axes = new_figure(3.0, 2.0).add_axes((0.0, 0.0, 1.0, 1.0))
    _, png = save_figure(plot_forest(anakinra.endpoints[0], axes), tmp_path / "narrow")
    image = np.asarray(imread(png))
    assert image.shape[1] > 3.0 * 200
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    assert border[:, :3].min() == 1.0


def test_a_very_high_figure_is_drawn_more_coarsely_rather_than_refused(tmp_path: Path) -> None:
    axes = new_figure(0.5, 400.0).add_axes((0.0, 0.0, 1.0, 1.0))
    _, png = save_figure(axes, tmp_path / "high")
    assert imread(png).shape[0] <= 60_001


def test_saving_closes_a_figure_of_pyplot(anakinra: Analysis, tmp_path: Path) -> None:
    from matplotlib import pyplot

    with mpl.rc_context({"backend": "agg"}):
        _, axes = pyplot.subplots()
        before = set(pyplot.get_fignums())
        save_figure(plot_forest(anakinra.endpoints[0], axes), tmp_path / "mine")
        assert len(set(pyplot.get_fignums())) == len(before) - 1
