"""What stops a build that is nobody's wrong input?"""


class DocumentError(RuntimeError):
    """pandoc or typst could not make a document."""


class Held(RuntimeError):
    """Another build holds the output folder."""
