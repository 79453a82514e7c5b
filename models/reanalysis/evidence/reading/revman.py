"""Cochrane's RevMan: data packages, as RevMan Web exports them, and the files of RevMan 5, as analyses and rows.

Of a data package the files *-data-rows.csv and *-overall-estimates-and-settings.csv are read, of versions 1 and 2
(documentation.cochrane.org/revman-kb, "Data package specification"); of RevMan 5 the element ANALYSES_AND_DATA.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from reanalysis.evidence.problems import InvalidInput, Problem, refused
from reanalysis.evidence.reading.bounds import MOST_BYTES
from reanalysis.evidence.reading.text_table import Records, decoded, read_bytes, separated

_ROWS, _SETTINGS = "data-rows.csv", "overall-estimates-and-settings.csv"
_NEEDED = ("analysis group", "analysis number", "study", "experimental cases", "experimental n",
           "control cases", "control n")  # fmt: skip
_MEASURES_5 = {"OR": "odds ratio", "RR": "risk ratio", "PETO_OR": "peto odds ratio", "RD": "risk difference"}


@dataclass(frozen=True)
class RevManRow:
    """One study in one analysis, every figure as it stands there."""

    spot: str
    """Where it stands, such as ``line 4``."""
    study: str
    subgroup: str
    events_treated: str
    n_treated: str
    events_control: str
    n_control: str
    estimate: str
    lower: str
    upper: str


@dataclass(frozen=True)
class RevManAnalysis:
    """One analysis: an outcome of a comparison."""

    comparison: str
    number: str
    """Numbers of the comparison and of the outcome in it."""
    comparison_name: str
    name: str
    """Their names."""
    dichotomous: bool
    """Whether it has events and patients."""
    measure: str
    """Its effect measure in small letters, such as ``odds ratio``; empty where the settings do not say."""
    level: str
    """Coverage of the intervals of studies, in percent."""
    swapped: bool
    """Whether its ratios are those of patients without the event."""
    treated_label: str
    control_label: str
    """Names of the arms."""
    rows: tuple[RevManRow, ...]


@dataclass(frozen=True)
class RevMan:
    """All analyses of a review, and the name of the file that they were read from."""

    file: str
    analyses: tuple[RevManAnalysis, ...]


def read_revman(path: Path) -> RevMan:
    """Read a data package (a .zip or its unpacked folder) or a file of RevMan 5 (.rm5).

    Raises
    ------
    InvalidInput
        If it is none, or larger than the data of any review.
    """
    if path.suffix.lower() == ".rm5":
        return _review(path.name, read_bytes(path))
    if path.is_dir():
        paths = sorted(path.rglob("*.csv"))
        files = {file.name: read_bytes(file) for file in paths if _is_read(file.name)}
    else:
        files = _unpacked(path.name, read_bytes(path))
    rows = [name for name in files if name.endswith(_ROWS)]
    settings = [name for name in files if name.endswith(_SETTINGS)]
    if len(rows) != 1 or len(settings) > 1:
        what = "no" if not rows else "several"
        rule = f"has {what} *-{_ROWS}: must be the data package of one intervention review"
        raise refused(path.name, rule)
    text = decoded(settings[0], files[settings[0]]) if settings else ""
    return _package(separated(rows[0], decoded(rows[0], files[rows[0]])), text)


def _is_read(file: str) -> bool:
    """Whether a file of a package is one of the two; macOS adds hidden ones of the same ending."""
    return file.endswith((_ROWS, _SETTINGS)) and not file.startswith(".")


def _unpacked(name: str, raw: bytes, nested: bool = False) -> dict[str, bytes]:
    """The files of a data package that are read, also from the archive in the archive that RevMan Web exports."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            for entry in packed.infolist():
                file = entry.filename.replace("\\", "/").rpartition("/")[2]
                inner = not nested and file.endswith(".zip")
                if not inner and not _is_read(file):
                    continue
                if entry.file_size > MOST_BYTES:
                    raise refused(name, f"{file}: a file may have {MOST_BYTES // 1_000_000} MB")
                content = packed.read(entry)
                found |= _unpacked(name, content, nested=True) if inner else {file: content}
    except InvalidInput:
        raise
    except Exception:  # whatever a damaged archive makes zipfile raise
        raise refused(name, "is not a .zip archive that can be read") from None
    return found


