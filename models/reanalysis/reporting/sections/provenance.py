"""Where every figure comes from, why choices are as they are, which standards are met, and how to build it again."""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.analysis.analysis import Analysis
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import file_name, printable
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.evidence.reading.settings import Source
from reanalysis.evidence.reasons import reasons
from reanalysis.reporting.glyphs import spelt
from reanalysis.reporting.markdown import Markdown, escape, link, render, slug
from reanalysis.reporting.section import Artefacts, Blocks, Condition, Item, Section, some, stated
from reanalysis.reporting.standards import BARG, GRIM, PRISMA, ROBUST, ZAMPIERI, Tick, ticks
from reanalysis.reporting.table import Table, columns
from reanalysis.versions import commit, versions

# ---- every figure and its source ------------------------------------------------------------------------------------


def _use(row: ArmRow | ContrastRow) -> str:
    return f"{row.use}: {row.reason}" if row.reason else row.use


def _place(row: ArmRow | ContrastRow) -> str:
    return ": ".join(part for part in (row.source, row.locator) if part)


def evidence_table(analysis: Analysis, context: bool) -> Table:
    """Rows of arms.csv with what was done with them: those that only describe, or all others."""
    evidence = analysis.evidence
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
            for r in evidence.arms
            if (r.use == "context") is context
        ],
        "Numbers that describe the patients or the course and enter no analysis."
        if context
        else "Every published number that bears on a result, what it was used for and where it stands.",
        "tbl-context" if context else "tbl-evidence",
    )


def contrast_table(evidence: Evidence) -> Table:
    """Every row of contrasts.csv."""
    study, endpoint = evidence.study_label, evidence.endpoint_label
    return Table(
        columns("Study 1 | Endpoint 1.3 | Reported 1.3 | Adjustment 1.4 | Use, and why 2.6 | Where it stands 1.9"),
        [
            [study(r.study), endpoint(r.endpoint), r.printed, r.adjustment, _use(r), _place(r)]
            for r in evidence.contrasts
        ],
        "Ratios, p-values and claims without counts.",
        "tbl-contrasts",
    )


def source_table(analysis: Analysis) -> Table:
    """The bibliography."""
    return Table(
        columns("Key 1.3 | Source 3 | Identifiers 2.1 | Note 2.2"),
        [[key, one.citation, _identifiers(one), one.note] for key, one in analysis.evidence.sources.items()],
        "Sources. What a source does not give is marked.",
        "tbl-sources",
    )


_SITES = (
    ("doi", "doi ", "https://doi.org/"),
    ("pmid", "PMID ", "https://pubmed.ncbi.nlm.nih.gov/"),
    ("pmcid", "", "https://pmc.ncbi.nlm.nih.gov/articles/"),
    ("nct", "", "https://clinicaltrials.gov/study/"),
    ("url", "", ""),
)
"""Identifiers of a source: what stands before each, and the site that knows it."""


def _identifiers(source: Source) -> Markdown:
    known = [(value, head, site) for name, head, site in _SITES if (value := getattr(source, name))]
    return Markdown("; ".join(link(f"{head}{value}", f"{site}{value}") for value, head, site in known) or "not given")


_LOCATED = stated(
    lambda a: all(r.source and r.locator for r in a.evidence.arms if r.use == "primary"),
    "rows of arms.csv without a source or a locator",
)
_DECIDED = stated(
    lambda a: all(r.reason for rows in (a.evidence.arms, a.evidence.contrasts) for r in rows if r.use == "excluded"),
    "numbers are excluded without a reason",
)

EVIDENCE: Section[Analysis] = Section(
    anchor="evidence",
    place="folded",
    title="Every published number and where it stands",
    text=lambda _, analysis: [
        evidence_table(analysis, False),
        contrast_table(analysis.evidence),
        source_table(analysis),
    ],
    items=(
        Item(BARG, 2, "the data: what was observed, and where it stands", "evidence table", _LOCATED),
        Item(GRIM, 3, "every figure with its source and place", "evidence table", _LOCATED),
        Item(PRISMA, 1, "13a: which studies are eligible for each synthesis", "evidence table", _DECIDED),
    ),
)

CONTEXT: Section[Analysis] = Section(
    anchor="context",
    place="folded",
    title="Published numbers that enter no analysis",
    text=lambda _, analysis: evidence_table(analysis, True),
)

# ---- why choices are as they are ------------------------------------------------------------------------------------

_NO_REASON = "no reason given"


def reason_table(analysis: Analysis) -> Table:
    """Every setting that decides a number, with the reason that the evidence gives for it."""
    dois = {key: source.doi for key, source in analysis.evidence.sources.items() if source.doi}
    cited = {key: link(key, f"https://doi.org/{doi}") for key, doi in dois.items()}
    return Table(
        columns("Choice 2 | Value 1.4 | Why 3.4 | Source 1"),
        [
            [one.setting, one.value, one.reason or _NO_REASON, cited.get(one.source, one.source)]
            for one in reasons(analysis.evidence)
        ],
        "Choices and why: priors, discounts, sizes that are not published, margins and control risks.",
        "tbl-reasons",
    )


def _reasoned(*kinds: str) -> Condition:
    """Every choice of these kinds has its reason."""

    def condition(made: Artefacts) -> str:
        without = [r.setting for r in reasons(made.analysis.evidence) if r.kind in kinds and not r.reason]
        return f"{_NO_REASON} for {some(without)}" if without else ""

    return condition


