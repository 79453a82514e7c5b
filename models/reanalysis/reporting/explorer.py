"""The posteriors as tables of quantiles, from which the page answers for any threshold and control risk."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

from scipy.special import logit

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.summary import PROBABILITIES, QuantileTable, tabulate
from reanalysis.reporting.markdown import Markdown, anchor
from reanalysis.reporting.sections.choices import group_title

_DIGITS = 7


def explorer_data(analysis: Analysis) -> dict[str, Any]:
    """All that the page's script reads.

    Returns
    -------
    dict
        ``probabilities`` shared by the tables, the names of the arms, and ``endpoints`` by anchor, each with its
        baselines, the patients that counts are of, margins and ``effects``: the primary analysis, a new study, then
        every alternative with a result.
        An effect has ``x``, quantiles of its log odds ratio at the shared probabilities, and ``exact``, pairs of a log
        odds ratio and the probability of lying at or below it, which hold to the last digit shown anywhere.
    """
    settings = analysis.evidence.settings
    return {
        "probabilities": [round(p, 7) for p in PROBABILITIES],
        "treated": settings.treated_label,
        "control": settings.control_label,
        "endpoints": {anchor(e.id): _endpoint(e) for e in analysis.endpoints},
    }


def page_data(analysis: Analysis) -> Markdown:
    """The data as a block of Markdown, which the HTML turns into a script element and every other format leaves out.

    JSON within it holds no character that could end the block or the element.
    """
    return Markdown(f"~~~~ {{.page-data}}\n{_json(explorer_data(analysis))}\n~~~~\n")


def script_data(script: str, data: dict[str, Any]) -> Markdown:
    """The same for a script of its own, ``templates/SCRIPT.js``, which stands where its data do."""
    return Markdown(f"~~~~ {{.page-data script={script}}}\n{_json(data)}\n~~~~\n")


def _json(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&`~\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _endpoint(endpoint: EndpointAnalysis) -> dict[str, Any]:
    first, named = endpoint.baselines[0], _named_values(endpoint)
    new = endpoint.fit.posterior.overall["log_odds_ratio_new"]
    effects = [
        ("", "Primary analysis", "", tabulate(endpoint.headline.log_odds_ratio, named)),
        ("", "A new study, primary analysis", "", tabulate(new, named)),
    ]
    for group, outcomes in endpoint.sensitivity.items():
        others = [(one, one.table) for one in outcomes if not one.primary and one.table is not None]
        effects += [(group_title(group), one.label, one.note, table) for one, table in others]
    return {
        "label": endpoint.label,
        "better": endpoint.better,
        "baselines": [{"label": b.baseline.label, "percent": b.baseline.percent} for b in endpoint.baselines],
        "of": first.of,
        "margin": min((b.margin for b in first.beyond), default=5.0),
        "effects": [
            {"group": group, "label": label, "note": note} | _values(table) for group, label, note, table in effects
        ],
    }


def _named_values(endpoint: EndpointAnalysis) -> list[float]:
    """Log odds ratios at which the report states a probability: no effect, and each margin at each baseline."""
    values = {0.0}
    for at in endpoint.baselines:
        risk = at.baseline.percent / 100
        for points, sign in product((at.rope, *(b.margin for b in at.beyond)), (-1, 1)):
            moved = risk + sign * points / 100
            if 0 < moved < 1:
                values.add(float(logit(moved) - logit(risk)))
    return sorted(values)


def _values(table: QuantileTable) -> dict[str, Any]:
    """Quantiles at the shared probabilities, and what else the table knows."""
    shared = {round(p, 7) for p in PROBABILITIES}
    exact = [(x, p) for x, p in zip(table.x, table.probability, strict=True) if p not in shared]
    return {
        "x": [round(float(x), _DIGITS) for x in table.quantile(PROBABILITIES)],
        "exact": [[round(x, 9), round(p, 7)] for x, p in exact],
    }
