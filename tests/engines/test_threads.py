"""The bits of a posterior do not depend on how many threads linear algebra has, and they get them back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  its library of linear algebra counts too
from threadpoolctl import threadpool_info, threadpool_limits

import reanalysis as ra
from reanalysis.engines.threads import one_thread
from reanalysis.estimands.table import estimates
from reanalysis.evidence.evidence import Evidence

MODELS = [
    {},
    {"pooling": "none"},
    {"pooling": "complete"},
    {"model": "exnex"},
    {"model": "all-cohort"},
    {"model": "beta-rates"},
]


def threads() -> set[int]:
    """Threads of the libraries of linear algebra."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(scope="module")
def many_studies(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Enough studies for products of matrices that a library shares among its threads."""
    rng = np.random.default_rng(1)
    rows = [
        f"s{study},{arm},x,{rng.binomial(n, rate)},{n}"
        for study in range(200)
        for arm, rate in (("control", 0.3), ("treated", 0.2))
        for n in [int(rng.integers(20, 400))]
    ]
    folder: Path = tmp_path_factory.mktemp("many")
    (folder / "arms.csv").write_text("\n".join(["study,arm,endpoint,events,n", *rows]))
    return ra.read_evidence(folder)


@pytest.mark.parametrize("choices", MODELS, ids=str)
def test_one_thread_and_four_give_the_same_bits(evidence: Evidence, choices: dict[str, str]) -> None:
    found = []
    for count in (1, 4):
        with threadpool_limits(count):
            found.append(estimates(ra.fit(evidence, "infection_g3", **choices).posterior))
    assert found[0] == found[1]


def test_so_do_those_of_many_studies(many_studies: Evidence) -> None:
    found = []
    for count in (1, 4):
        with threadpool_limits(count):
            posterior = ra.fit(many_studies, "x", pooling="complete").posterior
            found.append([posterior.study[study]["log_odds_ratio"].mean() for study in posterior.study])
    assert found[0] == found[1]


def test_the_libraries_get_their_threads_back() -> None:
    with threadpool_limits(3):
        with one_thread():
            assert threads() == {1}
            with one_thread():
                assert threads() == {1}
            assert threads() == {1}
        assert threads() == {3}
