"""One endpoint, fitted and judged: the unit that the command line, notebooks and reports all work with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import IN_LOG_EVIDENCE, Posterior
from reanalysis.estimands.moderators import prior_reaches, sources
from reanalysis.estimands.summary import LEVEL
from reanalysis.estimands.table import estimates, flat, probabilities, tidy
from reanalysis.estimands.told import Text, told
from reanalysis.evidence.audit.ledger import Ledger, require_consistent
from reanalysis.evidence.candidates.observation import assumed_sizes, sizes_told
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.extras import need
from reanalysis.evidence.problems import printable
from reanalysis.gates.baseline_choice import baseline_choice
from reanalysis.gates.gates import gates
from reanalysis.gates.result import CheckResult
from reanalysis.model.claims import allowed
from reanalysis.model.data import Benchmark, ModelData
from reanalysis.model.discounts import study_k
from reanalysis.model.selection import Selection, default_spec, select
from reanalysis.model.spec import Engine, ModelSpec

if TYPE_CHECKING:
    from reanalysis.engines.nuts.engine import Sampler


@dataclass(frozen=True, eq=False, repr=False)
class CheckedFit:
    """A posterior with the data it came from and the gates it passed.

    Equal to every fit that was asked for alike: random numbers follow from the request, and equal requests have equal
    bits.
    """

    evidence: Evidence  # the folder
    selection: Selection  # studies and observations that entered
    posterior: Posterior  # the published posterior
    quadrature: Posterior
    """The same by quadrature (the same object where that is the published one, or the model has no quadrature)."""
    gates: tuple[CheckResult, ...]
    """What a sampled posterior must pass; empty where nothing was sampled: quadrature raises instead of failing."""
    sampled: Posterior | None = None
    """The NUTS posterior that the published one is held against, where that is not itself sampled."""

    def _asked(self) -> tuple[object, ...]:
        posteriors = (self.posterior, self.kept)
        return (self.spec, self.posterior.data, *((p.engine, p.sampling and p.sampling.runs) for p in posteriors))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CheckedFit):
            return NotImplemented
        return self._asked() == other._asked() and self.evidence == other.evidence

    def __hash__(self) -> int:
        return hash(self._asked())

    def __repr__(self) -> str:
        return self.summary()

    @property
    def kept(self) -> Posterior:
        """The posterior whose draws are kept and diagnosed: the sampled one, where there is one."""
        return self.sampled or self.posterior

    @property
    def passed(self) -> bool:
        """Whether no gate failed."""
        return not any(gate.failed for gate in self.gates)

    @property
    def spec(self) -> ModelSpec:
        """What was fitted."""
        return self.posterior.spec

    @property
    def endpoint(self) -> str:
        """Endpoint id."""
        return self.posterior.endpoint

    def table(self) -> pd.DataFrame:
        """Every estimate: mean, SD, median and 95 % interval by study (empty for what all share) and quantity."""
        rows = flat(estimates(self.posterior))
        index = pd.MultiIndex.from_tuples(rows, names=["study", "quantity"])
        return pd.DataFrame(list(rows.values()), index=index)

    def summary(self, baseline: float | None = None, level: float = LEVEL) -> Text:
        """A few lines: medians with intervals, which side is likely, what it means for patients, and the gates.

        Parameters
        ----------
        baseline : float, optional
            Control risk, a proportion; by default the first that the folder names.
        level : float
            Coverage of the intervals.
        """
        gates = [f"{'passed' if g.passed else 'FAILED'}: {g.name}" for g in self.gates]
        lines = [*told(self.evidence, self.posterior, baseline, level), *map(printable, gates)]
        return Text("\n".join(lines))

    def draws(self) -> pd.DataFrame:
        """Draws from the posterior, one row a draw: rows of separately fitted endpoints are independent.

        Quadrature samples its own posterior, independently from draw to draw; NUTS gives the draws of its chains.

        Returns
        -------
        DataFrame
            Indexed by ``chain`` and ``draw``; columns are called as ArviZ calls them, ``tau``,
            ``study_risk_difference[phase2]``; effects on the log scale, risks as proportions.
        """
        group = self.kept.tree()["posterior"].to_dataset()
        columns = {}
        for name, values in group.data_vars.items():
            rows = values.stack(sample=("chain", "draw")).transpose("sample", ...)
            if values.ndim == 2:
                columns[str(name)] = rows.to_numpy()
            else:
                of = group[str(values.dims[-1])].to_numpy()
                columns |= {f"{name}[{one}]": rows.to_numpy()[:, i] for i, one in enumerate(of)}
        shape = [range(group.sizes[name]) for name in ("chain", "draw")]
        return pd.DataFrame(columns, index=pd.MultiIndex.from_product(shape, names=["chain", "draw"]))

    def to_frame(self, baseline: float | None = None, level: float = LEVEL) -> pd.DataFrame:
        """One row a quantity, risks at the control risks among them: :func:`reanalysis.estimands.table.tidy`."""
        return tidy(self.evidence, self.posterior, baseline=baseline, level=level)

    def _repr_html_(self) -> str:
        gates = "".join(
            f"<li>{'passed' if g.passed else '<b>failed</b>'}: {escape(g.name)}: {escape(g.text)}</li>"
            for g in self.gates
        )
        title = f"{self.evidence.endpoint_label(self.endpoint)}: {self.spec.model}, {self.posterior.engine}"
        left = [f"{study} is left out: it {why}" for study, why in self.posterior.data.uncovered]
        left += [one.text for one in prior_reaches(self.spec, self.posterior.data)]
        told = (*left, *sizes_told(self.selection.observations))
        sizes = "".join(f"<p>{escape(line)}</p>" for line in told)
        return (
            f"<p><b>{escape(title)}</b></p>{sizes}{self.table().to_html(float_format='{:.3f}'.format)}<ul>{gates}</ul>"
        )

    def as_dict(self) -> dict[str, Any]:
        """The JSON object of ``reanalysis fit``."""
        spec, posterior = self.spec, self.posterior
        return {
            "endpoint": self.endpoint,
            "model": spec.model,
            "pooling": spec.pooling,
            "engine": posterior.engine,
            "studies": list(posterior.data.names),
            "comparative_studies": None if spec.rates else list(posterior.data.comparative),
            "interval": LEVEL,
            "spec": spec.as_dict() | {"defaults": self._used()},
            "estimates": estimates(posterior),
            "probabilities": probabilities(posterior),
            "claims": self.claims(),
            "claims_not_counted": dict(self.selection.unheard),
            "log_evidence": self.quadrature.log_evidence,
            "uninformative_studies": {study.study: study.silence for study in posterior.data.silent},
            "baseline_choice": self._baseline_choice(),
            **self._moderators(),
            "denominators": assumed_sizes(self.selection.observations),
            "diagnostics": self._diagnostics(),
            "passed": self.passed,
        }

    def _moderators(self) -> dict[str, Any]:
        """Centres of the moderators, every study's covariates and parts, and the studies left out for lack of one."""
        data = self.posterior.data
        if not data.moderators:
            return {}
        names = [one.name for one in data.moderators]
        centres = [one.centre for one in data.moderators]
        # the slope from within studies alone and from between studies alone, which is of one moderator
        single = len(self.spec.moderators) == 1
        slopes = {one.key: one.as_dict() for one in sources(self.spec, data)} if single else None

        def written(values: tuple[float, ...]) -> dict[str, float]:
            return {n: v + c for n, v, c in zip(names, values, centres, strict=True)}

        return {
            "moderators": {
                one.name: {"label": one.label, "centre": one.centre, "values": dict(one.values)}
                for one in data.moderators
            },
            "covariates": {
                one.study: {part.subgroup: written(part.covariates) for part in one.parts} or written(one.covariates)
                for one in data.studies
            },
            "studies_left_out": dict(data.uncovered),
            "moderator_prior": {one.name: one.as_dict() for one in prior_reaches(self.spec, data)},
            "moderator_information": slopes,
        }

    def claims(self) -> dict[str, Any]:
        """By study that is told in words: what its source says, of how many counts, and the prior of its baseline."""
        found = {}
        for study in self.posterior.data.studies:
            if (told := study.told) is None or study.control is None or study.treated is None:
                continue
            keep = allowed(study)
            found[study.study] = {
                "claims": list(told.claims),
                "alpha": told.alpha,
                "points": told.points,
                "baseline": f"{told.baseline}, {'mean logit' if told.benchmark is None else 'control logit'}",
                "benchmark": None if told.benchmark is None else self._benchmark(study.study, told.benchmark),
                "sizes": {arm: sorted({*getattr(study, arm).n}) for arm in ("control", "treated")},
                "pairs": {"possible": keep.size, "allowed": int(keep.sum())},
            }
        return found

    def _benchmark(self, study: str, benchmark: Benchmark) -> dict[str, Any]:
        row = self.evidence.benchmark(study, self.endpoint)
        assert row is not None
        return {"label": row.label, "printed": row.printed, "rho": benchmark.rho, "weight": benchmark.share}

    @cached_property
    def baseline_choice(self) -> CheckResult | None:
        """The headline under other priors of the baselines; None where the model has none."""
        return baseline_choice(self.spec, self.posterior.data)

    def _baseline_choice(self) -> dict[str, Any] | None:
        found = self.baseline_choice
        if found is None:
            return None
        rows = found.table.astype(object).where(found.table.notna(), None).to_dict("records")
        return {"text": found.text, "decides": found.passed is False, "choices": rows}

    def _used(self) -> dict[str, Any]:
        """What each study actually got for rho and k, from its design or the specification."""
        weighted = {o.study for o in self.selection.observations.values() if o.weighted}
        return {
            "rho": {s.study: s.rho for s in self.posterior.data.studies},
            "k": {study: study_k(self.evidence, study, self.spec) for study in sorted(weighted)},
            "bias": {s.study: {"mean": s.bias_mean, "sd": s.bias} for s in self.posterior.data.studies}
            if self.spec.family.bias
            else {},
            "benchmarks": self._benchmarks(),
            "candidates": {
                f"{study}/{arm}": len(o.candidates) for (study, arm), o in sorted(self.selection.observations.items())
            },
        }

    def _benchmarks(self) -> dict[str, Any]:
        """By study whose control is missing: whose figure stands in, and when that was counted."""
        found = {}
        for study in self.posterior.data.studies:
            row = self.evidence.benchmark(study.study, self.endpoint) if study.benchmark else None
            if row is not None and study.benchmark is not None:
                arm = self.selection.observations.get((study.study, "treated"))
                found[study.study] = {
                    "label": row.label,
                    "product": row.product,
                    "printed": row.printed,
                    "timepoint": row.timepoint,
                    "study_timepoint": arm.rows[0].timepoint if arm else "",
                    "note": row.note,
                    "source": row.source,
                    "rho": study.benchmark.rho,
                    "weight": study.benchmark.share,
                }
        return found

    def _diagnostics(self) -> dict[str, Any]:
        kept = self.kept.diagnostics | self.posterior.diagnostics
        kept["gates"] = [{"name": g.name, "passed": g.passed, "text": g.text} for g in self.gates]
        kept["log_evidence"] = self.quadrature.log_evidence
        if kept["log_evidence"] is not None:
            kept["in_log_evidence"] = IN_LOG_EVIDENCE
        return kept


