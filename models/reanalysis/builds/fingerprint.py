"""What does a result depend on? Digests of code, packages, settings and the evidence that matters to it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reanalysis.evidence.problems import InvalidInput
from reanalysis.validation.published_folder import published_digest

if TYPE_CHECKING:
    from reanalysis.evidence.evidence import Evidence

_PACKAGE = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[A-Za-z0-9._-]+")
FIT_CODE = ("evidence", "model", "engines", "estimands", "gates", "analysis/endpoint_result.py", "builds/frozen.py")
"""Code that a fit runs through; layers import one way only, so nothing above them can change it."""
SENSITIVITY_CODE = (*FIT_CODE, "alternatives")


def digest(*parts: object) -> str:
    """SHA-256 of values that JSON, data classes or pydantic models can express."""
    text = json.dumps(parts, sort_keys=True, default=_plain, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return str(value)


@lru_cache
def code_digest(parts: tuple[str, ...] = ("",)) -> str:
    """SHA-256 of the package's own files, templates included, or of some of its folders and files."""
    found = hashlib.sha256()
    for part in parts:
        place = _PACKAGE / part
        files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if _is_code(p))
        for path in files:
            content = path.read_bytes()
            found.update(f"{path.relative_to(_PACKAGE).as_posix()}\0{len(content)}\0".encode())
            found.update(content)
    return found.hexdigest()


def _is_code(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")


@lru_cache
def packages() -> dict[str, str]:
    """Version of every installed package that this one needs, directly or not."""
    found: dict[str, str] = {}
    waiting = ["reanalysis"]
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            one = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform or Python
        found[name] = one.version
        for requirement in one.requires or ():
            needed = _NAME.match(requirement)
            if needed and "extra ==" not in requirement.replace("extra==", "extra =="):
                waiting.append(needed[0])
    return dict(sorted(found.items()))


def surroundings() -> dict[str, Any]:
    """Interpreter, machine and packages: what a number can depend on beside its inputs and the code."""
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": packages(),
    }


def source_date() -> int:
    """Seconds since 1970 that documents carry as their date: SOURCE_DATE_EPOCH, else 0.

    Raises
    ------
    InvalidInput
        If SOURCE_DATE_EPOCH is no such number.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "").strip()
    if not text:
        return 0
    if not re.fullmatch(r"[0-9]{1,11}", text):
        raise InvalidInput([f"SOURCE_DATE_EPOCH {text!r}: must be a whole number of seconds since 1970"])
    return int(text)


def input_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every table and TOML file of a folder; what cannot be read is left out."""
    found = {}
    for path in sorted(folder.glob("*")):
        if path.suffix in (".csv", ".toml"):
            with suppress(OSError):
                found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def build_key(folder: Path, inputs: dict[str, str], engine: str, seed: int | None, all_models: bool = False) -> str:
    """What a whole report depends on, the report that it is compared with left aside."""
    where = [folder.as_posix(), folder.resolve().name]  # both are printed in it
    made_of = (source_date(), code_digest(), published_digest(), surroundings())
    return digest("report", where, inputs, engine, seed, all_models, *made_of)


def fit_key(spec: object, data: object, engine: str) -> str:
    """What the posterior of one endpoint depends on: the counts themselves, not who printed them where."""
    return digest("fit", spec, data, engine, code_digest(FIT_CODE), surroundings())


def sensitivity_key(spec: object, evidence: Evidence, endpoint: str, headline: bool = False) -> str:
    """What the alternatives of one endpoint depend on; ``evidence`` is what :func:`relevant` left of it."""
    return digest("sensitivity", spec, endpoint, evidence, headline, code_digest(SENSITIVITY_CODE), surroundings())


def answer_key(spec: object, data: object, better: str | None) -> str:
    """What one model says of an endpoint depends on; the data of a joint model hold those of all its endpoints."""
    return digest("answer", spec, data, better, code_digest(SENSITIVITY_CODE), surroundings())


def figures_key(*parts: object) -> str:
    """What a group of figures depends on."""
    return digest("figures", parts, code_digest(), surroundings())


def validation_key() -> str:
    """What the comparison with published figures depends on."""
    return digest("validation", published_digest(), code_digest(FIT_CODE), surroundings())


def documents_key(*parts: object) -> str:
    """What the documents of a report depend on: text, figures, and the date they carry."""
    return digest("documents", parts, source_date(), code_digest(), surroundings())


def relevant(evidence: Evidence, endpoint: str) -> Evidence:
    """The part of a folder that can matter to one endpoint, and nothing else.

    Computations of an endpoint are given this and no more, so its digest covers all that they can see: the endpoint's
    own rows of every table; where an arm does not print its denominator all rows of that arm, whose percentages
    share it, and those of the other arm where that one bounds it; the studies concerned; and the settings that belong
    to no other endpoint. Lines are numbered anew, so that a row inserted for another endpoint changes nothing here.
    """
    from reanalysis.evidence.candidates.possible import bound_of

    latent = {(r.study, r.arm) for r in evidence.arms if r.endpoint == endpoint and r.n is None}
    for study, arm in tuple(latent):
        bound = bound_of(evidence, study, arm)
        if bound is not None and bound.basis == "other arm":
            latent |= {(study, "control"), (study, "treated")}
    order = {study: number for number, study in enumerate(evidence.studies)}
    tables: dict[str, tuple[Any, ...]] = {}
    for one in fields(evidence):
        rows = getattr(evidence, one.name)
        if isinstance(rows, tuple) and all(hasattr(row, "endpoint") for row in rows):
            own = [r for r in rows if r.endpoint == endpoint or (one.name == "arms" and (r.study, r.arm) in latent)]
            own.sort(key=lambda row: order.get(getattr(row, "study", ""), -1))
            tables[one.name] = tuple(replace(row, line=number) for number, row in enumerate(own, 2))
    named = [row for rows in tables.values() for row in rows]
    studies = {row.study for row in named if hasattr(row, "study")}
    endpoints = {row.endpoint for row in named} | {endpoint}
    settings = evidence.settings.model_copy(
        update=dict.fromkeys(("title", "question", "population", "search"), "")
        | {
            "limits": (),
            "studies": {s: v for s, v in evidence.settings.studies.items() if s in studies},
            "endpoints": {e: v for e, v in evidence.settings.endpoints.items() if e in endpoints},
        }
    )
    nothing = {"folder": Path(), "sources": {}, "ignored_columns": (), "sha256": {}}
    return replace(evidence, **tables | nothing | {"settings": settings})  # type: ignore[arg-type]
