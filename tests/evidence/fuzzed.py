"""Evidence folders of every quality: sound ones, and what hands, programs and disks make of them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from evidence.folders import table
from reanalysis.evidence.audit.ledger import Ledger, audit, require_consistent
from reanalysis.evidence.candidates.observation import NoCandidates, observations
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InconsistentReport, InvalidInput
from reanalysis.evidence.reading.arms_table import ARMS
from reanalysis.evidence.reading.folder import read_evidence

Cells = dict[str, object]
Content = bytes | str | None
"""Bytes of a file, where a link points to, or None for a folder in a file's place."""
Folder = dict[str, Content]

JUNK = st.sampled_from([
    "", " ", "-1", "1e3", "nan", "inf", "NA", "'", "=1+1", "\u00a0", "\u0663", "9" * 30, "%", "0x10", "\x1b[0m", "..",
    "1..", "é", "3,5", "0..1e9", "-0", "+3", "1_000", "１２", "NULL", "<0.001", "control ", '"', "\ufeff", "a" * 200,
]) | st.text(max_size=5)  # fmt: skip
SIZES = st.sampled_from([1, 2, 20, 20, 25, 72, 110, 2000, 999_999])
PERCENTAGES = st.sampled_from(["0", "35", "60", "55", "63", "13.0", "33.333333", "99.9", "100", ".5"])
SETTINGS = st.sampled_from([
    "", "", "[studies.A]\nk = 0.75\n[studies.B]\nk = 0.5\n",
    "[studies.A.denominator.control]\nn_max = 30\nweight = {20 = 0.6}\n",
    "[studies.A.denominator.control]\nn_max = 30\nweight = {21 = 1.0}\n",
    "[studies.A.denominator.treated]\nn_max = 10000\n", '[studies.A]\ndesign = "historical"\n',
    '[priors]\nmu = "normal(0,0.001)"\ntau = "uniform(0,50)"\n', '[priors]\ntau = "lognormal(-9,3)"\n',
    '[priors]\nmu = "normal(50,1)"\nbaseline = "normal(-40,1)"\n', '[endpoints.x]\npart_of = "y"\n',
    '[endpoints.x]\npart_of = "y"\n[endpoints.y]\npart_of = "x"\n', "[rho]\nhistorical = 0.999\n",
    "seed = 0xffffffffffffffffffffff\n", "a = [", "[studies]\nA = 3\n", 'title = "\\u001b[2J"\n',
    "[studies.A]\nk = inf\n", "a" * 5000, "x = " + "[" * 3000,
])  # fmt: skip
NUMBERS = st.sampled_from(["", "1.00", "2.0", ".41", "3", "1e5", "0", "0.001", "999999999", "-1", "1,5"])
P_VALUES = st.sampled_from(["", "0.03", "<0.001", "= 0.5", ">0.05", "1", "0", "1.5", ".039", "ns"])


@st.composite
def prints(draw: st.DrawFn) -> list[Cells]:
    """What one arm prints of one endpoint: one row, or one for each reading."""
    n = draw(SIZES)
    x = draw(st.integers(0, n))
    kinds = ["count", "count", "percent", "latent", "range", "readings", "weighted", "subgroups", "wild"]
    kind = draw(st.sampled_from(kinds))
    if kind == "count":
        return [{"events": x, "n": n}]
    if kind == "percent":
        return [{"n": n, "percent": f"{100 * x / n:.{draw(st.integers(0, 3))}f}"}]
    if kind == "latent":
        return [{"percent": draw(PERCENTAGES)}]
    if kind == "range":
        return [{"events": f"{x}..{min(n, x + draw(st.integers(0, 30)))}", "n": n}]
    if kind == "readings":
        return [{"events": x, "n": n, "reading": "a"}, {"percent": draw(PERCENTAGES), "reading": "b"}]
    if kind == "weighted":
        return [{"n": n, "percent": draw(PERCENTAGES), "weighting": "iptw"}]
    if kind == "subgroups":
        parts = draw(st.lists(st.tuples(st.integers(0, 9), PERCENTAGES), min_size=1, max_size=4))
        told = {"use": "context", "reason": "part"}
        return [{"events": x, "n": n}] + [
            {"events": e, "n": 9, "subgroup": f"g{i}", **told} if i % 2 else {"percent": p, "subgroup": f"g{i}", **told}
            for i, (e, p) in enumerate(parts)
        ]
    return [{"events": draw(st.sampled_from(["", x])), "n": draw(SIZES), "percent": draw(PERCENTAGES)}]


