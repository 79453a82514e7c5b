"""What a terminal shows of any result fits on it: a few lines with the numbers, however many studies there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

import reanalysis as ra
from reanalysis.engines.marginal import DrawsMarginal

_LINES, _CHARACTERS = 24, 2400


def shown(name: str, value: Any) -> None:
    text = repr(value)
    assert len(text.splitlines()) <= _LINES, (name, text[:200])
    assert len(text) <= _CHARACTERS, (name, len(text), text[:200])


def within(posterior: Any) -> Iterator[tuple[str, Any]]:
    """A posterior and what a reader reaches from it by a name."""
    yield "posterior", posterior
    yield "data", posterior.data
    yield "overall", posterior.overall
    yield from posterior.overall.items()
    for study, quantities in posterior.study.items():
        yield study, quantities
        yield from quantities.items()


BCG, ANAKINRA = ("validation/bcg", "tuberculosis"), ("anakinra", "icans_any")
FITS: dict[str, tuple[tuple[str, str], Mapping[str, Any]]] = {
    "contrast": (ANAKINRA, {}),
    "none": (BCG, {"pooling": "none"}),
    "exnex": (ANAKINRA, {"model": "exnex"}),
    "rates": (BCG, {"model": "rates"}),
    "beta-rates": (ANAKINRA, {"model": "beta-rates"}),
    "moderated": (BCG, {"model": "moderated", "moderators": "latitude"}),
}


@pytest.mark.parametrize(("of", "choices"), FITS.values(), ids=FITS)
def test_a_fit_and_all_it_holds(of: tuple[str, str], choices: Mapping[str, Any]) -> None:
    folder, endpoint = of
    fit = ra.fit(ra.load(folder), endpoint, **choices)
    shown("fit", fit)
    shown("selection", fit.selection)
    for name, value in within(fit.posterior):
        shown(name, value)


def test_a_marginal_says_its_numbers() -> None:
    posterior = ra.fit(ra.load("anakinra"), "icans_any").posterior
    tau = posterior.overall["tau"]
    for number in (tau.mean(), tau.sd(), *tau.quantile([0.025, 0.5, 0.975])):
        assert f"{number:.3g}" in repr(tau)
    assert repr(DrawsMarginal(np.arange(101.0)[None])).startswith("DrawsMarginal: median 50, 95 % 2.5 to 97.5, mean 50")


def test_results_and_what_they_are_made_of() -> None:
    evidence = ra.load("anakinra")
    shown("evidence", evidence)
    shown("settings", evidence.settings)
    shown("audit", ra.audit(evidence))
    shown("average", ra.average(evidence, "icans_any"))
    prior = ra.map_prior(ra.fit(evidence, "icans_any", model="rates"))
    shown("map prior", prior)
    assert str(prior.mixture) in repr(prior)
    decision = ra.decide(evidence)
    shown("decision", decision)
    for name in ("certainty", "net_benefits", "trade_off_lines", "confounding", "acceptabilities"):
        for one in getattr(decision, name):
            shown(name, one)
    for name, one in (decision.effects | decision.new_populations).items():
        shown(name, one)
