"""House style: fonts, colours and the mark of each study, the same in all figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

WIDTH = 6.5
"""Width of a text column, in inches."""

NARROW = 3.6
"""Width of a figure for a phone, in inches."""

PAGE = 8.4
"""Height that is left for a figure above its caption on a page, in inches."""

TITLE, BODY, SMALL = 9.0, 8.0, 7.2
"""Font sizes in points; nothing is smaller than SMALL."""

INK, SOFT, FAINT, GRID = "#1a1a1a", "#5f5f5f", "#9a9a9a", "#dddddd"
"""Text and headline marks, secondary text, ghosts, and grid lines."""

GOOD = "#e6f3ec"
"""Tint of the side that is better."""

BETTER = "#1b6b47"
"""Words about that side."""

ACCENT = "#0072B2"
"""Posterior densities and curves where no study is meant."""

CONTRAST = "#b34000"
"""A second curve beside the first, and what lies beyond its limit."""

_FONT = "DejaVu Sans"  # shipped inside matplotlib, hence the same on every machine

# Okabe and Ito's colours, told apart with any colour vision; black is for averages, yellow too pale.
_STUDY_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_STUDY_MARKERS = ("o", "s", "^", "v", "P", "X")
_MANY_STUDIES = ("#3f5468", "o")

COHORT_COLOURS = {1: "#56B4E9", 2: "#0072B2", 3: "#00324f"}
"""By the number of cohorts an effect rests on; 3 stands for three or more."""

DARK = {
    "#ffffff": "#0f141a", INK: "#ececec", SOFT: "#b4b8bd", FAINT: "#8d9298", GRID: "#3a3f45", "#c4c4c4": "#5f656c",
    GOOD: "#17332a", BETTER: "#6fd3a3", ACCENT: "#56b4e9", CONTRAST: "#ff9a5c", "#D55E00": "#ff8a3d",
    "#009E73": "#2fc79a", "#CC79A7": "#e49ac3", "#00324f": "#a9dcf8", "#e3e3e3": "#3a3f45", "#cfe3c8": "#2f4a2a",
    "#a9d3ee": "#1f4a66", "#f3c06b": "#7a5410", "#f6dfb2": "#5c4a20", "#e2e2e2": "#44484d", "#f1f1f1": "#2f3337",
    "#e9a58f": "#7a3020",
}  # fmt: skip
"""Colours of the SVG where the reader asked for a dark page, by what they are on a light one."""

_RC: dict[str, object] = {
    "font.family": [_FONT],
    "font.size": BODY,
    "text.usetex": False,
    "text.hinting": "no_hinting",  # letters as wide as they were measured, at every resolution
    "text.parse_math": False,  # a study may be called "$5 vs $6"
    "axes.linewidth": 0.6,
    "axes.edgecolor": SOFT,
    "axes.labelsize": BODY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt",
    "figure.dpi": 100.0,
    "svg.fonttype": "none",  # words stay words: found, selected, translated; typst sets them in the same font
    "svg.hashsalt": "reanalysis",  # ids of clip paths are random without it, and no two builds the same
    "path.simplify": True,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Matplotlib's defaults with this style on top, for a block; the caller's settings come back."""
    defaults = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")}
    with mpl.rc_context({**defaults, **_RC}):  # type: ignore[dict-item]
        yield


class NotebookAxes(Axes):
    """Axes of such a figure, which show the whole of it."""

    def _repr_png_(self) -> bytes | None:
        figure = self.get_figure(root=True)
        return figure._repr_png_() if isinstance(figure, NotebookFigure) else None


class NotebookFigure(Figure):
    """A figure that pyplot does not know of, yet shows itself in a notebook."""

    def add_axes(self, *args: Any, **kwargs: Any) -> Axes:
        """As matplotlib's, with axes that show the figure."""
        return super().add_axes(*args, **{"axes_class": NotebookAxes} | kwargs)

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        with house_style():
            self.savefig(buffer, format="png", dpi=150, bbox_inches="tight", pad_inches=0.05)
        return buffer.getvalue()


def new_figure(width: float, height: float) -> NotebookFigure:
    """An empty figure on an Agg canvas of its own: neither the user's backend nor pyplot is touched. Inches."""
    figure = NotebookFigure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Give axes made under other settings the look of these figures."""
    axes.set_facecolor("none")
    axes.tick_params(
        axis="both", which="major", labelsize=SMALL, labelfontfamily=_FONT, color=SOFT, labelcolor=SOFT,
        length=3, width=0.6,
    )  # fmt: skip
    axes.minorticks_off()
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_linewidth(0.6)
        spine.set_edgecolor(SOFT)


@dataclass(frozen=True)
class StudyMark:
    """Colour and marker of a study."""

    colour: str
    marker: str


def study_mark(studies: Sequence[str], study: str) -> StudyMark:
    """The mark of a study in every figure, by its place among all studies of the evidence folder.

    Where there are more studies than colours that can be told apart, all have the same: a colour that came
    round again would suggest a kinship that does not exist.
    """
    if len(studies) > len(_STUDY_COLOURS):
        return StudyMark(*_MANY_STUDIES)
    place = studies.index(study)
    return StudyMark(_STUDY_COLOURS[place], _STUDY_MARKERS[place])


def chain_colour(chain: int, chains: int) -> str:
    """Colour of a chain, counted from 0; the same for all where there are more than can be told apart."""
    return _STUDY_COLOURS[chain] if chains <= len(_STUDY_COLOURS) else ACCENT


def cohort_colour(count: int) -> str:
    """Colour of an effect by how many cohorts it rests on."""
    return COHORT_COLOURS[max(1, min(count, 3))]
