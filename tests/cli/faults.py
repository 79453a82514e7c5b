"""Folders with one fault each, and the one error that each gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli.command import fit, run
from evidence.folders import FIVE, TWO_STUDIES, folder

GOOD = "A,treated,x,7,21"
CONTRASTS = "study,endpoint,measure,estimate,lower,upper,level,p,use,reason"


@dataclass(frozen=True)
class Case:
    """A folder's files and the one error that they give."""

    name: str
    error: str
    arms: str | bytes = TWO_STUDIES
    toml: str = ""
    contrasts: str = ""
    sources: str = ""

    def __str__(self) -> str:
        return self.name

    def check(self, where: Path) -> None:
        """One error, exit code 2, nothing on standard output, from every command that reads a folder."""
        folder(where, self.arms, toml=self.toml, contrasts=self.contrasts, sources=self.sources)
        audited = run("audit", where)
        assert audited.errors == [self.error]
        assert (audited.code, audited.out) == (2, "")
        assert all(c.isprintable() for c in audited.err.replace("\n", ""))
        assert fit(where) == audited


def arms(name: str, error: str, text: str | bytes) -> Case:
    """A fault of arms.csv."""
    return Case(name, error, arms=text)


def row(name: str, error: str, line: str, header: str = FIVE, *, good: str = GOOD, fault: int = 3) -> Case:
    """A fault of one row, on line 3 below a good one unless said otherwise."""
    good += "," * (header.count(",") - FIVE.count(","))
    return arms(name, f"arms.csv, line {fault}{error}", f"{header}\n{good}\n{line}\n")


def toml(name: str, error: str, text: str, **more: str) -> Case:
    """A fault of analysis.toml."""
    return Case(name, f"analysis.toml{error}", toml=text, **more)


def ratio(name: str, error: str, line: str) -> Case:
    """A fault of one row of contrasts.csv."""
    return Case(name, f"contrasts.csv, line 2{error}", contrasts=f"{CONTRASTS}\n{line}\n")
