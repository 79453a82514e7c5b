"""Risk of bias of the studies of an endpoint: a light for each domain of ROBINS-I, in colours, signs and words."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.decisions.grade import StudyBias
from reanalysis.estimands.words import counted
from reanalysis.evidence.reading.risk_of_bias import DOMAINS, RiskOfBiasRow
from reanalysis.figures.rows import Column, Layout, Row, pages, stack
from reanalysis.figures.style import INK, PAGE, SMALL, SOFT, house_style
from reanalysis.figures.words import Words, wrapped
from reanalysis.gates.checked_fit import CheckedFit

_LOOKS = {
    "low": ("+", "low", "#cfe3c8"),
    "moderate": ("\N{MINUS SIGN}", "moderate", "#f6dfb2"),
    "serious": ("\N{MULTIPLICATION SIGN}", "serious", "#f3c06b"),
    "critical": ("!", "critical", "#e9a58f"),
    "no information": ("?", "not told", "#e2e2e2"),
}
"""Sign, word and colour of a judgement; those of other figures, for any colour vision beside the words."""

_ROW, _FOOT = 27.0, 36.0
_DIRECTED = "\N{UPWARDS ARROW}"


def plot_traffic_lights(
    endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None, *, studies: Sequence[str] | None = None
) -> Axes:
    """A row a study and a light a domain, the worst of them last; an arrow where the arm that a bias favours is told.

    Only of the ``studies`` of these ids where they are given (:func:`traffic_light_pages`).
    """
    endpoint = as_endpoint(endpoint)
    evidence = endpoint.fit.evidence
    with house_style():
        shown = [study for study in judged_studies(endpoint) if studies is None or study in studies]
        rows = tuple(Row(((Words(evidence.study_label(study)),),), least=_ROW) for study in shown)
        layout = Layout(f"{endpoint.label}: risk of bias", (Column("Study", 97.0),), (), rows, ax, least_left=80.0)
        placed = layout.place(_FOOT)
        axes, names = placed.axes, (*DOMAINS, "worst")
        axes.set_xlim(0.0, len(names))
        for y, band, study in zip(placed.y, placed.band, shown, strict=True):
            rows_of = evidence.judgements(study, endpoint.id)
            worst = _worst(study, rows_of)
            for place, name in enumerate(names):
                judgement = worst if name == "worst" else rows_of[name].judgement if name in rows_of else ""
                directed = name in rows_of and bool(rows_of[name].direction)
                _draw_light(axes, place, y, band, judgement, directed)
        for place, name in enumerate(names):
            tone = INK if name == "worst" else SOFT
            low = 9.0 * (place % 2)  # names side by side would touch
            stack(
                axes, ((place + 0.5) / len(names), 0.0), (0.0, -3.0 - low), (Words(name, SMALL, colour=tone),), "center"
            )
        axes.set_axis_off()
        if any(row.direction for study in shown for row in evidence.judgements(study, endpoint.id).values()):
            told = f"{_DIRECTED} the arm that the bias favours is told: its mean is not 0 in the model bias"
            stack(axes, (0.0, 0.0), (0.0, -24.0), wrapped((Words(told, SMALL, colour=SOFT),), layout.plot_width))
        return axes


def traffic_light_pages(endpoint: EndpointAnalysis | CheckedFit, inches: float = PAGE) -> tuple[tuple[str, ...], ...]:
    """Study ids page by page: what to pass as ``studies`` so that no figure is higher than a page."""
    studies = judged_studies(as_endpoint(endpoint))
    return pages(dict.fromkeys(studies, _ROW + 4.0), inches * 72 - _FOOT - 40.0)


def describe_traffic_lights(endpoint: EndpointAnalysis | CheckedFit, studies: Sequence[str] | None = None) -> str:
    """Alternative text of :func:`plot_traffic_lights`."""
    endpoint = as_endpoint(endpoint)
    evidence, told = endpoint.fit.evidence, []
    shown = [study for study in judged_studies(endpoint) if studies is None or study in studies]
    for study in shown:
        rows = evidence.judgements(study, endpoint.id)
        favours = {name: f" ({row.direction})" if row.direction else "" for name, row in rows.items()}
        lights = ", ".join(f"{name} {rows[name].judgement}{favours[name]}" for name in DOMAINS if name in rows)
        told.append(f"{evidence.study_label(study)}: {lights}; worst {_worst(study, rows)}")
    count = counted(len(shown), "cohort")
    return f"Risk of bias of {count} for {endpoint.label}, by domain of ROBINS-I. {'. '.join(told)}."


def judged_studies(endpoint: EndpointAnalysis) -> list[str]:
    """Studies of the forest of which risk of bias is judged, in the folder's order."""
    evidence = endpoint.fit.evidence
    compared = {study.study for study in endpoint.studies}
    return [s for s in evidence.studies if s in compared and evidence.judgements(s, endpoint.id)]


def _worst(study: str, rows: dict[str, RiskOfBiasRow]) -> str:
    found = StudyBias(study, False, 0.0, {name: row.judgement for name, row in rows.items()}).worst
    return found[1] if found else ""


def _draw_light(axes: Axes, place: int, y: float, band: tuple[float, float], judgement: str, directed: bool) -> None:
    if not judgement:
        axes.text(place + 0.5, y, "\N{EN DASH}", ha="center", va="center", fontsize=SMALL, color=SOFT)
        return
    sign, word, face = _LOOKS[judgement]
    top, bottom = band
    axes.add_patch(Rectangle((place + 0.04, top + 1.5), 0.92, bottom - top - 3.0, facecolor=face, edgecolor="none"))
    text = f"{sign}{_DIRECTED if directed else ''}\n{word}"
    axes.text(place + 0.5, y, text, ha="center", va="center", fontsize=SMALL, color=INK, linespacing=1.05)
