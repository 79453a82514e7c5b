"""Numbers and quantities as readers meet them: decimals, percentages, intervals, names."""

from __future__ import annotations

import math

from reanalysis.estimands.summary import Summary
from reanalysis.evidence.evidence import Evidence

MINUS = "\N{MINUS SIGN}"
_LEAST_RISK = 1e-6


def decimal(value: float | None, digits: int = 2) -> str:
    """A number with fixed decimals and a true minus sign."""
    if value is None:
        return "not defined"
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def ratio(value: float | None) -> str:
    """An odds or risk ratio to three figures: 0.46, 2.32, 15.9, 212."""
    if value is None:
        return "not defined"
    if value >= 1000:
        return ">1000"
    if value < 0.01:
        return "<0.01"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def interval(summary: Summary) -> str:
    """Median and interval of a ratio: ``1.06 (0.46 to 2.32)``."""
    return ratio_interval(summary.median, summary.lower, summary.upper)


def log_interval(log: Summary | None) -> str:
    """The same from a summary of its logarithm; a dash where there is none."""
    return (
        "\N{EN DASH}" if log is None else ratio_interval(math.exp(log.median), math.exp(log.lower), math.exp(log.upper))
    )


def ratio_interval(value: float, lower: float, upper: float) -> str:
    """A ratio with its interval, from three numbers."""
    return f"{ratio(value)} ({ratio(lower)} to {ratio(upper)})"


def percent(probability: float | None, digits: int = 0) -> str:
    """A probability as a percentage; what would round to 0 or 100 is written as a bound."""
    if probability is None:
        return "\N{EN DASH}"
    value = 100 * probability
    step = 10**-digits
    if 0 < value <= step / 2:
        return f"<{step:g} %"
    if 100 - step / 2 <= value < 100:
        return f">{100 - step:g} %"
    return f"{value:.{digits}f} %"


def risk_decimals(risk: float) -> int:
    """Decimals of a risk in per cent: none from 5 to 95 %, one to 1 and 99 %, beyond as many as two figures take."""
    if 0.05 <= risk <= 0.95:
        return 0
    less = 100 * min(risk, 1 - risk)
    return 1 if less >= 1 or less <= 0 else decimals_of_two_figures(less)


def decimals_of_two_figures(size: float) -> int:
    """Decimals with which a size below 1, and above 0, shows two figures."""
    return 1 - math.floor(math.log10(size))


def risk(value: float | None) -> str:
    """A risk as a percentage that does not round away: ``34 %``, ``2.5 %``, ``0.13 %``; a bound beyond 1 in 10^6."""
    if value is None or 0 < value < _LEAST_RISK or 1 - _LEAST_RISK < value < 1:
        return percent(value, 4)
    return f"{100 * value:.{risk_decimals(value)}f} %"


def patients_base(*risks: float) -> int:
    """Of how many patients counts are told, so that each risk is at least one of them: 100, or 1,000 and so on.

    Parameters
    ----------
    risks : float
        Proportions; those near 1 count as those near 0.
    """
    least = min((less for one in risks if (less := min(one, 1 - one)) > 0), default=0.5)
    return int(10 ** max(2, math.ceil(-math.log10(max(least, _LEAST_RISK)) - 1e-9)))


def points(difference: float, of: int = 100) -> str:
    """A risk difference as patients of 100 (percentage points) or of another number, signed."""
    value = round(of * difference, 1)
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{abs(value):.1f}"


def points_interval(summary: Summary, of: int = 100) -> str:
    """A risk difference with its interval, as :func:`points`."""
    return f"{points(summary.median, of)} ({points(summary.lower, of)} to {points(summary.upper, of)})"


def counted(number: int, noun: str, plural: str = "") -> str:
    """``one cohort``, ``three cohorts``, ``12 cohorts``."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    word = words[number] if number < len(words) else str(number)
    return f"{word} {noun if number == 1 else plural or noun + 's'}"


def quantity_name(quantity: str) -> str:
    """A quantity for readers, by its name in results: ``log odds ratio, new study``."""
    name = quantity.replace("_", " ")
    return f"{name.removesuffix(' new')}, new study" if name.endswith(" new") else name


def quantity_label(evidence: Evidence, quantity: str, study: str = "") -> str:
    """A quantity for readers: ``log odds ratio, Kim 2021``; ``log odds ratio, new study``.

    Parameters
    ----------
    study : str
        Id of the study, empty for what all share.
    """
    name = quantity_name(quantity)
    return f"{name}, {evidence.study_label(study)}" if study else name
