"""Without extras the package reads, audits, fits and plots; what needs an extra says so in one sentence."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import reanalysis.evidence.extras
from install.core import ROOT, install, needs, python
from reanalysis.evidence.extras import need
from reanalysis.evidence.problems import InvalidInput

PACKAGE = ROOT / "models" / "reanalysis"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    name: {canonicalize_name(Requirement(one).name) for one in asked}
    for name, asked in PROJECT["optional-dependencies"].items()
}
CORE = {canonicalize_name(Requirement(one).name) for one in PROJECT["dependencies"]}

PLOTS = """
import tempfile
from reanalysis.engines.tree import save_tree
from pathlib import Path
for plot in (ra.plot_beyond, ra.plot_prior_posterior, ra.plot_sensitivity, ra.plot_prior_sensitivity):
    plot(fitted)
save_tree(fitted.posterior.tree(), Path(tempfile.mkdtemp()) / "draws.nc")
assert "tabular" in ra.effects(fitted).to_latex(escape=True)
import sys
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""
REFUSED = {
    "fit {data} --endpoint cr --engine nuts": "nuts",
    "fit {data} --endpoint cr --model joint": "nuts",
    "report {data} --out {out}": "report,nuts",
    "report {data} --out {out} --engine quadrature": "report",
    "calibrate {data} --out {out}": "report,nuts",
    "sensitivity {data} --endpoint cr --out m.parquet": "report",
    "sensitivity {data} --endpoint cr --all-models": "nuts",
    "design {data} --endpoint cr --n 20 --truth OR=0.5 --baseline 0.3 --cluster tcp://localhost:1": "cluster",
}
COMMANDS = """
import contextlib, io, json, sys
from reanalysis.cli import main
ended = []
for line in json.loads(sys.argv[1]):
    sys.argv[1:] = line.split()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    ended.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(ended))
"""
MODULES = """
import importlib, pkgutil, reanalysis
for one in pkgutil.walk_packages(reanalysis.__path__, "reanalysis."):
    try:
        if not one.name.endswith("__main__"):
            importlib.import_module(one.name)
    except ImportError as error:
        print(one.name, error.name)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the core alone."""
    folder = tmp_path_factory.mktemp("install") / "site"
    folder.mkdir()
    there = {canonicalize_name(name) for name in install(folder)}
    assert there >= CORE
    assert not there & (EXTRAS["nuts"] | EXTRAS["report"] | EXTRAS["cluster"])
    return folder


def readme_example() -> str:
    """The example in Python of README.md."""
    (found,) = re.findall(r"```python\n(import reanalysis as ra\n.*?)```", (ROOT / "README.md").read_text(), re.S)
    return str(found)


@pytest.mark.xdist_group("core")
def test_the_example_of_the_readme_and_all_plots_of_a_fit_run(site: Path) -> None:
    ran = python(site, "-c", readme_example() + PLOTS)
    assert ran.returncode == 0, ran.stderr
    loaded = set(ast.literal_eval(ran.stdout.splitlines()[-1]))
    assert {"reanalysis", "arviz_base", "matplotlib"} <= loaded
    assert not loaded & {"pymc", "nutpie", "numba", "pyarrow", "pypandoc", "docx"}


@pytest.mark.xdist_group("core")
def test_every_request_that_needs_an_extra_is_refused_in_a_sentence_with_the_command(site: Path) -> None:
    lines = [line.format(data=ROOT / "data" / "anakinra", out=site.parent / "out") for line in REFUSED]
    ran = python(site, "-c", COMMANDS, json.dumps(lines))
    assert ran.returncode == 0, ran.stderr
    for line, extra, (code, out, err) in zip(lines, REFUSED.values(), json.loads(ran.stdout), strict=True):
        assert (code, out) == (2, ""), (line, code, out, err)
        assert re.fullmatch(rf"error: .+: pip install 'reanalysis\[{extra}\]'\n", err), (line, err)
    assert not (site.parent / "out").exists()


@pytest.mark.xdist_group("core")
def test_every_module_but_the_styles_of_word_can_be_imported(site: Path) -> None:
    ran = python(site, "-c", MODULES)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["reanalysis.reporting.word_styles docx"]


def test_every_package_that_is_imported_is_declared() -> None:
    declared = CORE.union(*(EXTRAS[name] for name in ("nuts", "report", "cluster")))
    brought = {  # by what
        "arviz-base": "arviz", "arviz-stats": "arviz", "arviz-plots": "arviz", "pytensor": "pymc",
        "pydantic-core": "pydantic", "tornado": "distributed",
    }  # fmt: skip
    declared |= {"ipython"}  # imported only where the program runs inside it
    known = packages_distributions()
    for path in PACKAGE.rglob("*.py"):
        for name in imported(path) - sys.stdlib_module_names - {"reanalysis"}:
            packages = {canonicalize_name(one) for one in known[name]}
            assert packages & declared or {brought.get(one) for one in packages} & declared, (path, name)


def imported(path: Path) -> set[str]:
    """Packages that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_what_is_asked_for_is_an_extra_of_the_project() -> None:
    asked = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need":
                asked |= {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)} & set(EXTRAS)
    assert asked == {"nuts", "report"}


def test_all_that_is_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reanalysis.evidence.extras, "missing", {"nuts": ["pymc"], "report": ["typst"]}.get)
    with pytest.raises(InvalidInput) as error:
        need("a report", "report", "nuts")
    assert str(error.value) == (
        "a report needs packages that are not installed (typst, pymc): pip install 'reanalysis[report,nuts]'"
    )


def test_the_locks_agree_and_hold_what_is_declared() -> None:
    whole, run = (locked(ROOT / name) for name in ("requirements.lock", "requirements-run.lock"))
    assert run.items() <= whole.items()
    runs = CORE.union(*(EXTRAS[name] for name in ("nuts", "report", "cluster")))
    assert runs <= {name for name, _ in run}
    assert EXTRAS["docs"] | EXTRAS["dev"] - {"reanalysis"} <= {name for name, _ in whole}
    assert not {name for name, _ in run} & {"pytest", "sphinx", "ruff", "bambi"}


def locked(path: Path) -> dict[tuple[str, str], list[str]]:
    """Hashes by name and version, with a marker where there is one."""
    text = path.read_text(encoding="utf-8").replace("\\\n", "")
    assert "index" not in text
    return {
        (name, version): sorted(re.findall(r"sha256:[0-9a-f]{64}", rest))
        for name, version, rest in re.findall(r"^([\w.-]+)==([^\s;]+)([^\n]*)$", text, re.M)
    }


def test_the_container_installs_what_builds_the_wheel_by_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (named,) = re.findall(r"awk '/\^\(([\w|-]+)\)==/", text)
    waiting, built = ["hatchling"], set()
    while waiting:
        one = canonicalize_name(waiting.pop())
        built.add(one)
        waiting += [other.name for other in needs(distribution(one)) if canonicalize_name(other.name) not in built]
    assert set(named.split("|")) == built
    assert re.search(r"^USER (?!root)\w+", text, re.M)
    copied = {name for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.M) for name in line.split()}
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert {f"!{name}" for name in copied} <= set((ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines())
