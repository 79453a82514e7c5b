"""Reporting standards: their names and sources, and what this build meets of each item, earned by a section or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from reanalysis.reporting.markdown import anchor
from reanalysis.reporting.section import Artefacts, Item, Section

BARG, ROBUST, ZAMPIERI, GRIM = "BARG", "ROBUST", "Zampieri", "GRIM, INSPECT-SR"
GRADE, ROBINS, PRISMA = "GRADE", "ROBINS-I", "PRISMA 2020"
SBC, POWER_SCALING = "SBC", "Power-scaling"

STANDARDS = {
    BARG: "Kruschke 2021, Nat Hum Behav 5:1282",
    ROBUST: "Sung et al. 2005, J Clin Epidemiol 58:261",
    ZAMPIERI: "Zampieri et al. 2021, Am J Respir Crit Care Med 203:543",
    PRISMA: "Page et al. 2021, BMJ 372:n71: items 13 (synthesis) and 24 to 27",
    GRADE: "Guyatt et al. 2011, J Clin Epidemiol 64:383",
    ROBINS: "Sterne et al. 2016, BMJ 355:i4919",
    GRIM: "Brown and Heathers 2017, Soc Psychol Personal Sci 8:363, with INSPECT-SR",
    SBC: "Talts et al. 2018, with the bands of Saeilynoja et al. 2022",
    POWER_SCALING: "Kallioinen et al. 2023",
}
"""Where each standard is stated, in the order of the report."""


def declared(of_report: Iterable[Section[Any]], of_endpoint: Iterable[Section[Any]]) -> tuple[Item, ...]:
    """Every item that sections declare with the place of its section, in the order of the standards."""
    found = [replace(item, place=item.place or f"#{one.anchor}") for one in of_report for item in one.items]
    found += [item for section in of_endpoint for item in section.items]
    order = list(STANDARDS)
    return tuple(sorted(found, key=lambda item: (order.index(item.standard), item.number)))


@dataclass(frozen=True)
class Tick:
    """One item of a standard."""

    standard: str  # its name
    item: str  # what it asks for
    met: bool  # whether the artefact exists
    artefact: str  # what earns it
    place: str  # anchor within the report, or a file beside it
    missing: str  # why it is not met; empty where it is


def ticks(items: Iterable[Item], made: Artefacts) -> list[Tick]:
    """Every item, with what became of it in this build; one of a card is shown by that of the first endpoint."""
    found = []
    for item in items:
        missing, place = item.missing(made), item.place or f"#{anchor(made.analysis.headlines[0].id)}"
        found.append(Tick(item.standard, item.text, not missing, item.artefact, place, missing))
    return found
