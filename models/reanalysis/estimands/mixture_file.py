"""Mixtures of Beta distributions as the JSON files that RBesT's ``write_mix_json`` writes and ``read_mix_json`` reads.

``comp`` is the matrix of the mixture by row: weights, a and b of each component; ``meta`` are its attributes in R.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.evidence.problems import InvalidInput
from reanalysis.files import write_whole

_ROWS = ["w", "a", "b"]
_LARGEST_FILE = 1_000_000


def as_rbest(mixture: BetaMixture) -> dict[str, Any]:
    """What the file of a mixture holds."""
    components = [f"comp{k}" for k in range(1, len(mixture.weights) + 1)]
    # of three components R would make a matrix of the two vectors of names, which no version up to 1.9-0 can read
    names: Any = [_ROWS, components] if len(components) != len(_ROWS) else {"parameter": _ROWS, "component": components}
    meta = {
        "dim": [len(_ROWS), len(components)],
        "dimnames": names,
        "link": ["identity"],
        "class": ["betaMix", "mix"],
        "likelihood": ["binomial"],
    }
    return {"meta": meta, "comp": [list(mixture.weights), list(mixture.a), list(mixture.b)]}


def write_mixture(mixture: BetaMixture, path: Path | str) -> None:
    """Write a mixture as a file that RBesT reads, all digits kept.

    Parameters
    ----------
    mixture : BetaMixture
        Such as ``ra.map_prior(fitted).robust``.
    path : Path or str
        The file, whole or not there.

    Examples
    --------
    >>> import tempfile
    >>> rates = ra.fit(ra.load("validation/as"), "response", model="rates")
    >>> file = tempfile.mkdtemp() + "/control.json"
    >>> ra.write_mixture(ra.map_prior(rates).mixture, file)
    >>> 0.2 < ra.read_mixture(file).mean() < 0.3
    True
    """
    write_whole(Path(path), f"{json.dumps(as_rbest(mixture), indent=1)}\n".encode())


def read_mixture(path: Path | str) -> BetaMixture:
    """Read a mixture that :func:`write_mixture` or RBesT wrote; weights are rescaled to sum to 1, as RBesT does.

    Parameters
    ----------
    path : Path or str
        The file.

    Raises
    ------
    InvalidInput
        If the file cannot be read or holds no mixture of Beta distributions.

    Examples
    --------
    >>> import tempfile
    >>> rates = ra.fit(ra.load("validation/as"), "response", model="rates")
    >>> file = tempfile.mkdtemp() + "/control.json"
    >>> ra.write_mixture(ra.map_prior(rates).mixture, file)
    >>> 0.2 < ra.read_mixture(file).mean() < 0.3
    True
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InvalidInput([f"{path}: a mixture is a file of at most {_LARGEST_FILE:,} bytes"])
        return _mixture(json.loads(path.read_text(encoding="utf-8")))
    except InvalidInput:
        raise
    except OSError as error:
        raise InvalidInput([f"{path}: cannot be read: {error.strerror or error}"]) from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        said = (
            str(error) if isinstance(error, _NoMixture) else "no JSON of a mixture as RBesT's write_mix_json writes it"
        )
        raise InvalidInput([f"{path}: {said}"]) from None


class _NoMixture(ValueError):
    """Well-formed, and no mixture of Beta distributions of a rate."""


def _mixture(found: dict[str, Any]) -> BetaMixture:
    meta, rows = found["meta"], found["comp"]
    kind, link = _words(meta["class"]), _words(meta.get("link", "identity"))
    if "betaMix" not in kind:
        raise _NoMixture(f"a mixture of Beta distributions has class betaMix, not {', '.join(kind) or 'none'}")
    if link != ["identity"]:
        raise _NoMixture(f"the link must be identity, not {', '.join(link)}")
    if len(rows) != len(_ROWS) or len({len(row) for row in rows}) != 1 or not rows[0]:
        raise _NoMixture("comp must be three rows of as many numbers: weights, a and b")
    weights, a, b = ([float(x) for x in row] for row in rows)
    used = [k for k, weight in enumerate(weights) if weight != 0]
    total = sum(weights)
    if min(weights) < 0 or not 0 < total < float("inf"):
        raise _NoMixture("weights must be at least 0, and one above it")
    if not all(0 < x < float("inf") for k in used for x in (a[k], b[k])):
        raise _NoMixture("a and b must lie above 0")
    return BetaMixture(*(tuple(row[k] for k in used) for row in ([w / total for w in weights], a, b)))


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value]
