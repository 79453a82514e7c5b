"""Mixtures as JSON that RBesT reads and writes, in Python and by the command, and as priors of a design."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import reanalysis as ra
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.estimands.mixture_file import as_rbest
from reanalysis.validation.published_folder import FOLDER

TWO = ra.BetaMixture((0.8, 0.2), (33.951, 1.0), (103.01, 1.0))

FROM_R = """{"meta":{"dim":[3,2],"dimnames":[["w","a","b"],["rob","inf"]],"link":["identity"],
"class":["betaMix","mix"],"likelihood":["binomial"]},"comp":[[0.2,0.81],[1,12.5],[1,30]]}"""
"""What write_mix_json(mixbeta(rob = c(0.2, 1, 1), inf = c(0.81, 12.5, 30)), digits = NA) writes before rescaling."""


@pytest.mark.parametrize("components", [1, 2, 3, 4])
def test_what_is_written_is_read_with_all_its_digits(tmp_path: Path, components: int) -> None:
    weights = tuple((k + 1) / sum(range(1, components + 1)) for k in range(components))
    mixture = ra.BetaMixture(weights, tuple(1 / (k + 3) for k in range(components)), (2.0,) * components)
    ra.write_mixture(mixture, tmp_path / "prior.json")
    found = ra.read_mixture(str(tmp_path / "prior.json"))
    assert (found.a, found.b) == (mixture.a, mixture.b)
    assert found.weights == pytest.approx(mixture.weights, abs=1e-15)


def test_the_file_has_the_attributes_that_r_gives_a_mixture() -> None:
    """A matrix of three rows, its names, link, class and likelihood; each a vector, as jsonlite writes them."""
    found = as_rbest(TWO)
    assert found["comp"] == [[0.8, 0.2], [33.951, 1.0], [103.01, 1.0]]
    assert list(found["meta"]) == ["dim", "dimnames", "link", "class", "likelihood"]
    assert found["meta"]["dim"] == [3, 2]
    assert found["meta"]["dimnames"] == [["w", "a", "b"], ["comp1", "comp2"]]
    assert found["meta"]["class"] == ["betaMix", "mix"]
    assert (found["meta"]["link"], found["meta"]["likelihood"]) == (["identity"], ["binomial"])


def test_names_of_three_components_are_no_matrix_in_r() -> None:
    """jsonlite makes a matrix of an array of vectors of equal length, and names of dimensions must be a list."""
    three = as_rbest(ra.BetaMixture((0.5, 0.3, 0.2), (1.0, 2.0, 3.0), (1.0, 2.0, 3.0)))
    assert three["meta"]["dimnames"] == {"parameter": ["w", "a", "b"], "component": ["comp1", "comp2", "comp3"]}


def test_what_rbest_writes_is_read_and_rescaled(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(FROM_R, encoding="utf-8")
    found = ra.read_mixture(tmp_path / "r.json")
    assert found.weights == pytest.approx((0.2 / 1.01, 0.81 / 1.01))
    assert (found.a, found.b) == ((1.0, 12.5), (1.0, 30.0))


def changed(**meta: object) -> str:
    found = json.loads(FROM_R)
    found["meta"] |= meta
    return json.dumps(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON of a mixture as RBesT's write_mix_json writes it"),
        ("[1, 2]", "no JSON of a mixture as RBesT's write_mix_json writes it"),
        (changed(**{"class": ["normMix", "mix"]}), "has class betaMix, not normMix, mix"),
        (changed(link=["logit"]), "the link must be identity, not logit"),
        (FROM_R.replace("[1,30]", "[1]"), "comp must be three rows of as many numbers"),
        (FROM_R.replace("[1,30]", "[1,-30]"), "a and b must lie above 0"),
        (FROM_R.replace("0.2,0.81", "0,0"), "weights must be at least 0, and one above it"),
        (FROM_R.replace("0.2,0.81", "-0.2,0.81"), "weights must be at least 0, and one above it"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_mixture_is_refused_by_python_and_by_a_design(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "x.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ra.InvalidInput) as caught:
        ra.read_mixture(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    where = folder(tmp_path / "folder", TWO_STUDIES)
    ended = run("design", where, "--endpoint", "x", "--n", "20", "--analysis", "arms", "--prior", f"control={path}")
    assert ended.code == 2
    (error,) = ended.errors
    assert error.startswith("--prior control: ")
    assert said in error


def test_the_command_writes_the_map_prior_that_it_prints(tmp_path: Path) -> None:
    plain, robust = tmp_path / "plain.json", tmp_path / "robust.json"
    files = ("--map-prior", plain, "--robust-map-prior", robust, "--set", "robust=0.3")
    ended = run("fit", FOLDER / "as", "--endpoint", "response", "--model", "rates", "--format", "json", *files)
    assert ended.code == 0
    shown = ended.json["estimates"]["map_prior"]
    for name, path in (("mixture", plain), ("robust", robust)):
        found = ra.read_mixture(path)
        assert found.weights == pytest.approx(shown[name]["weights"], abs=1e-12)
        assert list(found.a) == shown[name]["a"]
    assert found.weights[-1] == pytest.approx(0.3)
    evidence = ra.read_evidence(FOLDER / "as")
    same = ra.map_prior(ra.fit(evidence, "response", model="rates", settings={"robust": 0.3}))
    assert same.robust == ra.BetaMixture(*(tuple(shown["robust"][name]) for name in ("weights", "a", "b")))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "contrast"), "--map-prior: rates with partial pooling has a MAP prior, not contrast with partial"),
        (("--model", "rates", "--pooling", "complete"), "--map-prior: rates with partial pooling has a MAP prior, not"),
    ],
)
def test_a_model_without_a_map_prior_writes_none(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    where, path = folder(tmp_path, TWO_STUDIES), tmp_path / "p.json"
    ended = run("fit", where, "--endpoint", "x", *arguments, "--map-prior", path)
    assert ended.code == 2
    assert ended.errors[0].startswith(said)
    assert not path.exists()
    ended = run("fit", where, "--endpoint", "x", "--model", "rates", "--map-prior", tmp_path / "p.nc")
    assert ended.errors == [f"--map-prior {tmp_path / 'p.nc'}: must name a .json file in an existing folder"]


def test_python_says_which_model_has_one(tmp_path: Path) -> None:
    with pytest.raises(ra.InvalidInput, match="map_prior: contrast with partial pooling has none"):
        ra.map_prior(ra.fit(ra.read_evidence(folder(tmp_path, TWO_STUDIES)), "x"))


def test_a_file_is_the_prior_of_a_design_as_if_it_were_written_out(tmp_path: Path) -> None:
    where, path = folder(tmp_path / "folder", TWO_STUDIES), tmp_path / "control.json"
    ra.write_mixture(TWO, path)
    written = "0.8*beta(33.951,103.01)+0.2*beta(1,1)"
    options = ("--endpoint", "x", "--n", "12", "--analysis", "arms", "--truth", "OR=0.5", "--baseline", "0.3")
    found = [
        run("design", where, *options, "--prior", f"control={prior}", "--no-width", "--format", "json").json
        for prior in (path, written)
    ]
    assert found[0]["designs"] == found[1]["designs"]
    assert found[0]["spec"]["priors"]["control"] == found[1]["spec"]["priors"]["control"]
