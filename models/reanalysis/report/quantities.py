"""What is a quantity called? Its name in results, in words, with the study that it belongs to."""

from __future__ import annotations

from reanalysis.evidence.folder import Evidence


def quantity_label(evidence: Evidence, quantity: str, study: str = "") -> str:
    """A quantity for readers: ``log odds ratio, Phase 1``.

    Parameters
    ----------
    evidence : Evidence
        Names of studies.
    quantity : str
        Its name in results.
    study : str
        Id of the study, empty for what all share.
    """
    name = quantity.replace("_", " ")
    return f"{name}, {evidence.study_label(study)}" if study else name
