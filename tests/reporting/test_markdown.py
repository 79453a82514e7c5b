"""What evidence says is shown literally, whatever it holds."""

from __future__ import annotations

import json
import re

import pypandoc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reanalysis.reporting.document import MARKDOWN_FORMAT
from reanalysis.reporting.markdown import escape, figure, slug
from reanalysis.reporting.table import Column, Table

HOSTILE = (
    "<script>alert(1)</script>",
    "#import \"x\"; $x^2$ @ref",
    "\\input{/etc/passwd} \\textbf{x}",
    "=cmd|' /C calc'!A0",
    "| a | b |",
    "{{ 7 * 7 }} {% raw %}",
    "[x](javascript:alert(1)) ![y](/etc/passwd)",
    "*a* _b_ `c` ~~d~~ ^e^ H~2~O",
    "~/../../x",
    "a\nb\r\nc\u2028d",
    "-- --- ... \"quoted\" 'it'",
    "[^1] [@cite] (@) :::",
    "&lt; &amp; &#65;",
    "http://example.org www.example.org a@b.org",
)  # fmt: skip


def shown(markdown: str) -> str:
    """Text of a Markdown paragraph as pandoc understands it; fails on any structure but words and spaces."""
    (block,) = json.loads(pypandoc.convert_text(markdown, "json", format=MARKDOWN_FORMAT))["blocks"]
    assert block["t"] == "Para"
    assert {part["t"] for part in block["c"]} <= {"Str", "Space", "SoftBreak"}
    return "".join(part.get("c", " ") for part in block["c"])


def flat(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", " ", re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_becomes_plain_words(text: str) -> None:
    assert shown(f"x{escape(text)}x") == f"x{flat(text)}x".replace("\u2028", "\N{REPLACEMENT CHARACTER}")


@settings(max_examples=40, deadline=None)
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]),
        min_size=1,
        max_size=30,
    )
)
def test_any_text_survives_markdown(text: str) -> None:
    assert shown(f"x{escape(text)}x").replace("\N{NO-BREAK SPACE}", " ") == f"x{text}x"


def test_a_table_keeps_its_cells_and_shape() -> None:
    columns, rows = [Column("a|b"), Column("c", 2, "right")], [["x|y", "1 %"], ["", "z"]]
    made = Table(columns, rows, "Cap: *tion*", "tbl-x").markdown()
    (block,) = json.loads(pypandoc.convert_text(made, "json", format=MARKDOWN_FORMAT))["blocks"]
    assert block["t"] == "Table"
    plain = pypandoc.convert_text(made, "plain", format=MARKDOWN_FORMAT)
    for text in ("a|b", "x|y", "1\N{NO-BREAK SPACE}%", "Cap: *tion*"):
        assert text in plain


def test_alternative_text_cannot_leave_its_attribute() -> None:
    made = figure("figures/x", "Caption", 'say "x"} <b> \\', "fig-x")
    (block,) = json.loads(pypandoc.convert_text(made, "json", format=MARKDOWN_FORMAT))["blocks"]
    assert block["t"] == "Figure"


@pytest.mark.parametrize("name", [*HOSTILE, "../../x", "CON", "a/b", "x" * 300, "ICANS", "icans-any", "\u00e9"])
def test_a_slug_is_a_plain_file_name(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(name))
    assert len(slug(name)) <= 60


@given(st.text(max_size=40), st.text(max_size=40))
def test_different_ids_have_different_slugs(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)
