"""How does a finished build replace the last one? Made beside it, then renamed; the last good one stays until then."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from reanalysis.evidence.problems import InvalidInput


def prepare(target: Path) -> Path:
    """A fresh draft folder beside the target.

    Raises
    ------
    InvalidInput
        If the target cannot be a folder of reports.
    """
    target = _absolute(target)
    if target.exists() and not target.is_dir():
        raise InvalidInput([f"--out {target}: is a file, not a folder"])
    if target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").exists():
        raise InvalidInput([f"--out {target}: holds files that are not a report; name an empty or new folder"])
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.draft-", dir=target.parent))
    draft.chmod(0o755)
    return draft


def publish(draft: Path, target: Path) -> None:
    """Put a complete draft in the place of the target."""
    target = _absolute(target)
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    if target.exists():
        target.rename(old)
    try:
        draft.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def keep_draft(draft: Path, target: Path) -> Path:
    """Put a draft that may not be published where it can be looked at: ``<target>.draft``."""
    target = _absolute(target)
    kept = target.with_name(f"{target.name}.draft")
    if kept.exists():
        shutil.rmtree(kept)
    draft.rename(kept)
    return kept


def discard(draft: Path) -> None:
    """Remove a draft that did not come to an end."""
    shutil.rmtree(draft, ignore_errors=True)


def _absolute(target: Path) -> Path:
    return Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow the link that is published
