"""Markdown of the report: text from anywhere that says just that, figures, and templates that escape what they show."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment

_SPECIAL = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")
_BREAKS = re.compile(r"[ \t\r\n]+")
_UNIT = re.compile(r"(?<=\d) %")


class Markdown(str):
    """Text that is Markdown already and must not be escaped again."""

    __slots__ = ()


def escape(value: object) -> Markdown:
    """Any value as Markdown that shows it literally: no markup, no line break, no control character.

    Every ASCII punctuation character is escaped, which pandoc's Markdown allows, so what evidence says can never become
    structure, HTML, TeX or Typst.
    """
    if isinstance(value, Markdown):
        return value
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(value))
    text = _BREAKS.sub(" ", text).strip()
    text = isolated(_UNIT.sub("\N{NO-BREAK SPACE}%", text))
    return Markdown(_SPECIAL.sub(r"\\\1", text))


def isolated(text: str) -> str:
    """A text, kept to itself where it runs from right to left: figures after it stay in their order."""
    if any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def figure(path: str, caption: str, alt: str, label: str, narrow: bool = False) -> Markdown:
    """A captioned figure; ``path`` has no ending, each format adds its own, and ``-narrow`` for phones."""
    attributes = f'#{label} alt="{_attribute(alt)}"' + f" narrow={path}-narrow" * narrow
    return Markdown(f"![{escape(caption)}]({path}){{{attributes}}}\n")


def image(path: str, alt: str, inches: float) -> Markdown:
    """A picture within a line or a cell; ``path`` has no ending, each format adds its own."""
    return Markdown(f'![]({path}){{.inline alt="{_attribute(alt)}" width={inches:g}in}}')


def link(text: object, address: str) -> Markdown:
    """A link, whatever text and address hold."""
    return Markdown(f"[{escape(text)}]({quote(address, safe=':/?#@&=+,;%~')})")


def _attribute(text: str) -> str:
    """Text between the quotes of an attribute, in a cell too."""
    plain = text.replace("\\", " ").replace('"', "'").replace("|", "/")
    return " ".join(_CONTROL.sub(" ", plain).split())


def render(template: str, /, **values: object) -> Markdown:
    """A template of Jinja, in which tables are shown as tables, None as nothing, and all else literally."""
    return Markdown(_environment().from_string(template).render(values))


def render_file(name: str, /, **values: object) -> Markdown:
    """The same for a file of ``templates/``."""
    return Markdown(_environment().get_template(name).render(values))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("reanalysis.reporting"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        comment_start_string="{##",  # {# starts an attribute in pandoc's Markdown
        comment_end_string="##}",
        finalize=_shown,
        autoescape=False,
    )


@runtime_checkable
class _Renders(Protocol):
    def markdown(self) -> Markdown: ...


def _shown(value: object) -> Markdown:
    if value is None:
        return Markdown("")
    return value.markdown() if isinstance(value, _Renders) else escape(value)


def joined(parts: Iterable[object]) -> Markdown:
    """Blocks with a blank line between them: Markdown, tables, None where there is nothing."""
    return Markdown("\n\n".join(text for part in parts if (text := _shown(part).strip("\n"))))


def block(kind: str, parts: Iterable[object], summary: str = "") -> Markdown:
    """Blocks that stand together in a block of a kind, with the line that is shown of them where they are folded."""
    attributes = f'.{kind} summary="{_attribute(summary)}"' if summary else f".{kind}"
    return joined([Markdown(f":::::: {{{attributes}}}"), *parts, Markdown("::::::")])


def slug(name: str) -> str:
    """A safe, unique and stable name for a file or an anchor: plain ids keep theirs, all others gain a digest.

    >>> slug("death_any")
    'death-any'
    """
    simple = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    if re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", name) and "-" not in name and len(name) <= 40:
        return simple
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{simple}-{digest}" if simple else digest


def anchor(endpoint: str) -> str:
    """Where the section of an endpoint is."""
    return f"endpoint-{slug(endpoint)}"
