"""What is a quantity called? Its name in results, in words, with the study that it belongs to."""

from __future__ import annotations

from reanalysis.evidence.folder import Evidence


def quantity_name(quantity: str) -> str:
    """A quantity for readers, by its name in results: ``log odds ratio, new study``."""
    name = quantity.replace("_", " ")
    return f"{name.removesuffix(' new')}, new study" if name.endswith(" new") else name


def quantity_label(evidence: Evidence, quantity: str, study: str = "") -> str:
    """A quantity for readers: ``log odds ratio, Phase 1``; ``log odds ratio, new study``.

    Parameters
    ----------
    evidence : Evidence
        Names of studies.
    quantity : str
        Its name in results.
    study : str
        Id of the study, empty for what all share.
    """
    name = quantity_name(quantity)
    return f"{name}, {evidence.study_label(study)}" if study else name
