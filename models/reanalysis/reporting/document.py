"""HTML, PDF and DOCX from Markdown, by pandoc and typst from their wheels, without system or network."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files
from pathlib import Path

MARKDOWN_FORMAT = "markdown-raw_html-raw_tex-raw_attribute-citations-example_lists-smart"
_TITLE_FALLBACK = "Re-analysis"


class DocumentError(RuntimeError):
    """pandoc or typst could not make a document."""


def write_documents(markdown: str, title: str, folder: Path, date: int = 0) -> None:
    """Write index.html, report.pdf and report.docx into a folder that holds ``figures/``.

    Parameters
    ----------
    markdown : str
        The report in pandoc's Markdown; images without endings.
    title : str
        Plain text.
    folder : Path
        Where to write.
    date : int
        Seconds since 1970 that the documents carry as their date: equal input gives equal bytes.

    Raises
    ------
    DocumentError
        With what pandoc or typst said.
    """
    source = folder / "report.md"
    source.write_text(markdown, encoding="utf-8")
    with as_file(files("reanalysis.reporting") / "templates") as templates, ThreadPoolExecutor(2) as workers:
        made = [
            workers.submit(_pdf, source, title, folder, templates, date),
            workers.submit(_html, source, title, folder, templates, date),
            workers.submit(_docx, source, title, folder, templates, date),
        ]
        for document in made:
            document.result()


def _html(source: Path, title: str, folder: Path, templates: Path, date: int) -> None:
    _pandoc(
        source,
        folder / "index.html",
        title,
        date,
        "--to=html5",
        "--standalone",
        "--embed-resources",
        "--mathml",
        "--toc",
        "--toc-depth=2",
        "--default-image-extension=svg",
        f"--template={templates / 'report.html'}",
        f"--css={templates / 'report.css'}",
        f"--lua-filter={templates / 'accessible.lua'}",
        f"--lua-filter={templates / 'across.lua'}",
    )


def _docx(source: Path, title: str, folder: Path, templates: Path, date: int) -> None:
    from reanalysis.reporting.word_styles import write_reference

    reference = folder / ".reference.docx"
    write_reference(reference)
    try:
        _pandoc(
            source,
            folder / "report.docx",
            title,
            date,
            "--to=docx+native_numbering",
            "--default-image-extension=png",
            f"--reference-doc={reference}",
            f"--lua-filter={templates / 'across.lua'}",
            f"--lua-filter={templates / 'paper.lua'}",
        )
    finally:
        reference.unlink(missing_ok=True)


def _pdf(source: Path, title: str, folder: Path, templates: Path, date: int) -> None:
    import typst

    from reanalysis.figures.words import fonts

    typst_source = folder / ".report.typ"
    plain = title.replace("\\", "").replace('"', "'")
    _pandoc(
        source,
        typst_source,
        title,
        date,
        "--to=typst",
        "--default-image-extension=svg",
        f"--template={templates / 'report.typ'}",
        f"--lua-filter={templates / 'across.lua'}",
        f"--lua-filter={templates / 'paper.lua'}",
        f"--variable=title-text:{plain}",
    )
    try:
        typst.compile(
            typst_source,
            output=folder / "report.pdf",
            root=folder,
            font_paths=[fonts()],
            ignore_system_fonts=True,
            timestamp=date,
        )
    except typst.TypstError as error:
        raise DocumentError(f"typst: {error}") from None
    finally:
        typst_source.unlink(missing_ok=True)


def _pandoc(source: Path, target: Path, title: str, date: int, *options: str) -> None:
    import pypandoc

    command = [
        pypandoc.get_pandoc_path(),
        f"--from={MARKDOWN_FORMAT}",
        f"--metadata=title:{_yaml_text(title)}",
        "--metadata=lang:en",
        "--columns=72",
        "--fail-if-warnings",
        f"--resource-path={source.parent}",
        f"--output={target}",
        *options,
        str(source),
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(date), "LC_ALL": "C.UTF-8"}
    arguments = [argument.encode("utf-8", "surrogateescape") for argument in command]  # whatever our own locale is
    done = subprocess.run(arguments, capture_output=True, env=environment, check=False)
    if done.returncode != 0:
        raise DocumentError(f"pandoc: {done.stderr.decode('utf-8', 'replace').strip()}")


def _yaml_text(title: str) -> str:
    """A title that pandoc reads as text whatever it holds."""
    return " ".join(title.split()) or _TITLE_FALLBACK