def fit_endpoint(
    evidence: Evidence,
    endpoint: str,
    spec: ModelSpec | None = None,
    engine: Engine = "quadrature",
    sampler: Sampler | None = None,
    ledger: Ledger | None = None,
) -> CheckedFit:
    """Fit one endpoint, by default with the folder's primary specification, and judge the fit.

    The engine says which posterior is published: NUTS is always held against quadrature. ``ledger`` is an audit already
    made.

    Raises
    ------
    InvalidInput
        If the endpoint is unknown, no study is left, or a report contradicts itself.
    EngineError
        If an engine cannot give the posterior.
    """
    spec = spec or default_spec(evidence)
    selection = select(evidence, spec, endpoint)
    require_consistent(evidence, (endpoint,), ledger)
    return CheckedFit(evidence, selection, *fit_and_judge(spec, selection.data, engine, sampler))


def fit_and_judge(
    spec: ModelSpec, data: ModelData, engine: Engine = "nuts", sampler: Sampler | None = None
) -> tuple[Posterior, Posterior, tuple[CheckResult, ...]]:
    """The published posterior, the same by quadrature, and the gates that hold one against the other.

    A model that quadrature does not have is published as it was sampled, and stands in both places.

    Raises
    ------
    InvalidInput
        If the sampler is needed and not installed.
    EngineError
        If an engine cannot give the posterior.
    """
    if engine == "nuts" or "quadrature" not in spec.engines:
        need(f"{spec.model} by NUTS", "nuts")
    if "quadrature" not in spec.engines:
        posterior = fit(spec, data, "nuts", sampler)
        return posterior, posterior, gates(posterior)
    quadrature = fit(spec, data, "quadrature")
    if engine == "quadrature":
        return quadrature, quadrature, ()
    posterior = fit(spec, data, engine, sampler)
    return posterior, quadrature, gates(posterior, quadrature)
