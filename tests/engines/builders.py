"""Studies and specifications for tests, in as few words as possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import AdjustedRatio, ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import DEFAULT_PRIORS, ModelSpec, Priors
from reanalysis.validation.published_folder import FOLDER

Arm = Candidates | tuple[float, float] | None


def candidates(arm: Arm) -> Candidates | None:
    """A certain count from (events, n)."""
    return Candidates.count(*arm) if isinstance(arm, tuple) else arm


def study(name: str, control: Arm = None, treated: Arm = None, rho: float = 0.0) -> StudyData:
    return StudyData(name, candidates(control), candidates(treated), rho)


def ratio(name: str, log_ratio: float, standard_error: float) -> StudyData:
    return StudyData(name, None, None, 0.0, AdjustedRatio(log_ratio, standard_error))


def data(*studies: StudyData) -> ModelData:
    return ModelData("events", studies)


def two_arms(rows: Iterable[Sequence[float]], rho: float = 0.0) -> ModelData:
    """Studies from (control events, control n, treated events, treated n) rows."""
    return data(*(study(f"s{i:02d}", (x0, n0), (x1, n1), rho) for i, (x0, n0, x1, n1) in enumerate(rows)))


def one_arm(rows: Iterable[Sequence[float]], arm: str = "control", rho: float = 0.0) -> ModelData:
    """Single arms from (events, n) rows."""
    return data(*(study(f"s{i:02d}", rho=rho, **{arm: (x, n)}) for i, (x, n) in enumerate(rows)))


def spec(model: str = "contrast", mu: str = "", tau: str = "", baseline: str = "", **settings: Any) -> ModelSpec:
    """A specification with the model's default priors where none is named."""
    named = {
        name: Distribution.parse(text) for name, text in (("mu", mu), ("tau", tau), ("baseline", baseline)) if text
    }
    priors: Priors = replace(DEFAULT_PRIORS[model], **named)
    return ModelSpec(model=model, priors=priors, **settings)  # type: ignore[arg-type]


ICANS = data(
    study("iptw", (0.75 * 110 * 0.234, 0.75 * 110), (0.75 * 61 * 0.396, 0.75 * 61), 0.01),
    study(
        "phase1",
        Candidates(
            tuple(round(0.6 * n) for n in (20, 40, 42, 47, 53, 55, 58, 60, 62, 65, 67, 73, 75, 77, 78, 80)),
            (20, 40, 42, 47, 53, 55, 58, 60, 62, 65, 67, 73, 75, 77, 78, 80),
            (0.6, *[0.4 / 15] * 15),
        ),
        (7, 20),
        0.02,
    ),
    study("phase2", Candidates((25, 25), (72, 74), (0.5, 0.5)), (9, 25), 0.02),
)
"""Neurotoxicity in the three anakinra cohorts: a latent denominator, two readings, and weighted pseudo-counts."""


def trials(problem: str) -> tuple[tuple[int, int, int, int], ...]:
    """Control events, n, treated events, n of each trial of a published problem."""
    arms = read_evidence(FOLDER / problem).arms
    counts = {(row.study, row.arm): (row.events[0], row.n) for row in arms if row.events and row.n}
    studies = dict.fromkeys(study for study, _ in counts)
    return tuple((*counts[study, "control"], *counts[study, "treated"]) for study in studies)


BETA_BLOCKERS = trials("beta-blockers")
"""Deaths in 22 trials of beta-blockers after infarction (BDA3, table 5.4, has the same counts)."""

BCG = trials("bcg")
"""Tuberculosis in 13 trials of BCG vaccine."""
