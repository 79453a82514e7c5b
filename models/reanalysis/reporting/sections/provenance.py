"""Where every figure comes from, which standards the report meets, and how to build it again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.problems import file_name, printable
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.reporting.glyphs import spelt
from reanalysis.reporting.markdown import Markdown, escape, render
from reanalysis.reporting.section import Artefacts, Blocks, Item, Section, stated
from reanalysis.reporting.standards import BARG, GRIM, Tick, ticks
from reanalysis.reporting.table import Table, columns
from reanalysis.versions import versions

# ---- every figure and its source ------------------------------------------------------------------------------------


def _use(row: ArmRow | ContrastRow) -> str:
    return f"{row.use}: {row.reason}" if row.reason else row.use


def _place(row: ArmRow | ContrastRow) -> str:
    return ": ".join(part for part in (row.source, row.locator) if part)


def evidence_table(analysis: Analysis, context: bool) -> Table | None:
    """Rows of arms.csv with what was done with them: those that only describe, or all others; None without one."""
    evidence = analysis.evidence
    rows = [r for r in evidence.arms if (r.use == "context") is context]
    if not rows:
        return None
    return Table(
        columns("Arm 1.5 | Endpoint 1.4 | Reported 1.2 | Time 0.9 | Use, and why 2.6 | Where it stands 2"),
        [
            [
                ", ".join(part for part in (evidence.study_label(r.study), r.arm, r.subgroup) if part),
                evidence.endpoint_label(r.endpoint),
                r.printed + (", weighted" if r.weighting == "iptw" else ""),
                r.timepoint,
                _use(r),
                _place(r),
            ]
            for r in rows
        ],
        "Numbers that describe the patients or the course and enter no analysis."
        if context
        else "Every published number that bears on a result, what it was used for and where it stands.",
        "tbl-context" if context else "tbl-evidence",
    )


def contrast_table(analysis: Analysis) -> Table | None:
    """Every row of contrasts.csv; None where there is none."""
    evidence = analysis.evidence
    if not evidence.contrasts:
        return None
    return Table(
        columns("Study 1 | Endpoint 1.3 | Reported 1.3 | Adjustment 1.4 | Use, and why 2.6 | Where it stands 1.9"),
        [
            [
                evidence.study_label(r.study),
                evidence.endpoint_label(r.endpoint),
                r.printed,
                r.adjustment,
                _use(r),
                _place(r),
            ]
            for r in evidence.contrasts
        ],
        "Ratios, p-values and claims without counts.",
        "tbl-contrasts",
    )


def source_table(analysis: Analysis) -> Table | None:
    """The bibliography; None where sources.toml gives none."""
    sources = analysis.evidence.sources
    if not sources:
        return None
    rows = []
    for key, s in sources.items():
        ids = [f"{n} {v}" for n, v in (("doi", s.doi), ("PMID", s.pmid), ("PMCID", s.pmcid), ("", s.nct)) if v]
        rows.append([key, s.citation, "; ".join(i.strip() for i in ids) or "not given", s.note])
    return Table(
        columns("Key 1.3 | Source 3 | Identifiers 2.1 | Note 2.2"),
        rows,
        "Sources. What a source does not give is marked.",
        "tbl-sources",
    )


def _located(analysis: Analysis) -> bool:
    return all(r.source and r.locator for r in analysis.evidence.arms if r.use == "primary")


EVIDENCE: Section[Analysis] = Section(
    anchor="evidence",
    place="folded",
    level=1,
    title="Every published number and where it stands",
    text=lambda _, analysis: [evidence_table(analysis, False), contrast_table(analysis), source_table(analysis)],
    items=(
        Item(
            GRIM, 3, "every figure with its source and place", "evidence table",
            stated(_located, "rows of arms.csv without a source or a locator"),
        ),
    ),
)  # fmt: skip

CONTEXT: Section[Analysis] = Section(
    anchor="context",
    place="folded",
    title="Published numbers that enter no analysis",
    text=lambda _, analysis: evidence_table(analysis, True),
)

# ---- standards ------------------------------------------------------------------------------------------------------


def standards(items: Sequence[Item]) -> Section[Analysis]:
    """The section, given the items that the others declare."""
    return Section(
        anchor="standards", place="folded", level=1, title="Reporting standards", text=partial(_standards, items)
    )


def _standards(items: Sequence[Item], made: Artefacts, _: Analysis) -> Table:
    return standards_table(ticks(items, made))


def standards_table(found: Sequence[Tick]) -> Table:
    """One row an item: met by which artefact, or why not."""
    return Table(
        columns("Standard 1 | Item 2.8 | Met 0.5 | By, or why not 3"),
        [
            [
                t.standard,
                t.item,
                "yes" if t.met else "no",
                Markdown(f"[{escape(t.artefact)}]({t.place})") if t.met else f"missing: {t.missing}",
            ]
            for t in found
        ],
        "Reporting standards. An item is met only where its artefact exists in this build.",
        "tbl-standards",
    )


# ---- how to reproduce -----------------------------------------------------------------------------------------------

_REPRODUCE = """\
`reanalysis report {{ folder }}{{ options }}` with seed {{ seed }} and engine {{ engine }}. The manifest beside this
report lists the digest of every input and output, the specification, and the version of every package.
"""


def _reproduce(_: Artefacts, analysis: Analysis) -> Blocks:
    command = render(
        _REPRODUCE,
        folder=Markdown(spelt(printable(file_name(analysis.evidence.folder))).replace("`", "")),
        options=Markdown(" --all-models" if analysis.all_models else ""),
        seed=analysis.spec.seed,
        engine=analysis.engine,
    )
    software = list(versions().items())
    return command, Table(columns("Package 1 | Version 1"), software, "Software versions.", "tbl-versions")


REPRODUCE = Section(
    anchor="reproduce",
    place="folded",
    level=1,
    title="How to reproduce",
    text=_reproduce,
    items=(
        Item(
            BARG, 10, "reproducible: inputs, seed and versions", "manifest.json",
            stated(lambda a: a.evidence.sha256, "no digests of the inputs"),
        ),
    ),
)  # fmt: skip
