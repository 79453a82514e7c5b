"""Tables of the report, each from the analysis, as Markdown."""
