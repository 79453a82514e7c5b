"""Evidence coverage: what each study reports of each endpoint, in colours and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reanalysis.analysis.analysis import Analysis
from reanalysis.estimands.words import counted
from reanalysis.evidence.candidates.candidates import SILENCES
from reanalysis.figures.rows import GAP, stack
from reanalysis.figures.style import FAINT, INK, NARROW, SMALL, SOFT, TITLE, WIDTH, house_style, new_figure
from reanalysis.figures.words import Words, height


@dataclass(frozen=True)
class _Look:
    """How a kind of cell is drawn."""

    short: str  # what stands in a cell
    letter: str  # what stands in one too narrow for that
    meaning: str  # for the key
    face: str  # colour of the cell
    ink: str  # colour of what stands in it


_DASH = "\N{EN DASH}"
_LOOKS = {
    "comparison": _Look("both arms", "B", "enters the analysis", "#0072B2", "white"),
    "no event in either arm": _Look("no events", "0", "both arms, and nothing to say of a ratio", "#cfe3c8", INK),
    "only events in both arms": _Look("all events", "A", "both arms, and nothing to say of a ratio", "#cfe3c8", INK),
    "single arm": _Look("one arm", "1", "compared with nothing", "#a9d3ee", INK),
    "adjusted ratio only": _Look("ratio", "R", "an adjusted ratio without rates", "#f3c06b", INK),
    "p-value only": _Look("p-value", "P", "a p-value without rates", "#f6dfb2", INK),
    "narrative only": _Look("words", "W", "no figures", "#e2e2e2", INK),
    "context": _Look("context", "C", "outside the analysis", "#f1f1f1", SOFT),
    "missing": _Look(_DASH, _DASH, "not reported", "white", FAINT),
}
_LETTER_MEANINGS = {
    "comparison": "both arms: enters the analysis",
    "no event in either arm": "no event in either arm: says nothing of a ratio",
    "only events in both arms": "only events in both arms: says nothing of a ratio",
    "single arm": "one arm: compared with nothing",
}

_EDGE = 3.0
_WIDEST_CELL, _LOWEST_CELL = 110.0, 17.0


@dataclass(frozen=True)
class _Matrix:
    """Names down the side and across the top, kinds of cells, and how many studies compare each endpoint."""

    down: tuple[str, ...]
    across: tuple[str, ...]
    kinds: tuple[tuple[str, ...], ...]
    endpoints_down: bool
    compared: tuple[int, ...]


def plot_coverage(
    analysis: Analysis, ax: Axes | None = None, *, endpoints: Sequence[str] | None = None, narrow: bool = False
) -> Axes:
    """Studies by endpoints, whichever are more down the side; every cell says what the study reports.

    Parameters
    ----------
    endpoints : sequence of str, optional
        Ids of the endpoints to show, lower and without a title; all by default.
    narrow : bool
        For a phone.

    Examples
    --------
    >>> analysis = ra.analyse(ra.load("anakinra"), engine="quadrature")
    >>> axes = ra.plot_coverage(analysis)
    """
    with house_style():
        matrix = _matrix(analysis, endpoints)
        page = 72 * (NARROW if narrow else WIDTH)
        names = [Words(name, SMALL).wrapped(90.0 if narrow else 150.0) for name in matrix.down]
        counts = _counts(matrix)
        side = (
            max(w.width for lines in (*names, *(c for c in counts[:1] if not matrix.endpoints_down)) for w in lines)
            + GAP
        )
        last = GAP + max(w.width for lines in counts for w in lines) if matrix.endpoints_down else 0.0
        cell = min(_WIDEST_CELL, max((page - 2 * _EDGE - side - last) / len(matrix.across), 13.0))
        heads, turned = _heads(matrix.across, cell)
        head = 4.0 + (max(w.width for lines in heads for w in lines) if turned else max(map(height, heads)))
        compact = endpoints is not None
        heights = [max(14.0 if compact else _LOWEST_CELL, height(lines) + 5.0) for lines in names]
        title = () if compact else (Words("Who reports what", TITLE, bold=True),)
        above = height(title) + (0.0 if compact else 6.0)
        letters = any(Words(_look(k).short, SMALL).width > cell - 4.0 for row in matrix.kinds for k in row)
        key = _key(matrix, letters, page)
        foot = (0.0 if matrix.endpoints_down else 16.0) + 10.0 + len(key) * 13.0
        body, wide = sum(heights), cell * len(matrix.across)
        if ax is None:
            high = _EDGE + above + head + body + foot + _EDGE
            full = max(page, side + wide + last + 2 * _EDGE)
            figure = new_figure(full / 72, high / 72)
            ax = figure.add_axes(((side + _EDGE) / full, (foot + _EDGE) / high, wide / full, body / high))
        ax.set_axis_off()
        ax.set_xlim(0.0, wide)
        ax.set_ylim(body, 0.0)
        stack(ax, (0.0, 1.0), (-side, head + above), title)
        _draw_heads(ax, heads, turned, cell)
        top = 0.0
        for lines, high, kinds in zip(names, heights, matrix.kinds, strict=True):
            stack(ax, (0.0, top + high / 2), (-side, height(lines) / 2), lines, "left", "data")
            for column, kind in enumerate(kinds):
                _draw_cell(ax, column * cell, top, cell, high, kind, letters)
            top += high
        _draw_counts(ax, counts, matrix, heights, cell, side)
        _draw_key(ax, key, side, foot - 10.0 - len(key) * 13.0, letters)
        return ax


def describe_coverage(analysis: Analysis) -> str:
    """Alternative text of :func:`plot_coverage`."""
    evidence, frame = analysis.evidence, analysis.coverage
    compared = {str(e): int((frame[e] == "comparison").sum()) for e in frame.columns}
    most = max(compared.values())
    widest = [evidence.endpoint_label(e) for e, count in compared.items() if count == most]
    shown = ", ".join(widest[:3]) + (f" and {len(widest) - 3} more" if len(widest) > 3 else "")
    single = sum(count == 1 for count in compared.values())
    text = (
        f"Matrix of {counted(len(frame), 'study', 'studies')} by {counted(len(frame.columns), 'endpoint')}. "
        f"At most {counted(most, 'study compares', 'studies compare')} both arms of one endpoint ({shown})"
    )
    if single:
        text += f"; {counted(single, 'endpoint is', 'endpoints are')} compared in one study only"
    silent = int(frame.isin(SILENCES).to_numpy().sum())
    if silent:
        text += (
            f". Of {counted(silent, 'pair of arms', 'pairs of arms')} no ratio can be told: no events, or only events"
        )
    return f"{text}."


def _matrix(analysis: Analysis, shown: Sequence[str] | None) -> _Matrix:
    evidence, frame = analysis.evidence, analysis.coverage
    studies, endpoints = [str(s) for s in frame.index], [str(e) for e in frame.columns if shown is None or e in shown]
    labels = (tuple(evidence.study_label(s) for s in studies), tuple(evidence.endpoint_label(e) for e in endpoints))
    cells = {(s, e): str(frame.loc[s, e]) for s in studies for e in endpoints}
    compared = tuple(sum(cells[s, e] == "comparison" for s in studies) for e in endpoints)
    if len(endpoints) > len(studies):
        kinds = tuple(tuple(cells[s, e] for s in studies) for e in endpoints)
        return _Matrix(labels[1], labels[0], kinds, True, compared)
    kinds = tuple(tuple(cells[s, e] for e in endpoints) for s in studies)
    return _Matrix(labels[0], labels[1], kinds, False, compared)


def _look(kind: str) -> _Look:
    """How a kind is drawn; one that this figure has not heard of says its own name."""
    return _LOOKS.get(kind) or _Look(kind, kind[:1].upper(), kind, "#f1f1f1", INK)


def _counts(matrix: _Matrix) -> list[tuple[Words, ...]]:
    """How many studies compare each endpoint, the heading first."""
    numbers = [(Words(str(n), SMALL, bold=True),) for n in matrix.compared]
    return [(Words("compared in", SMALL, colour=SOFT),), *numbers]


def _heads(names: Sequence[str], cell: float) -> tuple[list[tuple[Words, ...]], bool]:
    """Names across the top: in lines where their words fit a cell, else turned upright."""
    longest = max(Words(word, SMALL).width for name in names for word in name.split())
    if longest <= cell - 5.0:
        return [Words(name, SMALL).wrapped(cell - 5.0) for name in names], False
    lines = max(int((cell - 2.0) // Words("x", SMALL).pitch), 1)
    width = 110.0
    while width < 1000.0 and any(len(Words(name, SMALL).wrapped(width)) > lines for name in names):
        width += 20.0
    return [Words(name, SMALL).wrapped(width) for name in names], True


def _draw_heads(axes: Axes, heads: list[tuple[Words, ...]], turned: bool, cell: float) -> None:
    count = len(heads)
    for column, lines in enumerate(heads):
        at = ((column + 0.5) / count, 1.0)
        if not turned:
            stack(axes, at, (0.0, 4.0 + height(lines)), lines, "center")
            continue
        for i, line in enumerate(lines):
            axes.annotate(
                line.text, xy=at, xycoords="axes fraction", textcoords="offset points", rotation=90,
                xytext=((i + 0.5) * line.pitch - height(lines) / 2, 4.0), ha="center", va="bottom",
                fontsize=line.size, color=line.colour, annotation_clip=False,
            )  # fmt: skip


def _draw_cell(axes: Axes, x: float, y: float, wide: float, high: float, kind: str, letters: bool) -> None:
    look = _look(kind)
    axes.add_patch(Rectangle((x + 1, y + 1), wide - 2, high - 2, facecolor=look.face, linewidth=0, clip_on=False))
    axes.annotate(
        look.letter if letters else look.short, xy=(x + wide / 2, y + high / 2), ha="center", va="center",
        fontsize=SMALL, color=look.ink, annotation_clip=False,
    )  # fmt: skip


def _draw_counts(
    axes: Axes, counts: list[tuple[Words, ...]], matrix: _Matrix, heights: list[float], cell: float, side: float
) -> None:
    """Beside or below the matrix, along its endpoints."""
    if not matrix.endpoints_down:
        stack(axes, (0.0, 0.0), (-side, -3.0), counts[0])
        for column, number in enumerate(counts[1:]):
            stack(axes, ((column + 0.5) / len(matrix.across), 0.0), (0.0, -3.0), number, "center")
        return
    stack(axes, (1.0, 1.0), (GAP, 4.0 + height(counts[0])), counts[0])
    top = 0.0
    for number, high in zip(counts[1:], heights, strict=True):
        stack(axes, (1.0, top + high / 2), (GAP, height(number) / 2), number, "left", "data")
        top += high


def _key(matrix: _Matrix, letters: bool, page: float) -> list[list[str]]:
    """Kinds of cell that occur, in lines that fit a figure so many points wide."""
    present = {kind for row in matrix.kinds for kind in row}
    lines: list[list[str]] = [[]]
    used = 0.0
    for kind in sorted(present, key=lambda k: (list(_LOOKS).index(k) if k in _LOOKS else len(_LOOKS), k)):
        _, meaning, swatch = _entry(kind, letters)
        width = swatch + 5.0 + meaning.width + 16.0
        if lines[-1] and used + width > page - 2 * _EDGE:
            lines.append([])
            used = 0.0
        lines[-1].append(kind)
        used += width
    return lines


def _entry(kind: str, letters: bool) -> tuple[str, Words, float]:
    """What stands in a cell of this kind, what it means, and how wide the cell is in the key."""
    look = _look(kind)
    inside = look.letter if letters else look.short
    meaning = _LETTER_MEANINGS.get(kind, look.meaning) if letters else look.meaning
    return inside, Words(meaning, SMALL, colour=SOFT), Words(inside, SMALL).width + 7.0


def _draw_key(axes: Axes, lines: list[list[str]], side: float, down: float, letters: bool) -> None:
    y = -down - 8.0
    for kinds in lines:
        x = -side
        for kind in kinds:
            inside, meaning, swatch = _entry(kind, letters)
            axes.annotate(
                inside, xy=(0.0, 0.0), xycoords="axes fraction", xytext=(x + swatch / 2, y - 5.0),
                textcoords="offset points", ha="center", va="center", fontsize=SMALL, color=_look(kind).ink,
                annotation_clip=False,
                bbox={"boxstyle": "square,pad=0.22", "facecolor": _look(kind).face, "edgecolor": "none"},
            )  # fmt: skip
            stack(axes, (0.0, 0.0), (x + swatch + 5.0, y - 0.6), (meaning,))
            x += swatch + 5.0 + meaning.width + 16.0
        y -= 13.0
