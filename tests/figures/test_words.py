"""Lines are as long as they were measured, and no letters are lost where they break."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reanalysis.figures.style import house_style, new_figure
from reanalysis.figures.words import Words, height, wrapped

_TEXT = st.text(alphabet=st.sampled_from("abcW iil -/_.,()°µé"), min_size=1, max_size=80)


@settings(max_examples=60, deadline=None)
@given(_TEXT, st.floats(min_value=20, max_value=300))
def test_no_line_is_longer_than_allowed(text: str, width: float) -> None:
    assert all(line.width <= width for line in Words(text).wrapped(width))


@settings(max_examples=60, deadline=None)
@given(_TEXT, st.floats(min_value=20, max_value=300))
def test_breaking_loses_no_letter(text: str, width: float) -> None:
    lines = Words(text).wrapped(width)
    assert "".join(line.text for line in lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("text", ["1.06 (0.46 to 2.32)", "Without any break at all: WWWW iiii"])
def test_a_line_is_drawn_as_long_as_measured(text: str, bold: bool) -> None:
    words = Words(text, bold=bold)
    with house_style():
        figure = new_figure(6.0, 1.0)
        drawn = figure.text(0.0, 0.5, text, fontsize=words.size, fontweight="bold" if bold else "normal")
        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        box = drawn.get_window_extent(canvas.get_renderer())  # type: ignore[no-untyped-call]
    assert box.width * 72 / figure.dpi == pytest.approx(words.width, rel=0.01, abs=1.0)


def test_a_long_word_breaks_after_its_own_marks() -> None:
    first, *_ = Words("randomised-double-blind-trial").wrapped(90.0)
    assert first.text.endswith("-")


def test_a_no_break_space_holds_its_words_together() -> None:
    lines = Words("more with anakinra\N{NO-BREAK SPACE}\N{RIGHTWARDS ARROW}").wrapped(70.0)
    assert lines[-1].text.endswith("anakinra\N{NO-BREAK SPACE}\N{RIGHTWARDS ARROW}")


def test_a_letter_without_a_glyph_is_replaced_not_dropped() -> None:
    (line,) = Words("c 中文").wrapped(200.0)
    assert line.text == "c \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"


def test_line_breaks_in_a_name_become_spaces() -> None:
    (line,) = Words("two\nlines\tand more").wrapped(300.0)
    assert line.text == "two lines and more"


def test_empty_pieces_take_no_room() -> None:
    assert height(wrapped((Words(""), Words("one")), 100.0)) == Words("one").pitch
