"""What is computed again when something changed, as the log says: what depends on it, and nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from builds import evidence_folders
from builds.commands import Commands, computed, events
from builds.published import manifest_of, store_of, title_of

pytestmark = pytest.mark.xdist_group("refits")

QUADRATURE = ("--engine", "quadrature")


class Built:
    """A published report of two endpoints, built again and again."""

    def __init__(self, commands: Commands, folder: Path) -> None:
        self.commands, self.folder = commands, folder
        self.evidence = evidence_folders.two_endpoints(folder / "evidence")
        self.out, self.count = folder / "out", 0

    def again(self, *arguments: object, **options: object) -> Path:
        """Build once more; the log of that build."""
        self.count += 1
        log = self.folder / f"log {self.count}"
        ended = self.commands.run(
            "report", self.evidence, "--out", self.out, "--log", log, *QUADRATURE, *arguments, **options
        )
        self.err = ended.err
        assert ended.code == 0, ended.err
        return log

    def replace(self, old: str, new: str) -> None:
        """Alter arms.csv."""
        path = self.evidence / "arms.csv"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def original(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Where it was built, and a copy of all that is there."""
    folder = tmp_path_factory.mktemp("original")
    Built(commands, folder / "here").again().unlink()
    return folder / "here", shutil.copytree(folder / "here", folder / "kept", symlinks=True)


@pytest.fixture
def built(commands: Commands, original: tuple[Path, Path]) -> Built:
    """The same with its store, as it was when it had been built."""
    here, kept = original
    shutil.rmtree(here)
    shutil.copytree(kept, here, symlinks=True)
    return Built(commands, here)


def test_another_place_is_another_report_that_computes_nothing_again(
    commands: Commands, original: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(original[1], tmp_path, symlinks=True, dirs_exist_ok=True)
    log = Built(commands, tmp_path).again()
    assert "unchanged" not in {e["event"] for e in events(log)}  # the report says where it is
    assert set(computed(log).values()) == {"cache"}


def test_an_unchanged_rebuild_computes_nothing(built: Built) -> None:
    before = built.out.resolve()
    log = built.again()
    said = [e["event"] for e in events(log)]
    assert "unchanged" in said
    assert not {"fit", "sensitivity", "figures", "documents"} & set(said)
    assert built.out.resolve() == before


def test_one_changed_row_refits_one_endpoint(built: Built) -> None:
    built.replace("Trial A,treated,death,2,41", "Trial A,treated,death,3,41")
    log = built.again()
    for kind in ("fit", "sensitivity"):
        assert computed(log, kind) == {"infection": "cache", "death": "computed"}
    figures = computed(log, "figures")
    assert figures["endpoint infection"] == "cache"
    assert figures["endpoint death"] == "computed"


def test_a_row_above_the_others_changes_only_its_own_endpoint(built: Built) -> None:
    row = "Trial A,control,fever,4,33\n"
    built.replace(evidence_folders.HEADER, evidence_folders.HEADER + row)
    log = built.again()
    for kind in ("fit", "sensitivity"):
        assert computed(log, kind) == {"infection": "cache", "death": "cache"}


def test_a_title_refits_nothing(built: Built) -> None:
    (built.evidence / "analysis.toml").write_text("title = 'Another'\n")
    log = built.again()
    for kind in ("fit", "sensitivity"):
        assert set(computed(log, kind).values()) == {"cache"}
    assert computed(log, "figures")["endpoint death"] == "cache"
    assert title_of(built.out) == "Another"


def test_a_label_refits_nothing_and_draws_its_own_endpoint_again(built: Built) -> None:
    (built.evidence / "analysis.toml").write_text("[endpoints.death]\nlabel = 'Death of any cause'\n")
    log = built.again()
    assert set(computed(log).values()) == {"cache"}
    figures = computed(log, "figures")
    assert (figures["endpoint infection"], figures["endpoint death"]) == ("cache", "computed")


def test_fresh_ignores_what_was_kept(built: Built) -> None:
    log = built.again("--fresh")
    for kind in ("fit", "sensitivity", "figures"):
        assert set(computed(log, kind).values()) == {"computed"}


def test_an_altered_report_is_built_again(built: Built) -> None:
    page = built.out / "index.html"
    page.write_text(page.read_text() + "<!-- edited -->")
    log = built.again()
    assert "is not as it was published (index.html was altered): built again" in built.err
    assert set(computed(log).values()) == {"cache"}
    assert title_of(built.out) == "Re-analysis of evidence"


def test_a_cache_lost_during_a_build_costs_nothing(built: Built) -> None:
    built.replace("Trial A,treated,death,2,41", "Trial A,treated,death,1,41")
    log = built.again(remove_at="fit", remove=str(store_of(built.out) / "cache"))
    assert computed(log)["death"] == "computed"
    assert title_of(built.out) == "Re-analysis of evidence"


def test_damaged_entries_are_dropped_with_a_warning_and_rebuilt(built: Built) -> None:
    before = manifest_of(built.out)["outputs"]
    (built.out / "index.html").unlink()
    kept = sorted((store_of(built.out) / "cache").glob("fit-*.result"))
    for number, entry in enumerate(kept):
        content = bytearray(entry.read_bytes())
        content[len(content) // 2] ^= 1 << (number % 8)
        entry.write_bytes(content)
    log = built.again()
    assert set(computed(log).values()) == {"computed"}
    assert built.err.count("does not have its checksum: dropped, and computed again") == 2
    assert manifest_of(built.out)["outputs"] == before


def test_a_cache_that_cannot_be_used_costs_time_only(built: Built) -> None:
    before = manifest_of(built.out)["outputs"]
    blocked = built.folder / "blocked"
    blocked.write_text("a file")
    (built.out / "index.html").unlink()
    log = built.again(env=dict(os.environ) | {"REANALYSIS_CACHE": str(blocked)})
    assert set(computed(log).values()) == {"computed"}
    assert f"cache {blocked}: " in built.err
    assert "results of this build are not kept" in built.err
    assert manifest_of(built.out)["outputs"] == before
