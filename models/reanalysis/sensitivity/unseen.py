"""What do we expect of an arm before it is seen, or before anything is? Posteriors with arms hidden."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.spec import ModelSpec

_NOBODY = Candidates.count(0, 0)
"""An arm of which nothing is known."""


def treated_logit_unseen(spec: ModelSpec, data: ModelData, study: str) -> Marginal:
    """Posterior of a study's treated logit given all but its treated arm, by quadrature.

    Parameters
    ----------
    spec : ModelSpec
        Of a model of contrasts.
    data : ModelData
        Studies, this one among them.
    study : str
        Its id. What is known of its baseline is used: its control arm, a benchmark, or the prior alone.
    """
    shown = tuple(_without_treated(one) if one.study == study else one for one in data.studies)
    return fit(spec, ModelData(data.endpoint, shown)).study[study]["treated_logit"]


def prior_of(spec: ModelSpec, data: ModelData) -> Posterior:
    """What is known of studies with arms when nothing was observed: the prior, by quadrature."""
    blank = tuple(replace(s, control=_NOBODY, treated=None, benchmark=None) for s in data.studies if s.adjusted is None)
    return fit(spec, ModelData(data.endpoint, blank))


def _without_treated(study: StudyData) -> StudyData:
    known = study.control is not None or study.benchmark is not None
    return replace(study, treated=None, control=study.control if known else _NOBODY)
