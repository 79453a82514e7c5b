"""What the documents of a report say of themselves in their properties: title, authors, date, licence."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from reanalysis.evidence.evidence import Evidence

LANGUAGE = "en-GB"


@dataclass(frozen=True)
class Details:
    """What documents say of themselves in their properties; what is empty they leave out."""

    title: str  # plain text
    authors: str = ""  # names separated by semicolons
    description: str = ""  # one sentence
    date: str = ""  # of ISO 8601
    licence: str = ""
    url: str = ""  # where the report is published
    seconds: int = 0  # the date of the files, since 1970: equal input gives equal bytes

    @property
    def named(self) -> list[str]:
        """Each author."""
        return [name.strip() for name in self.authors.split(";") if name.strip()]

    def linked_data(self) -> str:
        """The same for search engines, as JSON that no element of a page can end."""
        known = {
            "name": self.title,
            "author": [{"name": name} for name in self.named],
            "description": self.description,
            "datePublished": self.date,
            "license": self.licence,
            "url": self.url,
            "inLanguage": LANGUAGE,
        }
        told = {"@context": "https://schema.org", "@type": "Report"} | {
            key: text for key, text in known.items() if text
        }
        text = json.dumps(told, ensure_ascii=False)
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return text


def details_of(evidence: Evidence, seconds: int = 0) -> Details:
    """Those of a report of a folder; where the date of its files (seconds since 1970) is 0, it is the evidence's."""
    told = evidence.report
    return Details(
        evidence.title,
        told.authors,
        evidence.settings.question,
        told.date,
        told.licence,
        told.url,
        seconds or _seconds(told.date),
    )


def _seconds(date: str) -> int:
    """The first second of a day, a month or a year of ISO 8601; 0 where none is given."""
    if not date:
        return 0
    year, month, day = (*map(int, date.split("-")), 1, 1)[:3]
    return max(int(datetime(year, month, day, tzinfo=UTC).timestamp()), 0)
