"""Reviews as RevMan writes them: the data package of RevMan Web in both of its versions, and a file of RevMan 5."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

# Aspirin after myocardial infarction (Fleiss 1993, Stat Methods Med Res 2:121, table 1): study, treated, control, and
# the odds ratio with its interval as RevMan Web exports them.
ASPIRIN = (
    ("MRC-1", 49, 615, 67, 624, "0.719714", "0.488975", "1.059336"),
    ("CDP", 44, 758, 64, 771, "0.68076", "0.457391", "1.013212"),
    ("MRC-2", 102, 832, 126, 850, "0.80287", "0.606453", "1.062903"),
    ("GASP", 32, 317, 38, 309, "0.800739", "0.486261", "1.318597"),
    ("PARIS", 85, 810, 52, 406, "0.798143", "0.552563", "1.152868"),
    ("AMIS", 246, 2267, 219, 2257, "1.132736", "0.934665", "1.372783"),
    ("ISIS-2", 1570, 8587, 1720, 8600, "0.894969", "0.829418", "0.965702"),
)
_ARM = ("mean", "SD", "cases", "N")
_ROW = (
    *("Analysis group", "Analysis number", "Analysis name", "Subgroup", "Applicability", "Study", "Study year"),
    *("GIV Mean", "GIV SE", *(f"{arm} {one}" for arm in ("Experimental", "Control") for one in _ARM)),
    *("O-E", "Variance", "Weight", "Mean", "CI start", "CI end", "Footnotes"),
)
_SETTING = (
    *("Analysis group", "Analysis number", "Analysis name", "Analysis group name", "Data source", "Data type"),
    *("Log-scale data", "Experimental group label", "Control group label", "Statistical method", "Effect measure"),
    *("Analysis model", "Swap event and non-event"),
)
LEVEL = {1: {"Study CI": "95%", "Estimate CI": "95%"}, 2: {"CI method": "Wald", "CI/PI level": "95%"}}
"""What the versions of the data package call the coverage of the intervals."""

Cells = Mapping[str, object]


def row(study: str, cases: int, n: int, control: int, of: int, *printed: str, **others: object) -> dict[str, object]:
    """A data row of analysis 1.1."""
    cells = {
        "Study": study,
        "Experimental cases": cases,
        "Experimental N": n,
        "Control cases": control,
        "Control N": of,
    }
    cells |= dict(zip(("Mean", "CI start", "CI end"), printed, strict=False))
    return analysis(**cells) | others


def analysis(**others: object) -> dict[str, object]:
    return {"Analysis group": 1, "Analysis number": 1, "Analysis name": "death"} | others


def setting(version: int = 1, **others: object) -> dict[str, object]:
    cells = {"Data type": "Dichotomous", "Effect measure": "Odds Ratio", "Analysis group name": "Aspirin or none"}
    return analysis(**cells, **{"Swap event and non-event": "false"}) | LEVEL[version] | others


ROWS = tuple(row(*one) for one in ASPIRIN)


def package(where: Path, rows: Sequence[Cells] = ROWS, settings: Sequence[Cells] = (), *, nested: bool = True) -> Path:
    """A data package: RevMan Web puts it into an archive in an archive, the Cochrane Library does not."""
    settings = settings or [setting()]
    columns = [*_SETTING, *dict.fromkeys(name for one in settings for name in one if name not in _SETTING)]
    files = {"data-rows.csv": _csv(_ROW, rows), "overall-estimates-and-settings.csv": _csv(columns, settings)}
    inner = _zipped({f"R1-analysis-data/R1-{name}": text for name, text in files.items()})
    where.write_bytes(_zipped({"R1/R1-article.pdf": b"%PDF", "R1/R1-files/R1-data.zip": inner}) if nested else inner)
    return where


def review(where: Path, extra: str = "") -> Path:
    """A review of RevMan 5."""
    ids = {one[0]: f"STD-{one[0].replace('-', '_x002d_')}" for one in ASPIRIN}
    studies = "".join(f'<STUDY ID="{ids[name]}" NAME="{name}" YEAR="1980"/>' for name in ids)
    names = ("EVENTS_1", "TOTAL_1", "EVENTS_2", "TOTAL_2", "EFFECT_SIZE", "CI_START", "CI_END")
    data = "".join(
        f'<DICH_DATA STUDY_ID="{ids[one[0]]}" '
        + " ".join(f'{name}="{value}"' for name, value in zip(names, one[1:], strict=True))
        + "/>"
        for one in ASPIRIN
    )
    where.write_text(
        '<?xml version="1.0" encoding="ISO-8859-1"?><COCHRANE_REVIEW><STUDIES_AND_REFERENCES><STUDIES>'
        f"<INCLUDED_STUDIES>{studies}</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES><ANALYSES_AND_DATA>"
        '<COMPARISON NO="1"><NAME>Aspirin or none</NAME>'
        '<DICH_OUTCOME NO="1" EFFECT_MEASURE="OR" CI_STUDY="95" SWAP_EVENTS="NO"><NAME>death</NAME>'
        f"{data}</DICH_OUTCOME>{extra}</COMPARISON></ANALYSES_AND_DATA></COCHRANE_REVIEW>",
        encoding="latin-1",
    )
    return where


def _csv(columns: Sequence[str], rows: Sequence[Cells]) -> bytes:
    written = io.StringIO()
    writer = csv.DictWriter(written, columns)
    writer.writeheader()
    writer.writerows({name: one.get(name, "") for name in columns} for one in rows)
    return written.getvalue().encode("utf-8-sig")


def _zipped(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
