"""Alternative priors of the baselines.

A vague prior may decide an effect where events are rare, so others stand beside it: two narrower normal priors of the
mean logit, the logistic one that is uniform on the rate, the prior on the control logit instead, and, of plain counts,
no baseline at all: the likelihood given the events of both arms together.
"""

from __future__ import annotations

from dataclasses import replace

from reanalysis.model.data import ModelData
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import Anchor, ModelSpec

_BASELINES: tuple[tuple[str, str, Anchor], ...] = (
    ("normal(0,10), mean logit", "normal(0,10)", "midpoint"),
    ("normal(0,3), mean logit", "normal(0,3)", "midpoint"),
    ("normal(0,1.5), mean logit", "normal(0,1.5)", "midpoint"),
    ("logistic(0,1), mean logit", "logistic(0,1)", "midpoint"),
    ("normal(0,10), control logit", "normal(0,10)", "control"),
    ("normal(0,1.5), control logit", "normal(0,1.5)", "control"),
)
_CONDITIONAL = "none: conditional likelihood"
"""Label of the likelihood that needs no baseline."""


def baseline_alternatives(spec: ModelSpec, data: ModelData) -> dict[str, ModelSpec]:
    """Specifications with other baselines by their names, the primary first.

    Parameters
    ----------
    spec : ModelSpec
        The primary specification, of a model of contrasts.
    data : ModelData
        What it is fitted to: only of plain counts is there a conditional likelihood.
    """
    found = {f"primary, {spec.baseline_text}": spec}
    for label, text, anchor in _BASELINES:
        other = replace(spec, anchor=anchor, priors=replace(spec.priors, baseline=Distribution.parse(text)))
        if other != spec:
            found[label] = other
    if spec.family.conditional and spec.anchor != "conditional" and all(study.plain for study in data.studies):
        found[_CONDITIONAL] = replace(spec, anchor="conditional")
    return found
