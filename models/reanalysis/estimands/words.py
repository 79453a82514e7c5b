"""Numbers and quantities as readers meet them: decimals, percentages, intervals, names."""

from __future__ import annotations

from math import exp

from reanalysis.estimands.summary import Summary
from reanalysis.evidence.evidence import Evidence

MINUS = "\N{MINUS SIGN}"


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
    return "\N{EN DASH}" if log is None else ratio_interval(exp(log.median), exp(log.lower), exp(log.upper))


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


def points(difference: float) -> str:
    """A risk difference in percentage points, signed."""
    value = round(100 * difference, 1)
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{abs(value):.1f}"


def points_interval(summary: Summary) -> str:
    """A risk difference in percentage points with its interval."""
    return f"{points(summary.median)} ({points(summary.lower)} to {points(summary.upper)})"


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
