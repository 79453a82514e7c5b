"""What somebody has who installs the wheel: the same package, with its evidence folders, and no checkout beside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import reanalysis as ra
from reanalysis.evidence.datasets import dataset_folder
from reanalysis.validation.printed import read_published
from reanalysis.validation.published_folder import problem_folders

ROOT = Path(__file__).parents[2]
BUILD = "import sys; from hatchling.build import build_wheel, build_editable; print(build_{}(sys.argv[1]))"
VALIDATE = """
import reanalysis as ra
import sys
from reanalysis.validation import published
from reanalysis.validation.published_folder import FOLDER
some, whole = int(sys.argv[1]) or None, published.problem_folders
published.problem_folders = lambda folder: whole(folder)[:some]
found = published.check_published()
print(found.passed, len(found.table), ra.datasets() == tuple(sorted(ra.datasets())), "anakinra" in ra.datasets())
print(FOLDER)
print(ra.__file__)
print(found.text)
"""


def made(kind: str, folder: Path) -> Path:
    """A wheel, built without a network in the environment of the tests."""
    built = subprocess.run(
        [sys.executable, "-c", BUILD.format(kind), folder], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.split()[-1]


@pytest.mark.parametrize("some", [2, pytest.param(0, marks=pytest.mark.slow)], ids=["two", "all"])
def test_a_wheel_validates_itself_with_the_problems_it_carries(tmp_path: Path, some: int) -> None:
    with zipfile.ZipFile(made("wheel", tmp_path)) as wheel:
        wheel.extractall(tmp_path / "site")
        names = wheel.namelist()
    checkout = {p.relative_to(dataset_folder()).as_posix() for p in dataset_folder().rglob("*") if p.is_file()}
    assert checkout <= {name.removeprefix("reanalysis/datasets/") for name in names}
    package = {p.relative_to(ROOT / "models").as_posix() for p in (ROOT / "models" / "reanalysis").rglob("*")
               if p.is_file() and "__pycache__" not in p.parts}  # fmt: skip
    assert package <= set(names)  # templates, fonts and the stored calibration too
    ran = subprocess.run(
        [sys.executable, "-P", "-c", VALIDATE, str(some)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    outcome, problems, package_of, text = ran.stdout.splitlines()
    assert Path(problems) == tmp_path / "site" / "reanalysis" / "datasets" / "validation"
    assert Path(package_of).is_relative_to(tmp_path / "site")
    figures = sum(len(read_published(folder / "published.csv")) for folder in problem_folders()[: some or None])
    assert some or figures > 100
    assert outcome == f"True {figures} True True", text


def test_an_editable_install_reads_the_checkout(tmp_path: Path) -> None:
    with zipfile.ZipFile(made("editable", tmp_path)) as wheel:
        (paths,) = (name for name in wheel.namelist() if name.endswith(".pth"))
        assert Path(wheel.read(paths).decode().strip()) == ROOT / "models"
    assert dataset_folder() == ROOT / "data"


def test_a_dataset_is_read_by_name_and_an_unknown_name_lists_them() -> None:
    assert {"anakinra", "msk_phase2", "validation/bcg"} <= set(ra.datasets())
    assert ra.load("validation/bcg").endpoints == ra.read_evidence(ROOT / "data" / "validation" / "bcg").endpoints
    with pytest.raises(ra.InvalidInput, match=r"'bcg': must be one of anakinra, .*validation/bcg"):
        ra.load("bcg")
