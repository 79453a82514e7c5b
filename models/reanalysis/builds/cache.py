"""Results of earlier builds on disk, by the digest of all they depend on, each with a checksum of itself.

joblib.Memory and diskcache keep pickles without a checksum: a truncated one is an exception at best, and a foreign one
runs code. An entry here is one file: a line of JSON (kind, key, size, SHA-256), then bytes that can only become data.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from reanalysis.builds.frozen import NotFrozen, thaw
from reanalysis.builds.log import BuildLog
from reanalysis.evidence.problems import InvalidInput
from reanalysis.files import write_whole

ENVIRONMENT, LIMIT_VARIABLE = "REANALYSIS_CACHE", "REANALYSIS_CACHE_MB"
_LIMIT_MB = 1024
"""What a cache may hold after a build unless the variable says otherwise: some ten builds of a large report."""
_CHEAP = ("documents", "figures")
"""Kinds that go first: large, made in seconds from the fits, and of no use after the next change of anything."""
_FORMAT = "reanalysis result 1"
_LONGEST_HEADER = 1000
_STALE = 3600.0
"""Seconds after which nobody can still be writing a part of an entry."""


class ResultCache:
    """Results of earlier builds.

    Entries appear by rename, so several builds may share a folder. One that is damaged, truncated or not what its name
    says is dropped with a warning, and computed again. A folder that cannot be written to only costs time.

    The folder is made when first needed. Entries of a ``fresh`` cache are only written, never read; a ``shared`` one
    may be used by other builds at the same time.
    """

    def __init__(self, folder: Path, fresh: bool = False, shared: bool = True, log: BuildLog | None = None) -> None:
        self.folder, self._fresh, self._shared, self._log = folder, fresh, shared, log or BuildLog()
        self._unwritable = False

    def get(self, kind: str, key: str) -> Any | None:
        """The result of a kind (letters only) and a digest of all it depends on; None where there is no whole one."""
        if self._fresh:
            return None
        path = self._path(kind, key)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:  # another user's, say: it is theirs to mend
            self._log.warning(f"cache entry {path.name}: {(error.strerror or str(error)).lower()}: computed again")
            return None
        header, newline, body = content.partition(b"\n")
        try:
            if not newline or len(header) > _LONGEST_HEADER:
                raise NotFrozen("has no header")
            said = json.loads(header)
            if said != _header(kind, key, body):
                raise NotFrozen("does not have its checksum")
            result = thaw(body)
        except (NotFrozen, ValueError) as error:
            self._drop(path, str(error))
            return None
        with suppress(OSError):
            os.utime(path)  # used now: the last to go
        return result

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep a result, as :func:`~reanalysis.builds.frozen.freeze` made it."""
        header = json.dumps(_header(kind, key, content)).encode()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._path(kind, key), header + b"\n" + content, durable=True)
        except OSError as error:
            if not self._unwritable:
                reason = (error.strerror or str(error)).lower()
                self._log.warning(f"cache {self.folder}: {reason}; results of this build are not kept")
            self._unwritable = True

    def prune(self, limit: int | None = None) -> None:
        """Remove what interrupted builds left, and entries beyond ``limit`` bytes, by default :func:`cache_limit`.

        Documents and figures go first, then what was unused for longest.
        """
        limit = cache_limit() if limit is None else limit
        entries = []
        with suppress(OSError):
            for path in self.folder.iterdir():
                with suppress(OSError):
                    state = path.stat()
                    if path.suffix == ".part":
                        if not self._shared or time.time() - state.st_mtime > _STALE:
                            path.unlink()
                    elif path.suffix == ".result":
                        cheap = path.name.startswith(_CHEAP)
                        entries.append((not cheap, state.st_mtime, state.st_size, path))
        total = sum(size for _, _, size, _ in entries)
        for _, _, size, path in sorted(entries, key=lambda entry: entry[:3]):
            if total <= limit:
                return
            with suppress(OSError):
                path.unlink()
                self._log.event("pruned", entry=path.name, bytes=size)
            total -= size

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / f"{kind}-{key}.result"

    def _drop(self, path: Path, reason: str) -> None:
        with suppress(OSError):
            path.unlink()
        self._log.event("dropped", entry=path.name, reason=reason)
        self._log.warning(f"cache entry {path.name} {reason}: dropped, and computed again")


def cache_limit() -> int:
    """Bytes that a cache may hold after a build.

    Raises
    ------
    InvalidInput
        If the variable holds no number of megabytes.
    """
    text = os.environ.get(LIMIT_VARIABLE, "").strip() or str(_LIMIT_MB)
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InvalidInput([f"{LIMIT_VARIABLE} {text!r}: must be a whole number of megabytes"])
    return int(text) * 1_000_000


def _header(kind: str, key: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"format": _FORMAT, "kind": kind, "key": key, "bytes": len(content), "sha256": digest}
