"""A count prints as its own percentage, and as no other, under each rounding convention."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reanalysis.evidence.candidates.printing import CONVENTIONS, Convention, Percentage, counts_of

ROUNDING = {"half-up": ROUND_HALF_UP, "half-even": ROUND_HALF_EVEN, "truncation": ROUND_DOWN}


def printed(events: int, n: int, decimals: int, convention: str) -> str:
    """The percentage as a journal would set it: exact in rationals, then rounded in decimal digits."""
    scaled = Fraction(100 * 10**decimals * events, n)
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest - scaled.denominator  # the sign says on which side of half-way the rest lies
    tail = "5" if twice == 0 else "7" if twice > 0 else "2" if rest else "0"
    units = int(Decimal(f"{whole}.{tail}").quantize(Decimal(1), ROUNDING[convention]))
    return f"{Decimal(units).scaleb(-decimals):.{decimals}f}"


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
def test_the_counts_of_a_percentage_are_exactly_those_that_print_so(decimals: int, convention: Convention) -> None:
    """All n up to 60: every percentage some count prints as, and its two neighbours, which mostly none does."""
    for n in range(1, 61):
        texts = [printed(x, n, decimals, convention) for x in range(n + 1)]
        near = {
            f"{Decimal(text) + step * Decimal(1).scaleb(-decimals):.{decimals}f}"
            for text in texts
            for step in (-1, 0, 1)
        }
        for text in near:
            if not 0 <= Decimal(text) <= 100:
                continue
            low, high = Percentage(text).counts(np.array([n]), convention)
            found = list(range(int(low[0]), int(high[0]) + 1))
            assert found == [x for x, own in enumerate(texts) if own == text], (text, n)


@pytest.mark.parametrize("decimals", [0, 1])
def test_every_printable_percentage_is_searched_not_only_those_of_small_n(decimals: int) -> None:
    sizes = (7, 40, 72)
    for convention in CONVENTIONS:
        texts = {n: [printed(x, n, decimals, convention) for x in range(n + 1)] for n in sizes}
        for units in range(100 * 10**decimals + 1):
            text = f"{Decimal(units).scaleb(-decimals):.{decimals}f}"
            bounds = Percentage(text).counts(np.array(sizes), convention)
            for n, low, high in zip(sizes, *bounds, strict=True):
                assert list(range(low, high + 1)) == [x for x, own in enumerate(texts[n]) if own == text]


@given(st.data(), st.integers(1, 999_999), st.integers(0, 6), st.sampled_from(CONVENTIONS))
def test_a_count_prints_as_its_own_rounding(data: st.DataObject, n: int, decimals: int, convention: Convention) -> None:
    events = data.draw(st.integers(0, n))
    text = printed(events, n, decimals, convention)
    assert Percentage(text).prints(events, n, convention)
    assert convention in Percentage(text).conventions(events, n)


@given(st.data(), st.integers(1, 10_000), st.integers(0, 3), st.sampled_from(CONVENTIONS))
def test_one_percentage_is_printed_for_each_count(
    data: st.DataObject, n: int, decimals: int, convention: Convention
) -> None:
    """The neighbours of a count's own percentage are no print of it, so no count has two."""
    events = data.draw(st.integers(0, n))
    own = Decimal(printed(events, n, decimals, convention))
    for step in (-1, 1):
        other = own + step * Decimal(1).scaleb(-decimals)
        if 0 <= other <= 100:
            assert not Percentage(f"{other:.{decimals}f}").prints(events, n, convention)


@given(st.data(), st.integers(1, 10_000), st.integers(0, 3))
def test_a_tie_is_where_rounding_up_and_truncation_after_adding_half_agree_only_just(
    data: st.DataObject, n: int, decimals: int
) -> None:
    events = data.draw(st.integers(0, n))
    exact = Fraction(100 * 10**decimals * events, n)
    text = printed(events, n, decimals, "half-up")
    assert Percentage(text).is_tie(events, n) == (exact.denominator == 2)


def test_one_in_eight_is_13_rounded_up_12_to_even_and_12_truncated() -> None:
    assert Percentage("13").conventions(1, 8) == ("half-up",)
    assert Percentage("12").conventions(1, 8) == ("half-even", "truncation")
    assert Percentage("12.5").conventions(1, 8) == CONVENTIONS
    assert Percentage("13").is_tie(1, 8)


def test_three_in_eight_is_38_rounded_up_and_to_even() -> None:
    assert Percentage("38").conventions(3, 8) == ("half-up", "half-even")
    assert Percentage("37").conventions(3, 8) == ("truncation",)


def test_45_of_72_is_63_only_when_half_is_rounded_up() -> None:
    assert Percentage("63").conventions(45, 72) == ("half-up",)
    assert Percentage("62").conventions(45, 72) == ("half-even", "truncation")
    assert counts_of(Percentage("63"), 72) == (range(45, 46), "half-up")


def test_25_of_72_is_34_only_when_truncated() -> None:
    assert Percentage("34").conventions(25, 72) == ("truncation",)
    assert counts_of(Percentage("34"), 72) == (range(25, 26), "truncation")


def test_nothing_and_everything_print_as_0_and_100() -> None:
    for convention in CONVENTIONS:
        for n in (1, 3, 250):
            assert Percentage("0").prints(0, n, convention)
            assert Percentage("100").prints(n, n, convention)
            assert Percentage("100.0").prints(n, n, convention)


def test_decimals_are_kept_as_printed() -> None:
    assert (Percentage("13").decimals, Percentage("13.0").decimals) == (0, 1)
    assert Percentage(".5").units == Percentage("0.5").units == 5
    assert str(Percentage("13.0")) == "13.0 %"


def test_the_first_convention_that_fits_is_taken_and_a_printed_count_narrows_it() -> None:
    thirds = Percentage("66")
    assert counts_of(thirds, 3) == (range(2, 3), "truncation")
    wide = Percentage("34")
    assert counts_of(wide, 500) == (range(168, 173), "half-up")
    assert counts_of(wide, 500, (174, 180)) == (range(174, 175), "truncation")
    assert not counts_of(wide, 500, (180, 190))[0]
