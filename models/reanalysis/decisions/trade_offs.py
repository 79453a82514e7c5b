"""Trade-offs between endpoints, declared or asked for, and the rules of a request for a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reanalysis.decisions.weighted_sum import LARGEST_CORRELATION
from reanalysis.evidence.coverage import comparative_studies, coverage_cell
from reanalysis.evidence.evidence import Evidence, require_evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, Problem, did_you_mean, listed
from reanalysis.evidence.reading.settings import LARGEST_WEIGHT
from reanalysis.model.choices import number

_FORM = "write weights such as NAME=1,OTHER=2, NAME an endpoint that is compared"
NO_WEIGHTS = f": none are declared in analysis.toml, [weights.NAME], and none are given; {_FORM}"
ASKED = "asked for"
"""The reason of a weight that analysis.toml does not declare."""


@dataclass(frozen=True)
class TradeOff:
    """What one event of an endpoint weighs."""

    endpoint: str
    """Endpoint id."""
    weight: float
    """Above 0 where an event harms, below where it helps."""
    reason: str
    """Why, as declared; :data:`ASKED` where it was given with the request."""


@dataclass(frozen=True)
class Request:
    """What is asked of a decision, checked."""

    trade_offs: tuple[TradeOff, ...]
    """In the order in which they were declared or given, no weight 0; none where none are declared or given."""
    correlation: float
    """Of the log odds ratios of every two endpoints."""
    any_of: tuple[str, ...]
    """Endpoints of a joint outcome, a patient with any of them; empty where none is asked for."""


def request(
    evidence: Evidence,
    weights: str | Mapping[str, float] | Iterable[str] | None = None,
    correlation: float | None = None,
    any_of: str | Iterable[str] | None = None,
) -> Request:
    """A request that can be answered.

    Parameters
    ----------
    weights : str, mapping or iterable of str, optional
        Weight by endpoint, or texts ``NAME=X``, several in one text parted by commas; by default those of
        analysis.toml.
    correlation : float, optional
        From 0 to :data:`~reanalysis.decisions.weighted_sum.LARGEST_CORRELATION`; by default 0, independence.
    any_of : str or iterable of str, optional
        Endpoints of a joint outcome, in one text parted by commas or one by one.

    Raises
    ------
    InvalidInput
        With everything that is wrong.
    """
    require_evidence(evidence)
    problems: list[Problem | str] = []

    def say(argument: str, said: str) -> None:
        problems.append(BadChoice(argument, said))

    if weights is None:
        found = [TradeOff(e, one.weight, one.reason) for e, one in evidence.settings.weights.items()]
    else:
        found = []
        for name, weight in _pairs(weights, say):
            if name in {one.endpoint for one in found}:
                say("weights", f" {name}: is given twice")
            else:
                found.append(TradeOff(name, weight, ASKED))
        if not found and not problems:
            say("weights", f": none are given; {_FORM}")
    for one in found:
        problems += _bad_endpoint(evidence, "weights", one.endpoint)
        problems += _bad_weight(evidence, one)
    if found and not problems and not any(one.weight for one in found):
        say("weights", ": at least one must differ from 0")
    if correlation is not None and not 0 <= number(correlation) <= LARGEST_CORRELATION:
        say("correlation", f" {correlation}: must be a number from 0 to {LARGEST_CORRELATION:g}")
    joint = _names(any_of, say)
    for name in joint:
        problems += _bad_endpoint(evidence, "any_of", name)
    if len(joint) == 1 or len(set(joint)) < len(joint):
        say("any_of", f" {','.join(joint)}: a joint outcome is of two endpoints or more, each once")
    if problems:
        raise InvalidInput(problems)
    return Request(tuple(one for one in found if one.weight), float(correlation or 0.0), joint)


def _pairs(weights: object, say: Callable[[str, str], None]) -> Iterator[tuple[str, float]]:
    """Names and weights that are numbers; what is neither is a problem."""
    if isinstance(weights, Mapping):
        given: list[tuple[str, Any]] = [(str(name), value) for name, value in weights.items()]
    elif isinstance(weights, Iterable):
        texts = [weights] if isinstance(weights, str) else [str(text) for text in weights]
        given = []
        for text in (part.strip() for whole in texts for part in whole.split(",")):
            name, equals, value = text.rpartition("=")
            if equals and name.strip():
                given.append((name.strip(), value.strip()))
            elif text or len(texts) == 1:
                say("weights", f" {text!r}: {_FORM}")
    else:
        say("weights", f" {weights!r}: {_FORM}")
        return
    for name, value in given:
        weight = number(value)
        if not abs(weight) <= LARGEST_WEIGHT:
            rule = f"must be a number from -{LARGEST_WEIGHT:,.0f} to {LARGEST_WEIGHT:,.0f}".replace(",", "")
            say("weights", f" {f'{name}={value}'!r}: {rule}")
        else:
            yield name, weight


def _names(any_of: object, say: Callable[[str, str], None]) -> tuple[str, ...]:
    if any_of is None:
        return ()
    if not isinstance(any_of, Iterable):
        say("any_of", f" {any_of!r}: must be endpoints, such as NAME,OTHER")
        return ()
    texts = [any_of] if isinstance(any_of, str) else [str(name) for name in any_of]
    return tuple(name for text in texts for name in (part.strip() for part in text.split(",")) if name)


def _bad_endpoint(evidence: Evidence, argument: str, name: str) -> Iterator[BadChoice]:
    """What is wrong with an endpoint that is weighed: it is not known, or no study compares it."""
    if comparative_studies(evidence, name):
        return
    if name in evidence.endpoints:
        cells = {s: coverage_cell(evidence, s, name) for s in evidence.studies}
        has = "; ".join(f"{s}: {cell}" for s, cell in cells.items() if cell != "missing") or "nothing is reported"
        yield BadChoice(argument, f" {name}: no study has figures for both arms ({has})")
        return
    compared = [e for e in evidence.endpoints if comparative_studies(evidence, e)]
    meant = did_you_mean(name, compared)
    yield BadChoice(
        argument, f" {name!r}: unknown endpoint{meant}; {evidence.folder} compares {listed(compared) or 'none'}"
    )


def _bad_weight(evidence: Evidence, one: TradeOff) -> Iterator[BadChoice]:
    """A weight whose sign contradicts the good side that the folder declares."""
    better = evidence.endpoint(one.endpoint).better
    if (better == "higher" and one.weight > 0) or (better == "lower" and one.weight < 0):
        side, sign = ("helps", "below") if better == "higher" else ("harms", "above")
        said = f'an event {side} (better = "{better}" in analysis.toml), so its weight lies {sign} 0'
        yield BadChoice("weights", f" {one.endpoint}={one.weight:g}: {said}")
