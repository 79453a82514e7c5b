"""Studies and specifications for tests, in as few words as possible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import AdjustedRatio, ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import DEFAULT_PRIORS, ModelSpec, Priors

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

BETA_BLOCKERS = (
    (3, 39, 3, 38), (14, 116, 7, 114), (11, 93, 5, 69), (127, 1520, 102, 1533), (27, 365, 28, 355), (6, 52, 4, 59),
    (152, 939, 98, 945), (48, 471, 60, 632), (37, 282, 25, 278), (188, 1921, 138, 1916), (52, 583, 64, 873),
    (47, 266, 45, 263), (16, 293, 9, 291), (45, 883, 57, 858), (31, 147, 25, 154), (38, 213, 33, 207),
    (12, 122, 28, 251), (6, 154, 8, 151), (3, 134, 6, 174), (40, 218, 32, 209), (43, 364, 27, 391), (39, 674, 22, 680),
)  # fmt: skip
"""Deaths in 22 trials of beta-blockers after infarction: control events, n, treated events, n (BDA3, table 5.4)."""

BCG = (
    (11, 139, 4, 123), (29, 303, 6, 306), (11, 220, 3, 231), (248, 12867, 62, 13598), (47, 5808, 33, 5069),
    (372, 1451, 180, 1541), (10, 629, 8, 2545), (499, 88391, 505, 88391), (45, 7277, 29, 7499), (65, 1665, 17, 1716),
    (141, 27338, 186, 50634), (3, 2341, 5, 2498), (29, 17854, 27, 16913),
)  # fmt: skip
"""Tuberculosis in 13 trials of BCG vaccine: control cases, n, vaccinated cases, n (Colditz 1994, JAMA 271:698)."""
