"""Results that are kept: a damaged or foreign entry is never read, only data are kept, and the folder is bounded."""

from __future__ import annotations

import json
import os
import pickle
import time
from functools import partial
from pathlib import Path

import pytest

from reanalysis.builds.cache import ResultCache
from reanalysis.builds.frozen import NotFrozen, freeze, thaw
from reanalysis.builds.log import BuildLog


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return ResultCache(tmp_path / "cache")


def entry_of(cache: ResultCache) -> Path:
    cache.put("fit", "abc", freeze({"value": list(range(50))}))
    (entry,) = cache.folder.iterdir()
    return entry


def test_no_byte_of_an_entry_may_change_unnoticed(cache: ResultCache) -> None:
    entry = entry_of(cache)
    whole = entry.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        entry.write_bytes(damaged)
        assert cache.get("fit", "abc") is None
        assert not entry.exists()
    for length in range(len(whole)):
        entry.write_bytes(whole[:length])
        assert cache.get("fit", "abc") is None
    entry.write_bytes(whole + b"x")
    assert cache.get("fit", "abc") is None
    entry.write_bytes(whole)
    assert cache.get("fit", "abc") == {"value": list(range(50))}


def test_an_entry_of_another_name_is_refused(cache: ResultCache) -> None:
    entry = entry_of(cache)
    entry.rename(entry.with_name("fit-def.result"))
    assert cache.get("fit", "def") is None


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch harmed",)


def test_a_foreign_entry_cannot_run_anything(
    cache: ResultCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cache.put("fit", "abc", pickle.dumps(Harm()))  # with its checksum and all
    assert cache.get("fit", "abc") is None
    for content in (
        pickle.dumps(Harm()),
        b'cbuiltins\neval\n(S\'open("harmed", "w")\'\ntR.',
        b"creanalysis.builds.frozen\npickle.os.system\n(S'touch harmed'\ntR.",
        b"\x80\x04\x8c\x18reanalysis.builds.frozen\x8c\x0bpickle.load\x93.",
        b"creanalysis.builds.workers\nWorkers\n(tR.",
    ):
        with pytest.raises(NotFrozen):
            thaw(content)
    assert not (tmp_path / "harmed").exists()


def test_only_data_is_kept() -> None:
    for function in (lambda: 1, partial(int, base=2)):
        with pytest.raises(TypeError, match="not data"):
            freeze({"value": function})


def test_the_cache_is_bounded_and_the_least_used_go_first(cache: ResultCache) -> None:
    for number in range(10):
        cache.put("fit", f"{number}", freeze(b"x" * 1000))
        os.utime(cache.folder / f"fit-{number}.result", (number, number))
    assert cache.get("fit", "0") is not None  # used now
    cache.prune(limit=3800)
    left = {path.name for path in cache.folder.iterdir()}
    assert left == {"fit-0.result", "fit-8.result", "fit-9.result"}


def test_parts_of_a_killed_build_go_and_young_ones_of_another_build_stay(tmp_path: Path) -> None:
    for shared in (False, True):
        cache = ResultCache(tmp_path / str(shared), shared=shared)
        entry_of(cache)
        for name, age in ((".young.part", 0), (".old.part", 7200)):
            (cache.folder / name).write_text("")
            os.utime(cache.folder / name, (time.time() - age,) * 2)
        cache.prune()
        assert {p.name for p in cache.folder.glob(".*")} == ({".young.part"} if shared else set())


def test_the_log_is_json_lines_with_times_and_says_nothing_of_results(tmp_path: Path) -> None:
    with BuildLog.opened(str(tmp_path / "log")) as log, log.step("one"):
        log.warning("odd")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["begin", "warning", "end"]
    assert lines[-1]["seconds"] >= 0
    assert all(line["time"].endswith("Z") and line["process"] == os.getpid() for line in lines)
