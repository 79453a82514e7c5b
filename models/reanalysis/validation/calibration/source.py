"""Has the code changed since it was calibrated? A digest of what it does, blind to comments, docstrings and layout."""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from reanalysis.model.family import Engine

_PACKAGE = Path(__file__).parents[2]

CALIBRATED = (
    "model",
    "engines",
    "evidence/candidates/candidates.py",
    "evidence/candidates/feasible.py",
    "evidence/candidates/latent.py",
    "evidence/candidates/narrowing.py",
    "evidence/candidates/observation.py",
    "evidence/candidates/printing.py",
    "validation/calibration/designs.py",
    "validation/calibration/simulate.py",
    "validation/calibration/replicate.py",
    "validation/calibration/grid_draws.py",
)
"""Models, engines, the way from a print to its candidates, and what is simulated."""

_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)
_OPENS = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


_OWN = {
    "quadrature": (
        "engines/quadrature/",
        "engines/interpolation.py",
        "engines/marginal.py",
        "validation/calibration/grid_draws.py",
    ),
    "nuts": ("engines/nuts/",),
}
"""Code that the ranks of one engine depend on and those of the other do not: draws are ranked as they are."""

_NEITHER = (
    "model/family.py",  # names, equations and settings of all models; the calibrated one has no settings
    "model/choices.py",  # what may be asked for, in which words
    "model/specification.py",
    "model/baselines.py",  # alternatives to what is calibrated
    "engines/batches.py",  # who computes a rank, and in which order
    "engines/tree.py",
)
"""Code that no rank depends on."""


@lru_cache(maxsize=2)
def source_digest(engine: Engine) -> str:
    """SHA-256 of the calibrated code of an engine."""
    found = hashlib.sha256()
    for name in calibrated_files(engine):
        found.update(f"{name}\0".encode())
        for token in meaning((_PACKAGE / name).read_text(encoding="utf-8")):
            found.update(f"{token}\0".encode())
    return found.hexdigest()


def calibrated_files(engine: Engine) -> list[str]:
    """Files of the calibrated code of an engine, relative to the package."""
    files = []
    for part in CALIBRATED:
        place = _PACKAGE / part
        files += [place] if place.is_file() else sorted(place.rglob("*.py"))
    names = [path.relative_to(_PACKAGE).as_posix() for path in files]
    others = tuple(place for other, places in _OWN.items() if other != engine for place in places)
    return [name for name in names if not name.startswith((*others, *_NEITHER))]


def meaning(code: str) -> Iterator[str]:
    """Tokens of Python code without comments, docstrings, blank lines and the width of its indents."""
    tokens = [t for t in tokenize.generate_tokens(io.StringIO(code).readline) if t.type not in _LAYOUT]
    for i, token in enumerate(tokens):
        opens = i == 0 or tokens[i - 1].type in _OPENS
        ends = i + 1 == len(tokens) or tokens[i + 1].type == tokenize.NEWLINE
        if token.type == tokenize.STRING and opens and ends:
            continue  # a string that is a statement of its own
        yield tokenize.tok_name[token.type] if token.type in _OPENS else token.string
