"""What are the other models? Of each its equations, priors, settings and source, for the methods."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.evidence.evidence import Evidence
from reanalysis.model.family import FAMILIES, PRIMARY, Family
from reanalysis.model.selection import default_priors
from reanalysis.reporting.markdown import Markdown


@dataclass(frozen=True)
class Described:
    """One model as the methods show it.

    Parameters
    ----------
    name, title, note, source : str
        As in the family.
    equations : tuple of Markdown
        Display formulas.
    priors, settings, engines : str
        In words.
    """

    name: str
    title: str
    equations: tuple[Markdown, ...]
    note: str
    priors: str
    settings: str
    engines: str
    source: str


def described_family(evidence: Evidence) -> list[Described]:
    """The models beside the primary one, with the priors that they have for this evidence."""
    return [_described(evidence, family) for family in FAMILIES.values() if family.name != PRIMARY]


def _described(evidence: Evidence, family: Family) -> Described:
    return Described(
        family.name,
        family.title,
        tuple(Markdown(f"$$ {formula}. $$") for formula in family.equations),
        family.note,
        _priors(evidence, family),
        "; ".join(_setting(*one) for one in _settings(family)),
        "sampled, and by quadrature" if "quadrature" in family.engines else "sampled",
        family.source,
    )


def _priors(evidence: Evidence, family: Family) -> str:
    priors = default_priors(evidence, family.name).as_text()
    symbols = {"mu": "μ", "tau": "τ", "baseline": "m"}
    return ", ".join(f"{symbols[name]} ~ {priors[name]}" for name in family.used_priors())


def _settings(family: Family) -> list[tuple[str, str, str]]:
    return [
        (
            one.name,
            "not set" if one.default is None else f"{one.default:g}",
            one.meaning + (f" ({one.basket:g} for single arms)" if one.basket is not None else ""),
        )
        for one in family.settings
    ]


def _setting(name: str, value: str, meaning: str) -> str:
    return f"{name} = {value}, {meaning}"