@st.composite
def arm_rows(draw: st.DrawFn, damage: str = "none") -> list[Cells]:
    """Rows that mean something, with a wrong cell or a row twice where damage is asked for."""
    rows: list[Cells] = []
    for study in draw(st.sampled_from(["A", "AB", "ABC"])):
        for endpoint in draw(st.sampled_from([["x"], ["x", "y"], ["cr", "orr"], ["crs_any", "crs_g3"]])):
            for arm in draw(st.sampled_from([["control", "treated"], ["control", "treated"], ["treated"]])):
                place: Cells = {"study": study, "arm": arm, "endpoint": endpoint}
                rows += [place | found for found in draw(prints())]
    changes = [
        {}, {}, {"subgroup": "IV"}, {"use": "context", "reason": 'a, "b"\nc'}, {"use": "sensitivity", "reason": "r"},
        {"timepoint": "day 30"}, {"reading": "a", "reading_weight": "1e300"}, {"use": "excluded", "reason": "r"},
    ]  # fmt: skip
    draw(st.sampled_from(rows)).update(draw(st.sampled_from(changes)))
    if damage == "cell":
        draw(st.sampled_from(rows))[draw(st.sampled_from(ARMS.columns))] = draw(JUNK)
    elif damage == "twice":
        rows.append(dict(draw(st.sampled_from(rows))))
    return draw(st.permutations(rows)) if draw(st.booleans()) else rows


@st.composite
def contrasts(draw: st.DrawFn, sound: bool) -> str:
    """A table of ratios, p-values and claims, well formed or not."""
    rows: list[Cells] = []
    for endpoint in draw(st.lists(st.sampled_from(["x", "y", "cr"]), min_size=1, max_size=3, unique=True)):
        low, estimate, high = sorted(draw(st.floats(0.01, 50)) for _ in range(3))
        measures, p_values = ["OR", "HR", "RR", "or"], ["", "0.03", "<0.001", "= 0.5", ">0.05", "1", "0", ".039"]
        rows.append(
            {
                "study": draw(st.sampled_from("AB")),
                "endpoint": endpoint,
                "measure": draw(st.sampled_from(measures if sound else ["", "RD"])),
                "estimate": f"{estimate:.2f}" if sound else draw(NUMBERS),
                "lower": f"{low:.2f}" if sound else draw(NUMBERS),
                "upper": f"{high + 0.01:.2f}" if sound else draw(NUMBERS),
                "level": draw(st.sampled_from(["", "95", "0.9"] if sound else ["0", "200"])),
                "p": draw(st.sampled_from(p_values) if sound else P_VALUES),
                "claim": draw(st.sampled_from(["", "similar", "No difference", "lower", "HIGHER"]) if sound else JUNK),
                "treated": draw(st.sampled_from(["", "4", "3 (IQR 2 to 5.5)", "not reached"]) if sound else JUNK),
                "control": draw(st.sampled_from(["", "6"]) if sound else JUNK),
                "unit": "" if sound else draw(st.sampled_from(["", "days"])),
                "subgroup": "" if sound else draw(st.sampled_from(["", "IV"])),
                "adjustment": draw(st.sampled_from(["", "none", "IPTW", "regression on age, LDH", "Cox: a,,b"])),
                "use": draw(st.sampled_from(["", "sensitivity", "context", "excluded"])),
                "reason": "told",
            }
        )
    return table(rows)


@st.composite
def saved(draw: st.DrawFn, text: str) -> bytes:
    """A table as some program or disk leaves it."""
    how = draw(st.sampled_from(["separator", "lines", "lines", "bytes", "cut", "quotes", "decimal commas", "rows"]))
    encoding = "utf-8"
    if how == "separator":
        text = text.replace(",", draw(st.sampled_from([";", "\t", "|", ",,"])))
    elif how == "lines":
        text = text.replace("\n", draw(st.sampled_from(["\r\n", "\r", "\n\n", "\n,,\n", "\u2028"])))
        encoding = "utf-8-sig"
    elif how == "bytes":
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(JUNK) + text[at:]
        encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"]))
    elif how == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    elif how == "quotes":
        text = text.replace(",", '","')
    elif how == "decimal commas":
        text = text.replace(".", ",")
    elif how == "rows":
        lines = text.split("\n")
        text = "\n".join(lines[: draw(st.integers(0, 1))] + draw(st.permutations(lines[1:])))
    return text.encode(encoding, "replace")


