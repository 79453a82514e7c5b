"""Priors that a folder declares beside its own: what was expected of an endpoint, and what other reviews found."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, field_validator

LONGEST_TEXT = 10_000
"""Characters of a label, note or question: what is longer is no text that a report can show."""

_EFFECT = {"normal": 2, "logistic": 2, "student_t": 3}
_HETEROGENEITY = {
    "halfnormal": 1, "halfcauchy": 1, "half_student_t": 2, "exponential": 1, "lognormal": 2, "inverse_gamma": 2,
}  # fmt: skip
"""Distributions and their numbers, all of them above 0 but the one before the last of an effect and of lognormal."""


class Frozen(BaseModel):
    """A table of analysis.toml."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, str_max_length=LONGEST_TEXT, allow_inf_nan=False
    )


class ExpectedEffect(Frozen):
    """The odds ratio, treated against control, that was expected before any data, as of a sample size calculation."""

    odds_ratio: float = Field(gt=0.001, lt=1000, description="treated against control; 1 is no expectation")
    reason: str = Field(min_length=1, description="who expected it, and why")
    source: str = Field("", description="key of sources.toml")

    @field_validator("odds_ratio")
    @classmethod
    def _an_effect(cls, expected: float) -> float:
        if abs(math.log(expected)) < 0.01:
            raise ValueError("must differ from 1, no effect, by 1 % or more")
        return expected


class InformedPrior(Frozen):
    """Priors of the average effect and of the heterogeneity from other evidence."""

    label: str = Field(min_length=1, description="name for readers")
    mu: str = Field(description="of the average log odds ratio")
    tau: str = Field(description="of the heterogeneity")
    reason: str = Field(min_length=1, description="what it was made of, and who would hold it")
    source: str = Field("", description="key of sources.toml")

    @field_validator("mu")
    @classmethod
    def _of_an_effect(cls, text: str) -> str:
        return _written(text, _EFFECT)

    @field_validator("tau")
    @classmethod
    def _of_a_heterogeneity(cls, text: str) -> str:
        return _written(text, _HETEROGENEITY)


def _written(text: str, known: Mapping[str, int]) -> str:
    """A distribution as it is written, where its numbers are as many as it has and its scales above 0."""
    match = re.fullmatch(r"([a-z_]+)\(([^()]*)\)", text.lower().replace(" ", ""))
    name = match[1] if match else ""
    try:
        numbers = [float(part) for part in match[2].split(",")] if match else []
    except ValueError:
        numbers = []
    located = name in _EFFECT or name == "lognormal"
    scales = [x for place, x in enumerate(numbers) if not (located and place == len(numbers) - 2)]
    if len(numbers) != known.get(name) or not all(map(math.isfinite, numbers)) or min(scales) <= 0:
        raise ValueError(f"must be one of {', '.join(known)} with its numbers, as in student_t(4,0,0.57)")
    return text
