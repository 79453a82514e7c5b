"""The endpoints that are modelled together, and the denominators that they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from reanalysis.evidence.candidates.narrowing import wholes_of
from reanalysis.evidence.candidates.observation import Observation, denominator_prior
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import ModelData, SharedDenominator

Observations = Mapping[tuple[str, str], Observation]


def joint_endpoints(evidence: Evidence, endpoint: str) -> tuple[str, ...]:
    """Endpoints modelled together with one: the headline endpoints of analysis.toml, else all that are compared.

    Of endpoints within each other only one enters, the widest, because their counts are not independent given the
    rates: any grade rather than grade 3+. The endpoint asked for always enters.

    Returns
    -------
    tuple of str
        In the folder's order.
    """
    compared = modelled_endpoints(evidence)
    candidates = [e for e in compared if evidence.endpoint(e).headline] or list(compared)
    chosen = [endpoint]
    for one in candidates:
        wider = any(whole in candidates for whole in wholes_of(evidence, one))
        if not wider and not any(_nested(evidence, one, other) for other in chosen):
            chosen.append(one)
    return tuple(e for e in evidence.endpoints if e in chosen)


def _nested(evidence: Evidence, one: str, other: str) -> bool:
    return one == other or one in wholes_of(evidence, other) or other in wholes_of(evidence, one)


def shared_denominators(
    evidence: Evidence, parts: tuple[ModelData, ...], found: Mapping[str, Observations]
) -> tuple[SharedDenominator, ...]:
    """Denominators that two or more endpoints of an arm share and nobody reported.

    Parameters
    ----------
    parts : tuple of ModelData
        All endpoints.
    found : mapping of str to mapping
        By endpoint, what was observed by (study, arm).
    """
    latent: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for part in parts:
        for where, observation in found[part.endpoint].items():
            if all(row.n is None for row in observation.rows):
                latent[where].append(observation)
    shared = []
    for (study, arm), group in sorted(latent.items()):
        if len(group) > 1:
            sizes = sorted({n for one in group for n in one.candidates.n})
            prior = denominator_prior(evidence, study, arm, [int(n) for n in sizes])
            weights = tuple(prior[int(n)] for n in sizes)
            shared.append(SharedDenominator(study, arm, tuple(o.endpoint for o in group), tuple(sizes), weights))
    return tuple(shared)
