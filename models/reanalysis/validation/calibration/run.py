"""A run of the calibration: replicates in resumable batches, a verdict, and reruns of whatever fell outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from reanalysis.engines.batches import Progress, Store, in_batches
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import ModelData
from reanalysis.model.family import ENGINES, Engine
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification
from reanalysis.validation.calibration.again import todays
from reanalysis.validation.calibration.designs import DESIGNS, POSTERIOR, Design
from reanalysis.validation.calibration.replicate import Job, Ranks, ranked
from reanalysis.validation.calibration.source import source_digest
from reanalysis.validation.calibration.verdict import PER_QUANTITY, judge

RERUN = 10
"""Times as many replicates in the rerun of what fell outside."""

_OTHER_SEED = 7919
_BATCH = 20

Watch = Callable[[str], Progress]
"""From what is being done to what shows its progress."""


@dataclass(frozen=True)
class Calibration:
    """Ranks of every replicate and what they come to."""

    source: dict[Engine, str]
    """Digest of the code that was calibrated, by engine."""
    settings: dict[str, object]
    """Priors, rho by design class, seed, replicates, the baselines of each design, and what of the folder's own
    evidence is reported again: the endpoint, and by study and arm the events and patients that its print allows."""
    ranks: pd.DataFrame
    """One row a replicate: engine, design, replicate, a column a quantity (missing where the design does not rank it),
    and error where there was no posterior."""
    verdict: pd.DataFrame
    """As of :func:`judge`, with ``failures``, replicates without a posterior."""
    reruns: pd.DataFrame
    """The same for what fell outside: ten times the replicates with other seeds, at the same level; empty where all was
    inside. The first verdict stays."""

    @property
    def passed(self) -> bool:
        """Whether all was inside, or was so when rerun, and every replicate had a posterior."""
        outside = self.verdict[~self.verdict["inside"]]
        again = self.reruns["inside"].sum() if len(self.reruns) else 0
        return bool((self.verdict["failures"] == 0).all() and again == len(outside))


def calibrate(
    evidence: Evidence,
    *,
    engines: Sequence[Engine] = ENGINES,
    replicates: int = 1000,
    seed: int | None = None,
    designs: Sequence[str] = tuple(DESIGNS),
    executor: Executor | None = None,
    store: Path | None = None,
    watch: Watch | None = None,
) -> Calibration:
    """Calibrate engines under the priors and the rho of a folder.

    Parameters
    ----------
    evidence : Evidence
        The folder; of its rows only the endpoint that the design of its own posterior reports again is used
        (:func:`reanalysis.validation.calibration.again.todays`). Where there is none that design is left out.
    engines : sequence of str
        Engines to calibrate.
    replicates : int
        Simulated data sets of each design; NUTS is given the fraction that the design declares.
    seed : int, optional
        The folder's by default.
    designs : sequence of str
        Names in :data:`DESIGNS`.
    executor : Executor, optional
        What runs the replicates; by default this process.
    store : Path, optional
        Folder of finished batches, from which an interrupted run goes on.
    watch : callable, optional
        Shows progress.
    """
    spec = specification(evidence, seed=seed)
    base, today = replace(evidence, arms=(), contrasts=()), todays(evidence, spec)
    designs = [design for design in designs if today is not None or not DESIGNS[design].again]
    seed = spec.seed
    source = {engine: source_digest(engine) for engine in engines}
    settings: dict[str, object] = {
        "priors": spec.priors.as_text(),
        "rho": evidence.settings.rho.model_dump(),
        "seed": seed,
        "replicates": replicates,
        "baselines": {name: _baselines(DESIGNS[name], spec) for name in designs},
        "again": today_as_dict(today) if POSTERIOR in designs else None,
    }

    def run(job: Job, names: Sequence[str], count: int) -> pd.DataFrame:
        counts = {design: DESIGNS[design].count(job.engine, count) for design in names}
        tasks = [(design, replicate) for design in names for replicate in range(counts[design])]
        key = json.dumps(
            [source[job.engine], settings, job.engine, job.seed, job.quantities, list(names), count], sort_keys=True
        )
        kept = None if store is None else Store(store, key)
        progress = watch(f"{job.engine}: {', '.join(names)}") if watch else None
        found = in_batches(job, tasks, size=_BATCH, executor=executor, store=kept, progress=progress)
        return _table(job.engine, tasks, found)

    ranks = pd.concat(
        [run(Job(base, spec, engine, seed, today=today), designs, replicates) for engine in engines], ignore_index=True
    )
    checks = PER_QUANTITY * sum(len(ranked(design)) for design in designs) * len(engines)
    verdict = _judged(ranks, checks)
    again = []
    outside = verdict[~verdict["inside"]]
    for engine in engines:
        for design in designs:
            part = outside[(outside["engine"] == engine) & (outside["design"] == design)]
            if len(part):
                job = Job(base, spec, engine, seed + _OTHER_SEED, tuple(part["quantity"]), today)
                again.append(_judged(run(job, [design], RERUN * replicates), checks))
    reruns = pd.concat(again, ignore_index=True) if again else verdict.iloc[:0]
    return Calibration(source, settings | {"checks": checks}, ranks, verdict, reruns)


def today_as_dict(today: ModelData | None) -> dict[str, object] | None:
    """What is reported again, as plain values for JSON."""
    if today is None:
        return None
    arms = {
        f"{study.study}/{arm}": [list(pair) for pair in zip(known.events, known.n, strict=True)]
        for study in today.studies
        for arm in ("control", "treated")
        if (known := study.observed(arm)) is not None
    }
    return {"endpoint": today.endpoint, "arms": arms}


def _baselines(design: Design, spec: ModelSpec) -> str:
    """What baselines are drawn from, and what prior is fitted where that is another."""
    drawn, fitted = design.simulated(spec), design.fitted(spec).priors.baseline
    return str(drawn) if drawn == fitted else f"{drawn}, fitted with {fitted}"


def _table(engine: Engine, tasks: Sequence[tuple[str, int]], found: list[Ranks]) -> pd.DataFrame:
    rows = [
        {"engine": engine, "design": design, "replicate": replicate} | ranks
        for (design, replicate), ranks in zip(tasks, found, strict=True)
    ]
    table = pd.DataFrame(rows)
    if "error" not in table:
        table["error"] = None
    return table


def _judged(ranks: pd.DataFrame, checks: int) -> pd.DataFrame:
    failures = ranks.groupby(["engine", "design"], sort=False)["error"].count().rename("failures").reset_index()
    return judge(ranks, checks).merge(failures, on=["engine", "design"], how="left")
