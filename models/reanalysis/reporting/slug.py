"""What is an id called as a file or an anchor? Letters, digits and hyphens, never a path."""

from __future__ import annotations

import hashlib
import re


def slug(name: str) -> str:
    """A safe, unique and stable name: plain ids keep theirs, all others gain a digest.

    >>> slug("death_any")
    'death-any'
    """
    simple = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    if re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", name) and "-" not in name and len(name) <= 40:
        return simple
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{simple}-{digest}" if simple else digest


def anchor(endpoint: str) -> str:
    """Where an endpoint's section is."""
    return f"endpoint-{slug(endpoint)}"
