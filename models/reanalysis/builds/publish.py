"""The store of builds beside an output folder, where a finished build replaces the last by one change of a link.

``reports/mine`` is a link into ``reports/.mine.builds``, which holds the published build and the one before it, the
cache and the lock. A build is written there as a draft, and the link is replaced when it is complete. Who has opened
the old build, or resolved the link, goes on reading it: it stays until the next build but one is published.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from reanalysis.builds.manifest import NAME, damage
from reanalysis.evidence.problems import InvalidInput
from reanalysis.files import umask

_BUILD = re.compile(r"([0-9]{6,})-[0-9a-z]+")
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


class Store:
    """The builds of one output folder, the target that readers know.

    Raises
    ------
    InvalidInput
        If the target is something that must not be replaced.
    """

    def __init__(self, target: Path) -> None:
        self.target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow the link that is published
        self.folder = self.target.parent / f".{self.target.name}.builds"
        self.failed = self.target.parent / f"{self.target.name}.draft"
        self._link = self.folder / ".link"
        wrong = self._not_replaceable()
        if wrong:
            raise InvalidInput([f"--out {target}: {wrong}"])

    def _not_replaceable(self) -> str:
        if not self.target.name:
            return "is no folder that can be replaced; name a new one"
        if self.target.is_symlink():
            if self.target.readlink().parent.name != self.folder.name:
                return f"is a link to {self.target.readlink()}, which is no build of this tool; name another folder"
            return ""
        return _no_report(self.target)

    @property
    def published(self) -> Path | None:
        """The folder that the target shows now, with the link resolved: it stays what it is whatever is published."""
        place = self.folder.parent / self.target.readlink() if self.target.is_symlink() else self.target
        return place if (place / NAME).is_file() else None

    def open(self) -> None:
        """Make the store.

        Raises
        ------
        OSError
            If nothing can be written beside the target.
        """
        self.folder.mkdir(parents=True, exist_ok=True)

    def sweep(self) -> None:
        """Remove what builds that were killed have left. Only who holds the lock may do that."""
        if not os.path.lexists(self.target):
            plain = [path for _, path in self._builds() if path.name.endswith("-plain")]
            if plain:
                self._switch(plain[-1])
        current = self._current()
        if _is_plain(self._link) and current is not None:  # a plain report that was just exchanged for the link
            self._link.rename(self._aside(current))
        earlier = [number for number, _ in self._builds() if current is not None and number < current]
        keep = {current, max(earlier, default=None)}
        for number, path in self._builds():
            if number not in keep:
                _remove(path)
        for path in self.folder.iterdir():
            if path.name.startswith((".draft-", ".gone-", ".link")) or path.suffix == ".part":
                _remove(path)
        self._name_previous(keep - {current})

    def untidy(self) -> bool:
        """Whether the store holds anything beside two builds, the cache and the lock."""
        if not self.folder.is_dir():
            return False
        names = {path.name for path in self.folder.iterdir()} - {"cache", "lock", "previous"}
        return len(names) > 2 or any(not _BUILD.fullmatch(name) for name in names)

    def draft(self) -> Path:
        """A new empty folder in the store."""
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self.folder))
        draft.chmod(0o777 & ~umask())
        return draft

    def publish(self, draft: Path, key: str) -> Path:
        """Let the target show a complete draft from now on.

        Raises
        ------
        OSError
            If that cannot be done; the target then shows what it showed before.
        """
        _settle(draft)
        numbers = [number for number, _ in self._builds()]
        number = max(numbers, default=0) + (2 if _is_plain(self.target) else 1)
        build = self.folder / f"{number:06d}-{key[:12]}"
        draft.rename(build)
        _sync(self.folder)
        self._switch(build)
        return build

    def keep_draft(self, draft: Path) -> Path:
        """Put a draft that may not be published where it can be looked at: ``<target>.draft``."""
        _settle(draft)
        self._drop_failed()
        draft.rename(self.failed)
        return self.failed

    def tidy(self) -> None:
        """After a build was published: keep it and the one before, and drop the draft of an earlier failure."""
        self._drop_failed()
        self.sweep()

    def _drop_failed(self) -> None:
        if os.path.lexists(self.failed):  # out of sight in one step, then removed
            gone = Path(tempfile.mkdtemp(prefix=".gone-", dir=self.folder))
            self.failed.rename(gone / "draft")
            _remove(gone)

    def damage(self) -> list[str]:
        """What is wrong with the files of the published build, compared with its manifest."""
        return ["nothing is published"] if self.published is None else damage(self.published)

    def _builds(self) -> list[tuple[int, Path]]:
        found = []
        for path in self.folder.iterdir():
            if _BUILD.fullmatch(path.name) and _is_plain(path):
                found.append((_number(path), path))
        return sorted(found)

    def _current(self) -> int | None:
        shown = self.target.readlink() if self.target.is_symlink() else self.target
        return _number(shown) if _BUILD.fullmatch(shown.name) and shown != self.target else None

    def _switch(self, build: Path) -> None:
        """One step from the old build to the new one; a plain folder in the way is kept as the build before."""
        if os.path.lexists(self._link):
            _remove(self._link)
        self._link.symlink_to(Path(self.folder.name) / build.name)
        if _is_plain(self.target):
            with suppress(OSError):
                self.target.rmdir()  # an empty one
        if not _is_plain(self.target):
            self._link.replace(self.target)
        elif _exchange(self._link, self.target):
            self._link.rename(self._aside(_number(build)))
        else:  # no atomic exchange here: for a moment there is no report, and sweep() restores it after a kill
            self.target.rename(self._aside(_number(build)))
            self._link.replace(self.target)
        _sync(self.target.parent)

    def _aside(self, number: int) -> Path:
        """Where a plain report goes that the build of a number replaces."""
        return self.folder / f"{number - 1:06d}-plain"

    def _name_previous(self, numbers: set[int | None]) -> None:
        """``previous`` in the store is a link to the build before, for ``reanalysis diff``."""
        link, earlier = self.folder / "previous", [p for n, p in self._builds() if n in numbers]
        if not earlier:
            link.unlink(missing_ok=True)
        elif not link.is_symlink() or link.readlink() != Path(earlier[0].name):
            self._link.symlink_to(earlier[0].name)
            self._link.replace(link)


class PlainCopy:
    """A report as a plain folder, for programs that copy no links; it changes from old to new in one step.

    The folder is missing, empty, or an older copy.

    Raises
    ------
    InvalidInput
        If the folder is something that must not be replaced.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link
        wrong = "is a link; name a folder" if self.folder.is_symlink() else _no_report(self.folder)
        if wrong or not self.folder.name:
            raise InvalidInput([f"--copy {folder}: {wrong or 'is no folder that can be replaced; name a new one'}"])

    def update(self, published: Path) -> None:
        """Copy a published report, unless it is there already.

        Raises
        ------
        OSError
            If that cannot be done; the folder then holds what it held before.
        """
        manifest = self.folder / NAME
        if manifest.is_file() and manifest.read_bytes() == (published / NAME).read_bytes() and not damage(self.folder):
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}.", dir=self.folder.parent))
        try:
            shutil.copytree(published, draft, dirs_exist_ok=True)
            draft.chmod(0o777 & ~umask())
            if not self.folder.exists() or not _exchange(draft, self.folder):
                if self.folder.exists():
                    shutil.rmtree(self.folder)  # no atomic exchange here: for a moment there is no copy
                draft.rename(self.folder)
        finally:
            _remove(draft)


def _no_report(folder: Path) -> str:
    """Why a folder may not be replaced: it is there, and holds something else than a report."""
    if not os.path.lexists(folder):
        return ""
    if not folder.is_dir():
        return "is a file, not a folder"
    if any(folder.iterdir()) and not (folder / NAME).exists():
        return "holds files that are not a report; name an empty or new folder"
    return ""


def _number(build: Path) -> int:
    return int(build.name.partition("-")[0])


def _is_plain(path: Path) -> bool:
    """Whether a name is a folder itself, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def _remove(path: Path) -> None:
    if _is_plain(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def discard(draft: Path) -> None:
    """Remove a draft that did not come to an end."""
    _remove(draft)


def _settle(folder: Path) -> None:
    """Make a draft readable for whom the umask allows it, and let it reach the disk before its name does."""
    mask = umask()
    for path in sorted(folder.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step, where the system can."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0
