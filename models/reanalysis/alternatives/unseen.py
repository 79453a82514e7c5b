"""What is expected of an arm before it is seen: posteriors with the arm hidden."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.spec import ArmName, ModelSpec

_NOBODY = Candidates.count(0, 0)
"""An arm of which nothing is known."""


def logit_unseen(
    spec: ModelSpec, data: ModelData, study: str, arm: ArmName = "treated", others: bool = True
) -> Marginal:
    """Posterior of a study's logit of an arm given all but that arm, by quadrature.

    Parameters
    ----------
    spec : ModelSpec
        Of a model of contrasts.
    data : ModelData
        Studies, this one among them.
    study : str
        Its id. What is known of its other arm is used: its counts, a benchmark, or the prior alone.
    arm : {"control", "treated"}
        The arm that is hidden.
    others : bool
        Whether the other studies are seen too, or the priors alone.
    """
    shown = tuple(_without(one, arm) if one.study == study else one for one in data.studies)
    if not others:
        shown = tuple(one for one in shown if one.study == study)
    return fit(spec, ModelData(data.endpoint, shown)).study[study][f"{arm}_logit"]


def _without(study: StudyData, arm: ArmName) -> StudyData:
    if arm == "control":
        return replace(study, control=None if study.treated else _NOBODY)
    known = study.control is not None or study.benchmark is not None
    return replace(study, treated=None, control=study.control if known else _NOBODY)