def _package(rows: Records, settings: str) -> RevMan:
    missing = [column for column in _NEEDED if column not in rows.header]
    if missing:
        line = rows.rows[0][0] if rows.rows else None
        raise InvalidInput([Problem(rows.file, line, column, "", "the column is missing") for column in missing])
    if rows.problems:
        raise InvalidInput(rows.problems)
    said = {_key(cells): cells for _, cells in _named(separated(_SETTINGS, settings))} if settings else {}
    grouped: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = {}
    for line, cells in _named(rows):
        grouped.setdefault(_key(cells), []).append((line, cells))
    return RevMan(rows.file, tuple(_analysis(lines, said.get(key, {})) for key, lines in grouped.items()))


def _named(records: Records) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines with their cells by column, whole lines only."""
    for line, cells in records.rows[1:]:
        if len(cells) == len(records.header):
            yield line, dict(zip(records.header, (cell.strip() for cell in cells), strict=True))


def _key(cells: Mapping[str, str]) -> tuple[str, str]:
    return cells.get("analysis group", ""), cells.get("analysis number", "")


def _analysis(lines: list[tuple[int, dict[str, str]]], said: Mapping[str, str]) -> RevManAnalysis:
    comparison, number = _key(lines[0][1])
    level = said.get("study ci") or said.get("ci/pi level") or ""
    kind = said.get("data type", "").lower()
    counted = any(cells["experimental cases"].strip("0. ") or cells["control cases"].strip("0. ") for _, cells in lines)
    return RevManAnalysis(
        comparison,
        number,
        said.get("analysis group name", ""),
        lines[0][1].get("analysis name", "") or said.get("analysis name", ""),
        kind == "dichotomous" if kind else counted,
        said.get("effect measure", "").lower(),
        level.rstrip("% "),
        said.get("swap event and non-event", "").lower() == "true",
        said.get("experimental group label", ""),
        said.get("control group label", ""),
        tuple(
            RevManRow(
                f"line {line}",
                cells["study"],
                cells.get("subgroup", ""),
                _whole(cells["experimental cases"]),
                _whole(cells["experimental n"]),
                _whole(cells["control cases"]),
                _whole(cells["control n"]),
                cells.get("mean", ""),
                cells.get("ci start", ""),
                cells.get("ci end", ""),
            )
            for line, cells in lines
        ),
    )


def _whole(count: str) -> str:
    """A count as RevMan stores some: ``12.0``."""
    return count.removesuffix(".0")


def _review(file: str, raw: bytes) -> RevMan:
    """A review of RevMan 5."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise refused(file, "declares a document type or entities, which no review of RevMan does")
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, LookupError, ValueError):
        raise refused(file, "is not a review of RevMan 5 (.rm5) that can be read") from None
    studies = {one.get("ID", ""): one.get("NAME", "") for one in root.iter("STUDY")}
    analyses = []
    for comparison in root.iter("COMPARISON"):
        for outcome in comparison:
            if outcome.tag.endswith("_OUTCOME"):
                analyses.append(_outcome(comparison, outcome, studies))
    if not analyses:
        raise refused(file, "has no analyses")
    return RevMan(file, tuple(analyses))


def _outcome(
    comparison: ElementTree.Element, outcome: ElementTree.Element, studies: Mapping[str, str]
) -> RevManAnalysis:
    number = f"{comparison.get('NO', '')}.{outcome.get('NO', '')}"
    groups = [("", outcome), *((_name(group), group) for group in outcome.findall("DICH_SUBGROUP"))]
    return RevManAnalysis(
        comparison.get("NO", ""),
        outcome.get("NO", ""),
        _name(comparison),
        _name(outcome),
        outcome.tag == "DICH_OUTCOME",
        _MEASURES_5.get(outcome.get("EFFECT_MEASURE", ""), outcome.get("EFFECT_MEASURE", "").lower()),
        outcome.get("CI_STUDY", ""),
        outcome.get("SWAP_EVENTS", "NO") == "YES",
        outcome.findtext("GROUP_LABEL_1", ""),
        outcome.findtext("GROUP_LABEL_2", ""),
        tuple(
            RevManRow(
                f"analysis {number}",
                studies.get(row.get("STUDY_ID", ""), row.get("STUDY_ID", "")),
                subgroup,
                *(row.get(name, "") for name in ("EVENTS_1", "TOTAL_1", "EVENTS_2", "TOTAL_2")),
                *(row.get(name, "") for name in ("EFFECT_SIZE", "CI_START", "CI_END")),
            )
            for subgroup, group in groups
            for row in group.findall("DICH_DATA")
        ),
    )


def _name(element: ElementTree.Element) -> str:
    return (element.findtext("NAME") or "").strip()
