"""What a reader finds: one whole build, whatever happened, and nothing that grows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reanalysis.builds.manifest import damage


def manifest_of(out: Path) -> dict[str, Any]:
    """Manifest of what is published."""
    found = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def title_of(out: Path) -> str:
    """Title of the published build, all of whose files are those of its manifest."""
    assert damage(out.resolve()) == []
    return str(manifest_of(out)["title"])


def store_of(out: Path) -> Path:
    """Where its builds are."""
    return out.with_name(f".{out.name}.builds")


def litter(out: Path) -> set[str]:
    """Whatever is beside the published build, the one before, the cache and the lock; and beside the store."""
    store = store_of(out)
    current = out.resolve().name
    previous = store / "previous"
    known = {"cache", "lock", "previous", current}
    known |= {previous.resolve().name} if previous.exists() else set()
    found = {path.name for path in store.iterdir()} - known
    found |= {path.name for path in out.parent.iterdir() if out.name in path.name} - {out.name, store.name}
    kept = store / "cache"
    parts = {path.name for path in kept.iterdir() if path.suffix != ".result"} if kept.exists() else set()
    return found | parts
