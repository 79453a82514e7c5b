"""Reporting standards: their names and sources, and what this build meets of each item, earned by a section or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reanalysis.reporting.section import Artefacts, Item, Section, first_endpoint

BARG, ROBUST, ZAMPIERI, GRIM = "BARG", "ROBUST", "Zampieri", "GRIM, INSPECT-SR"
SBC, POWER_SCALING = "SBC", "Power-scaling"

STANDARDS = {
    BARG: "Kruschke 2021, Nat Hum Behav 5:1282",
    ROBUST: "Sung et al. 2005, J Clin Epidemiol 58:261",
    ZAMPIERI: "Zampieri et al. 2021, Am J Respir Crit Care Med 203:543",
    GRIM: "Brown and Heathers 2017, Soc Psychol Personal Sci 8:363, with INSPECT-SR",
    SBC: "Talts et al. 2018, with the bands of Saeilynoja et al. 2022",
    POWER_SCALING: "Kallioinen et al. 2023",
}
"""Where each standard is stated, in the order of the report."""


@dataclass(frozen=True)
class Earned:
    """An item, and where what earns it stands: an anchor within the report, or a file beside it."""

    item: Item
    place: str

    def at(self, made: Artefacts) -> str:
        """The place in this build."""
        return self.place or first_endpoint(made.analysis)


def declared(of_report: Iterable[Section[Any]], of_endpoint: Iterable[Section[Any]]) -> tuple[Earned, ...]:
    """Every item that sections declare, in the order of the standards."""
    found = [Earned(item, item.place or f"#{section.anchor}") for section in of_report for item in section.items]
    found += [Earned(item, item.place) for section in of_endpoint for item in section.items]
    order = list(STANDARDS)
    return tuple(sorted(found, key=lambda one: (order.index(one.item.standard), one.item.number)))


@dataclass(frozen=True)
class Tick:
    """One item of a standard.

    Parameters
    ----------
    standard, item : str
        Its name, and what it asks for.
    met : bool
        Whether the artefact exists.
    artefact : str
        What earns it.
    place : str
        Anchor within the report, or a file beside it.
    missing : str
        Why it is not met; empty where it is.
    """

    standard: str
    item: str
    met: bool
    artefact: str
    place: str
    missing: str


def ticks(items: Iterable[Earned], made: Artefacts) -> list[Tick]:
    """Every item, with what became of it in this build."""
    found = []
    for one in items:
        missing = one.item.missing(made)
        found.append(Tick(one.item.standard, one.item.text, not missing, one.item.artefact, one.at(made), missing))
    return found