def workbook(rows: list[Cells]) -> bytes:
    """The same rows in Excel, whole numbers as numbers."""
    columns = list(dict.fromkeys(c for row in rows for c in row))
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for r, row in enumerate([dict(zip(columns, columns, strict=True)), *rows], 1):
        for c, column in enumerate(columns, 1):
            value = row.get(column)
            try:
                sheet.cell(r, c).value = int(str(value)) if str(value).isdecimal() else value
            except (ValueError, IllegalCharacterError):  # characters that no workbook holds
                sheet.cell(r, c).value = "?"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@st.composite
def folders(draw: st.DrawFn) -> Folder:
    """A folder's files."""
    damage = draw(st.sampled_from(["none"] * 6 + ["cell", "twice", "saved", "settings", "contrasts", "file"]))
    rows = draw(arm_rows(damage))
    folder: Folder = {}
    if damage == "saved":
        folder["arms.csv"] = draw(saved(table(rows)))
    elif draw(st.integers(0, 4)) == 4:
        folder["arms.xlsx"] = workbook(rows)
    else:
        folder["arms.csv"] = table(rows).encode("utf-8", "replace")
    if damage == "settings":
        folder["analysis.toml"] = draw(SETTINGS).encode()
    elif draw(st.booleans()):
        endpoints = {row["endpoint"] for row in rows}
        nested = [(part, whole) for part, whole in (("cr", "orr"), ("crs_g3", "crs_any")) if {part, whole} <= endpoints]
        text = "".join(f'[endpoints.{part}]\npart_of = "{whole}"\n' for part, whole in nested)
        folder["analysis.toml"] = text.encode()
    if damage == "contrasts" or draw(st.booleans()):
        text = draw(contrasts(sound=damage != "contrasts"))
        folder["contrasts.csv"] = draw(saved(text)) if damage == "contrasts" else text.encode()
    if damage == "file":
        name = draw(st.sampled_from(["arms.csv", "arms.xlsx", "contrasts.csv", "analysis.toml", "sources.toml"]))
        wrong: list[Content] = [None, "elsewhere", name, b"", b"\0", b"PK\x03\x04", b"\xff\xfe", b"a = 1\n"]
        folder[name] = draw(st.sampled_from(wrong))
    return folder


def write(where: Path, folder: Folder) -> Path:
    """The folder on disk."""
    where.mkdir(parents=True, exist_ok=True)
    for name, content in folder.items():
        if content is None:
            (where / name).mkdir()
        elif isinstance(content, str):
            (where / name).symlink_to(content)
        else:
            (where / name).write_bytes(content)
    return where


def outcome(where: Path) -> str:
    """Read a folder, audit it and find its candidates; nothing but a refusal with a message may stop that."""
    try:
        evidence = read_evidence(where)
    except InvalidInput as error:
        refused = error
    else:
        return _audited(evidence)
    assert all(str(problem).strip() for problem in refused.problems)
    return "refused"


def _audited(evidence: Evidence) -> str:
    ledger = audit(evidence)
    plain = ledger.as_dict()
    json.dumps(plain, allow_nan=False)
    assert len({finding["id"] for finding in plain["findings"]}) == len(plain["findings"])
    result = "audited"
    for endpoint in evidence.endpoints:
        if _consistent(evidence, endpoint, ledger):
            try:
                found = observations(evidence, endpoint, sensitivity=True)
            except (NoCandidates, InvalidInput):
                continue
            assert all(len(observation.candidates) for observation in found.values())
            result = "modelled"
    return result


def _consistent(evidence: Evidence, endpoint: str, ledger: Ledger) -> bool:
    try:
        require_consistent(evidence, (endpoint,), ledger)
    except InconsistentReport:
        return False
    return True
