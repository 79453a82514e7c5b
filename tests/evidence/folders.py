"""Evidence folders for tests, in as few words as possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.ledger import Ledger, audit
from reanalysis.evidence.reading.folder import read_evidence

ANAKINRA = Path(__file__).parents[2] / "data" / "anakinra"

FIVE = "study,arm,endpoint,events,n"
TWO_STUDIES = f"{FIVE}\nA,control,x,3,20\nA,treated,x,7,21\nB,control,x,4,30\nB,treated,x,9,31\n"
CONTRASTS = "study,endpoint,measure,estimate,lower,upper,level,p,adjustment,use,reason\n"

CR_OF_ORR = '[endpoints.cr]\npart_of = "orr"\n'

Row = str | Mapping[str, object]


def table(rows: Iterable[Row]) -> str:
    """arms.csv from ``"study arm endpoint events n percent"`` (``-`` is empty) or from mappings of columns."""
    records = [_record(row) for row in rows]
    columns = list(dict.fromkeys(["study", "arm", "endpoint", *(c for r in records for c in r)]))
    lines = [",".join(columns)]
    lines += [",".join(_quoted(record.get(c, "")) for c in columns) for record in records]
    return "\n".join(lines) + "\n"


def _record(row: Row) -> dict[str, str]:
    if isinstance(row, str):
        names = ("study", "arm", "endpoint", "events", "n", "percent")
        row = {name: "" if word == "-" else word for name, word in zip(names, row.split(), strict=False)}
    return {name: str(value) for name, value in row.items()}


def cells(text: str, **more: object) -> Row:
    """A row from its words and further columns."""
    return _record(text) | {name: str(value) for name, value in more.items()}


def _quoted(cell: str) -> str:
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if set(cell) & set(',"\n\r') else cell


def folder(
    where: Path, arms: str | bytes | Sequence[Row], *, toml: str = "", contrasts: str = "", sources: str = ""
) -> Path:
    """A folder with arms.csv and whatever else is given."""
    where.mkdir(parents=True, exist_ok=True)
    text = arms if isinstance(arms, str | bytes) else table(arms)
    (where / "arms.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, content in (("analysis.toml", toml), ("contrasts.csv", contrasts), ("sources.toml", sources)):
        if content:
            (where / name).write_bytes(content.encode())
    return where


def audited(where: Path, rows: Sequence[Row], *lines: str, toml: str = "") -> Ledger:
    """Ledger of a folder of these rows, with these lines of contrasts.csv."""
    contrasts = CONTRASTS + "".join(f"{line}\n" for line in lines) if lines else ""
    return audit(read_evidence(folder(where, rows, toml=toml, contrasts=contrasts)))


def found(ledger: Ledger, kind: str) -> list[Finding]:
    """Findings of a kind."""
    return [finding for finding in ledger.findings if finding.kind == kind]


def above_info(ledger: Ledger) -> list[Finding]:
    """What counts as a finding."""
    return [finding for finding in ledger.findings if finding.severity != "info"]


def only(findings: list[Finding]) -> Finding:
    """The one finding there is."""
    (finding,) = findings
    return finding
