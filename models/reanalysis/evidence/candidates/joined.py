"""What is known once a new cohort is added? Two evidence folders as one."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.names import folded


def joined(evidence: Evidence, new: Evidence) -> Evidence:
    """The evidence with the studies of another folder added.

    Titles, endpoints, priors and discounts stay those of ``evidence``; studies and their settings come from both.

    Parameters
    ----------
    evidence, new : Evidence
        Folders that share no study.

    Raises
    ------
    InvalidInput
        If both hold a study of the same id.
    """
    known = {folded(study): study for study in evidence.studies}
    twice = [(study, known[folded(study)]) for study in new.studies if folded(study) in known]
    if twice:
        raise InvalidInput(
            [
                f"study {study!r} is in both {evidence.folder} and {new.folder}"
                + (f", there as {other!r}" if other != study else "")
                for study, other in twice
            ]
        )
    studies = evidence.settings.studies | {s: new.settings.studies[s] for s in new.studies if s in new.settings.studies}
    return replace(
        evidence,
        arms=evidence.arms + new.arms,
        contrasts=evidence.contrasts + new.contrasts,
        settings=evidence.settings.model_copy(update={"studies": studies}),
        sources=new.sources | evidence.sources,
        benchmarks=evidence.benchmarks + new.benchmarks,
        sha256={},
    )
