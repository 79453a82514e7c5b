"""Figures as files: SVG and PNG, the same bytes in every build."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from reanalysis.figures.style import house_style
from reanalysis.figures.svg import smaller

_DPI = 200.0
_PAD = 0.04  # inches
_MOST_PIXELS = 60_000  # Agg draws fewer than 2^16 in either direction


def save_figure(figure: Figure | Axes, stem: Path, whole: bool = False, png: bool = True) -> tuple[Path, Path]:
    """Write ``<stem>.svg`` and ``<stem>.png``, whose paths are returned, and close the figure.

    As high as its content and no narrower than the figure, so that figures of one width keep one font size; a ``whole``
    one as large as it was made, for those that must all have one size. A figure for screens alone does without the PNG.
    """
    root = figure.get_figure(root=True)
    if root is None:
        raise ValueError("the axes belong to no figure")
    stem.parent.mkdir(parents=True, exist_ok=True)
    files = stem.with_name(f"{stem.name}.svg"), stem.with_name(f"{stem.name}.png")
    with house_style():
        box = Bbox.from_bounds(0.0, 0.0, *root.get_size_inches()) if whole else _box(root)
        dpi = min(_DPI, _MOST_PIXELS / max(box.width, box.height))
        drawn = StringIO()
        kept = {"Date": None, "Creator": None}
        root.savefig(drawn, format="svg", bbox_inches=box, facecolor="none", metadata=kept)
        files[0].write_text(smaller(drawn.getvalue()), encoding="utf-8", newline="\n")
        if png:
            written = {"compress_level": 3}  # half the time of the usual 6, and for flat colours no larger
            root.savefig(
                files[1], format="png", bbox_inches=box, dpi=dpi, metadata={"Software": None}, pil_kwargs=written
            )
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:  # only a figure made through pyplot is kept alive by it
        pyplot.close(root)
    root.clear()
    return files


def _box(figure: Figure) -> Bbox:
    """The part to keep, in inches."""
    tight = figure.get_tightbbox().padded(_PAD)
    wide = figure.get_figwidth()
    return Bbox.from_extents(min(tight.x0, 0.0), tight.y0, max(tight.x1, wide), tight.y1)
