"""The prediction of a new cohort, its score, and the posterior with the cohort absorbed.

Today's posterior is frozen, the counts of the new cohort's treated arm are predicted (its own control arm, or the
benchmark of its product, and the discount rho of its design included), the prediction is scored, and the cohort is
absorbed. A cohort with two arms enters the primary model; a single arm enters ``all-cohort`` through a benchmark, and
the primary posterior stays what it was.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from reanalysis.alternatives.outcome import Outcome, outcome
from reanalysis.alternatives.prediction import logit_unseen
from reanalysis.decisions.predicted_count import Score, count_probabilities, count_summary, score
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import headline
from reanalysis.estimands.summary import Summary
from reanalysis.evidence.audit.ledger import require_consistent
from reanalysis.evidence.evidence import Evidence, joined
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.data import StudyData
from reanalysis.model.family import FAMILIES, PRIMARY
from reanalysis.model.selection import NothingLeft, default_spec, select
from reanalysis.model.spec import ModelName
from reanalysis.model.specification import specification


@dataclass(frozen=True)
class Prediction:
    """One endpoint of one new cohort."""

    study: str
    endpoint: str
    """Ids."""
    model: ModelName
    """``contrast`` or ``all-cohort``."""
    control: str
    """What its control risk was taken from."""
    n: int
    """Patients of the treated arm (the most probable number where it is not reported)."""
    rho: float
    """Discount of its design, added to the prediction."""
    printed: str
    """The treated arm as reported."""
    expected: Summary
    """Predicted count."""
    score: Score
    """Prediction against report."""
    before: Outcome
    after: Outcome
    """Headline under ``model``, without and with the cohort."""
    primary: Outcome | None
    """The primary posterior, which a single arm leaves unchanged; None where no cohort compares, and for two arms,
    whose ``before`` it is."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        outcomes = {name: _plain(getattr(self, name)) for name in ("before", "after", "primary")}
        return vars(self) | {"expected": asdict(self.expected), "score": asdict(self.score)} | outcomes


def _plain(one: Outcome | None) -> dict[str, Any] | None:
    if one is None or one.odds_ratio is None or one.direction is None:
        return None
    return {"effect": one.note, "odds_ratio": asdict(one.odds_ratio), "direction": asdict(one.direction)}


@dataclass(frozen=True)
class NotPredicted:
    """An endpoint of a new cohort of which nothing can be predicted."""

    study: str
    endpoint: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def predict(evidence: Evidence, new: Evidence, seed: int | None = None) -> list[Prediction | NotPredicted]:
    """Predict, score and absorb every study and endpoint of a new folder.

    Parameters
    ----------
    evidence : Evidence
        Today's evidence.
    new : Evidence
        Folder of the new cohort or cohorts, each taken by itself.
    seed : int, optional
        Of the randomised PIT; by default that of ``evidence``.

    Raises
    ------
    InvalidInput
        If the folders share a study or no endpoint, or a report contradicts itself.
    EngineError
        If a posterior cannot be computed.
    """
    modelled = {r.endpoint for r in new.arms if r.modelled}
    shared = [e for e in evidence.endpoints if e in modelled]
    if not shared:
        raise InvalidInput([f"{new.folder}: no endpoint of {evidence.folder} is reported in it"])
    for folder in (evidence, new):
        require_consistent(folder, tuple(shared))
    rng = np.random.default_rng([specification(evidence, seed=seed).seed, 60])
    found: list[Prediction | NotPredicted] = []
    for study in new.studies:
        alone = replace(new, arms=tuple(r for r in new.arms if r.study == study), contrasts=())
        both = joined(evidence, alone)
        for endpoint in shared:
            if any(r.endpoint == endpoint and r.modelled for r in alone.arms):
                found.append(_predict(evidence, both, study, endpoint, rng))
    return found


def _predict(
    evidence: Evidence, both: Evidence, study: str, endpoint: str, rng: np.random.Generator
) -> Prediction | NotPredicted:
    arms = {r.arm for r in both.arms if (r.study, r.endpoint) == (study, endpoint) and r.modelled}
    model: ModelName = (
        PRIMARY if arms == {"control", "treated"} else next(f.name for f in FAMILIES.values() if f.benchmarks)
    )
    spec = default_spec(evidence, model)
    try:
        before = fit(spec, select(evidence, spec, endpoint).data)
    except NothingLeft:
        return NotPredicted(study, endpoint, f"nothing is known of it today under {model}")
    selection = select(both, spec, endpoint)
    silent = tuple(s for s in selection.data.silent if s.study == study)  # of a ratio, but its counts are predicted
    shown = replace(selection.data, studies=(*selection.data.studies, *silent))
    data = next((s for s in shown.studies if s.study == study), None)
    if data is None or data.treated is None:
        return NotPredicted(study, endpoint, _what_is_missing(both, study, arms))
    after = fit(spec, selection.data)
    logit = logit_unseen(spec, shown, study)
    sizes = sorted({int(n) for n in np.rint(data.treated.n)})
    predicted = {n: count_probabilities(logit, n, data.rho) for n in sizes}
    n = round(data.treated.n[int(np.argmax(data.treated.weight))])
    observation = selection.observations[study, "treated"]
    return Prediction(
        study, endpoint, model, _control(both, data, selection.observations, endpoint), n, data.rho,
        " or ".join(dict.fromkeys(r.printed for r in observation.rows)),
        count_summary(predicted[n]), score(data.treated, predicted, rng),
        _headline(evidence, before, endpoint), _headline(both, after, endpoint), _primary(evidence, endpoint, model),
    )  # fmt: skip


def _what_is_missing(evidence: Evidence, study: str, arms: set[str]) -> str:
    if "treated" not in arms:
        return "it reports no treated arm"
    product = evidence.study(study).product
    if not product:
        return "a single arm needs a benchmark, and analysis.toml names no product of the study"
    return f"a single arm needs a benchmark, and benchmarks.csv has none of the product {product!r}"


def _control(evidence: Evidence, data: StudyData, observations: Any, endpoint: str) -> str:
    if data.control is not None:
        rows = observations[data.study, "control"].rows
        return f"its own control arm, {' or '.join(dict.fromkeys(r.printed for r in rows))}"
    row = evidence.benchmark(data.study, endpoint)
    assert row is not None
    return f"benchmark {row.label or row.product}, {row.printed}"


def _headline(evidence: Evidence, posterior: Posterior, endpoint: str) -> Outcome:
    found = headline(posterior)
    name = "average" if found.study is None else f"own effect of {evidence.study_label(found.study)}"
    better = evidence.endpoint(endpoint).better
    return outcome(posterior.spec, posterior.data, found.log_odds_ratio, better, found.study, name)


def _primary(evidence: Evidence, endpoint: str, model: ModelName) -> Outcome | None:
    if model == PRIMARY:
        return None
    spec = default_spec(evidence)
    try:
        return _headline(evidence, fit(spec, select(evidence, spec, endpoint).data), endpoint)
    except NothingLeft:
        return None
