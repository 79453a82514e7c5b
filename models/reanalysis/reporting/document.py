"""HTML, PDF and DOCX from Markdown, by pandoc and typst from their wheels, without system or network."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from reanalysis.reporting.details import LANGUAGE, Details

MARKDOWN_FORMAT = "markdown-raw_html-raw_tex-raw_attribute-citations-example_lists-smart"
PDF_STANDARD: Literal["ua-1"] = "ua-1"
"""What a PDF must conform to: a document that does not is not written."""

PAGE, PROGRAM, PAPER, SUPPLEMENT, WORD = "index.html", "validation.html", "report.pdf", "supplement.pdf", "report.docx"
_TITLE_FALLBACK = "Re-analysis"


class DocumentError(RuntimeError):
    """pandoc or typst could not make a document."""


_TITLES = {"supplement": "Supplement: {}", "program": "Checks of the program"}
"""Of the parts that are not the report itself."""


def write_documents(markdown: str, details: Details, folder: Path) -> None:
    """Write every document of a report, in pandoc's Markdown with images without endings, beside its ``figures/``.

    Raises
    ------
    DocumentError
        With what pandoc or typst said; a PDF that is not accessible (PDF/UA-1) is an error.
    """
    source = folder / "report.md"
    source.write_text(markdown, encoding="utf-8")
    with as_file(files("reanalysis.reporting") / "templates") as templates, ThreadPoolExecutor(2) as workers:
        writer = _Writer(source, details, folder, templates)
        made = [
            workers.submit(writer.pdf, PAPER, "paper"),
            workers.submit(writer.html, PAGE, "page"),
            workers.submit(writer.pdf, SUPPLEMENT, "supplement"),
            workers.submit(writer.html, PROGRAM, "program"),
            workers.submit(writer.docx, WORD, "paper"),
        ]
        for document in made:
            document.result()


@dataclass(frozen=True)
class _Writer:
    """What all documents are made of; each holds the part of the report that ``templates/parts.lua`` gives it."""

    source: Path
    details: Details
    folder: Path
    templates: Path

    def title(self, part: str) -> str:
        own = " ".join(self.details.title.split()) or _TITLE_FALLBACK
        return _TITLES.get(part, "{}").format(own)

    def html(self, name: str, part: str) -> None:
        told = {"description": self.details.description, "citation-date": self.details.date.replace("-", "/")}
        self._pandoc(
            self.folder / name,
            part,
            ("accessible", "across"),
            "--to=html5",
            "--standalone",
            "--embed-resources",
            "--mathml",
            "--shift-heading-level-by=1",  # the title is the one heading of level 1
            "--default-image-extension=svg",
            f"--template={self.templates / 'report.html'}",
            f"--css={self.templates / 'report.css'}",
            f"--variable=scripts:{self._scripts()}",
            f"--variable=linked-data:{self.details.linked_data()}",
            *[f"--variable=citation-author:{escape(name)}" for name in self.details.named],
            *[f"--variable={name}:{escape(text)}" for name, text in told.items() if text],
        )

    def _scripts(self) -> str:
        """The scripts of the page, by their digests: a browser runs no other, whatever evidence says."""
        within = ["\n" + path.read_text(encoding="utf-8") for path in sorted(self.templates.glob("*.js"))]
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in within]
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    def docx(self, name: str, part: str) -> None:
        from reanalysis.reporting.word_styles import finish, write_reference

        reference = self.folder / ".reference.docx"
        write_reference(reference)
        try:
            self._pandoc(
                self.folder / name,
                part,
                ("across", "paper"),
                "--to=docx+native_numbering",
                "--default-image-extension=png",
                f"--reference-doc={reference}",
            )
            finish(self.folder / name, self.details)
        finally:
            reference.unlink(missing_ok=True)

    def pdf(self, name: str, part: str) -> None:
        import typst

        from reanalysis.figures.words import fonts

        typst_source = self.folder / f".{part}.typ"
        self._pandoc(
            typst_source,
            part,
            ("across", "paper"),
            "--to=typst",
            "--default-image-extension=svg",
            f"--template={self.templates / 'report.typ'}",
            f"--variable=title-text:{_typst_text(self.title(part))}",
            f"--variable=description-text:{_typst_text(self.details.description)}",
            *[f"--variable=author-text:{_typst_text(name)}" for name in self.details.named],
            f"--variable={part}:true",
        )
        try:
            typst.compile(
                typst_source,
                output=self.folder / name,
                root=self.folder,
                font_paths=[fonts()],
                ignore_system_fonts=True,
                timestamp=self.details.seconds,
                pdf_standards=[PDF_STANDARD],
            )
        except typst.TypstError as error:
            raise DocumentError(f"typst, {name}: {error}") from None
        finally:
            typst_source.unlink(missing_ok=True)

    def _pandoc(self, target: Path, part: str, filters: Sequence[str], *options: str) -> None:
        import pypandoc

        command = [
            pypandoc.get_pandoc_path(),
            f"--from={MARKDOWN_FORMAT}",
            f"--metadata=title:{self.title(part)}",
            f"--metadata=lang:{LANGUAGE}",
            f"--metadata=part:{part}",
            "--columns=72",
            "--fail-if-warnings",
            f"--resource-path={self.folder}",
            f"--output={target}",
            *[f"--lua-filter={self.templates / f'{name}.lua'}" for name in ("parts", *filters)],
            *options,
            str(self.source),
        ]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(self.details.seconds), "LC_ALL": "C.UTF-8"}
        arguments = [argument.encode("utf-8", "surrogateescape") for argument in command]  # whatever our own locale is
        done = subprocess.run(arguments, capture_output=True, env=environment, check=False)
        if done.returncode != 0:
            raise DocumentError(f"pandoc, {target.name}: {done.stderr.decode('utf-8', 'replace').strip()}")


def _typst_text(text: str) -> str:
    """Text between the quotes of a string of Typst."""
    return " ".join(text.replace("\\", "").replace('"', "'").split())
