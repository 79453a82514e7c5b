"""How do options become a specification? Each is checked first, and all that is wrong is said at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reanalysis.cli.option_checks import bad_seed, not_one_of, require
from reanalysis.evidence.coverage import comparative_studies
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.problems import InvalidInput, did_you_mean, listed
from reanalysis.evidence.settings import SMALLEST_RHO
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import FAMILIES, Family
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ANCHORS, ARMS, MODELS, POOLINGS, ModelSpec, Priors

_PRIOR_NAMES = ("mu", "tau", "baseline")


def specification(
    evidence: Evidence,
    endpoint: str,
    *,
    model: str,
    pooling: str,
    arm: str | None,
    priors: Sequence[str],
    anchor: str | None,
    rho: float | None,
    k: float | None,
    leave_out: Sequence[str],
    settings: Sequence[str],
    seed: int | None,
) -> ModelSpec:
    """Specification from command-line options; what is not given comes from the folder.

    Raises
    ------
    InvalidInput
        With every option that is wrong.
    """
    words = (
        not_one_of("--model", model, MODELS),
        not_one_of("--pooling", pooling, POOLINGS),
        "" if arm is None else not_one_of("--arm", arm, ARMS),
        "" if anchor is None else not_one_of("--anchor", anchor, ANCHORS),
    )
    named, bad_priors = _named_priors(priors)
    basket = model == "exnex" and arm is not None
    values, bad_settings = ({}, []) if words[0] else _named_settings(FAMILIES[model], settings)
    require(
        *words,
        "" if any(words) else bad_endpoint(evidence, endpoint, model, arm, basket),
        *(_bad_study(evidence, study) for study in leave_out),
        *bad_priors,
        ""
        if rho is None or rho == 0 or SMALLEST_RHO <= rho < 1
        else f"--rho {rho:g}: must be 0, or at least {SMALLEST_RHO:.6f} and below 1",
        "" if k is None or 0 < k <= 1 else f"--k {k:g}: must lie above 0 and at or below 1",
        *bad_settings,
        bad_seed(seed),
        *([] if any(words) else _not_for_model(FAMILIES[model], pooling, rho, priors)),
    )
    spec = default_spec(evidence, model, basket)  # type: ignore[arg-type]
    return replace(
        spec,
        pooling=pooling,  # type: ignore[arg-type]
        arm=arm or spec.arm,  # type: ignore[arg-type]
        priors=_with(spec.priors, named),
        settings=tuple(sorted(values.items())),
        anchor=anchor or spec.anchor,  # type: ignore[arg-type]
        rho=rho,
        k=k,
        leave_out=tuple(sorted(set(leave_out))),
        seed=spec.seed if seed is None else seed,
    )


_OWN_DISCOUNT = {
    "beta-rates": "beta-rates has its own overdispersion",
    "arm-beta-binomial": "arm-beta-binomial learns its own overdispersion",
    "bias": "bias discounts by an additive bias",
}


def _not_for_model(family: Family, pooling: str, rho: float | None, priors: Sequence[str]) -> Iterator[str]:
    """Options that are right in themselves and mean nothing for a model."""
    name = family.name
    if rho and not family.rho:
        yield f"--rho: {_OWN_DISCOUNT[name]}, so rho must be 0"
    if priors and name == "beta-rates":
        yield "--prior: the prior of beta-rates is (alpha + beta)^(-5/2) and cannot be set"
    if pooling not in family.poolings:
        yield f"--pooling {pooling}: {name} is {listed(family.poolings)} pooling only"


def _named_settings(family: Family, texts: Sequence[str]) -> tuple[dict[str, float], list[str]]:
    """Settings by name, and what is wrong with the others."""
    known = [setting.name for setting in family.settings]
    if not known:
        return {}, [f"--set {text!r}: model {family.name} has no settings" for text in texts]
    values: dict[str, float] = {}
    problems = []
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        setting = family.setting(name)
        if not equals or setting is None:
            suggestion = did_you_mean(name, known) if setting is None else ""
            problems.append(f"--set {text!r}: write NAME=X with NAME one of {listed(known)}{suggestion}")
            continue
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if setting.allows(number):
            values[name] = number
        else:
            problems.append(f"--set {text!r}: {name} must be a number from {setting.low:g} to {setting.high:g}")
    return values, problems


def bad_endpoint(
    evidence: Evidence, endpoint: str, model: str = "contrast", arm: str | None = None, basket: bool = False
) -> str:
    """What is wrong with ``--endpoint``."""
    if endpoint in evidence.endpoints:
        return ""
    if not basket and model not in ("rates", "beta-rates"):
        fitted = [e for e in evidence.endpoints if comparative_studies(evidence, e)]
    else:
        reported = {row.endpoint for row in evidence.arms if row.modelled and row.arm == (arm or "control")}
        fitted = [e for e in evidence.endpoints if e in reported]
    return (
        f"--endpoint {endpoint!r}: unknown{did_you_mean(endpoint, evidence.endpoints)}; "
        f"{evidence.folder} has for model {model}: {listed(fitted) or 'none'}"
    )


def _bad_study(evidence: Evidence, study: str) -> str:
    if study in evidence.studies:
        return ""
    suggestion = did_you_mean(study, evidence.studies)
    return f"--leave-out {study!r}: unknown{suggestion}; {evidence.folder} has {listed(evidence.studies)}"


def _named_priors(texts: Sequence[str]) -> tuple[dict[str, Distribution], list[str]]:
    """Priors by name, and what is wrong with the others."""
    named, problems = {}, []
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or name not in _PRIOR_NAMES:
            names = ", ".join(_PRIOR_NAMES)
            problems.append(f"--prior {text!r}: write NAME=DISTRIBUTION with NAME one of {names}")
            continue
        try:
            named[name] = Distribution.parse(value)
        except ValueError as error:
            problems.append(f"--prior {name}: {error}")
    return named, problems


def _with(priors: Priors, named: dict[str, Distribution]) -> Priors:
    try:
        return replace(priors, **named)
    except ValueError as error:
        raise InvalidInput([f"--prior: {error}"]) from None