REASONS: Section[Analysis] = Section(
    anchor="reasons",
    place="folded",
    title="Choices and why",
    text=lambda _, analysis: reason_table(analysis),
    items=(
        Item(BARG, 4, "every prior explained and justified", "reasons", _reasoned("prior")),
        Item(BARG, 10, "decisions: limits of what matters, and why these", "reasons", _reasoned("margin")),
        Item(ROBUST, 2, "the prior is justified", "reasons", _reasoned("prior")),
        Item(ZAMPIERI, 6, "the reason for each prior", "reasons", _reasoned("prior")),
        Item(PRISMA, 4, "13d: methods of synthesis and the reason for them", "reasons", _reasoned("prior", "rho", "k")),
    ),
)

# ---- standards ------------------------------------------------------------------------------------------------------


def standards(items: Sequence[Item]) -> Section[Analysis]:
    """The section, given the items that the others declare."""
    title = "Reporting standards"
    return Section(anchor="standards", place="folded", title=title, text=lambda a, _: standards_table(ticks(items, a)))


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


# ---- who made it, its files, and how to build it again ---------------------------------------------------------------

_ABOUT = """\
Made with Reanalysis {{ version }}{% if commit %} (commit {{ commit }}){% endif %} from evidence of \
{{ made.date or "no stated date" }}. Authors: {{ made.authors or "not stated" }}. \
Contact: {{ made.contact or "not stated" }}. Funding: {{ made.funding or "not stated" }}. \
Conflicts of interest: {{ made.conflicts or "not stated" }}. Protocol: {{ made.protocol or "none declared" }}. \
Licence: {{ made.licence or "not stated" }}.
{% if made.url %} Published at {{ address }}.{% endif %}
"""
_SITE = (
    ("index.html", "this report as a page, with the explorers and all that is folded"),
    ("report.pdf", "the report on paper"),
    ("supplement.pdf", "what is folded on the page: other choices, models, every number and its source"),
    ("report.docx", "the report for Word"),
    ("report.md", "all of it as text"),
    ("validation.html", "the program held against known truths and published figures"),
    ("validation.csv", "each of those figures"),
)
_DATA = (
    ("results.csv", "every number, one row each"),
    ("results.json", "the same and more, by section; its schema is in results.schema.json"),
    ("results.schema.json", "of results.json"),
    ("datapackage.json", "describes the tables, for any reader of data packages"),
    ("reproduce.py", "computes the headline numbers again from the evidence"),
    ("ledger.json", "what the audit found, with what each finding moves"),
    ("evidence.json", "the evidence as it was read"),
    ("manifest.json", "digests of inputs and files, specification, seed, versions, commit, checks"),
)
_SPECIFICATIONS = ("specifications.parquet", "every combination of choices, one row each")


def _about(_: Artefacts, analysis: Analysis) -> Blocks:
    made, version = analysis.evidence.report, versions()["reanalysis"]
    return render(_ABOUT, version=version, commit=commit(), made=made, address=link(made.url, made.url))


def files_table(analysis: Analysis) -> Table:
    """Each published file, linked, with a line of what it is."""
    crossed = [_SPECIFICATIONS] if any(e.scrutiny is not None for e in analysis.endpoints) else []
    rows: list[list[object]] = [[link(name, name), text] for name, text in (*_SITE, *_DATA, *crossed)]
    draws = "; ".join(link(e.label, f"posterior/{slug(e.id)}.nc") for e in analysis.endpoints)
    inputs = "; ".join(link(name, f"evidence/{name}") for name in sorted(analysis.evidence.sha256))
    rows.append(["posterior", Markdown(f"draws of each posterior, for ArviZ: {draws}")])
    rows.append(["evidence", Markdown(f"the evidence itself: {inputs}")])
    rows.append(["figures", "every figure as SVG and PNG, some also as SVG for phones (-narrow)"])
    return Table(columns("File 1 | What it is 3"), rows, "Files of this report.", "tbl-files", sortable=False)


def _registered(analysis: Analysis) -> bool:
    """Whether what is said of the protocol holds a number or an address under which it can be found."""
    told = analysis.evidence.report.protocol
    return any(character.isdigit() for character in told) or "://" in told


def _reported(detail: str, what: str) -> Condition:
    return stated(lambda a: getattr(a.evidence.report, detail), f"analysis.toml states no {what}")


ABOUT = Section(
    anchor="about",
    level=1,
    title="About this report",
    text=_about,
    items=(
        Item(PRISMA, 7, "24: registration and protocol", "about", stated(_registered, "no protocol is registered")),
        Item(PRISMA, 8, "25: sources of support", "about", _reported("funding", "funding")),
        Item(PRISMA, 9, "26: competing interests", "about", _reported("conflicts", "conflicts of interest")),
    ),
)

_DIGESTS = stated(lambda a: a.evidence.sha256, "no digests of the inputs")

FILES: Section[Analysis] = Section(
    anchor="files",
    place="folded",
    title="Files",
    text=lambda _, analysis: files_table(analysis),
    items=(Item(PRISMA, 10, "27: data, code and other materials", "files", _DIGESTS),),
)

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
    title="How to reproduce",
    text=_reproduce,
    items=(
        Item(BARG, 14, "reproducible: inputs, seed and versions", "manifest.json", _DIGESTS, place="manifest.json"),
    ),
)
