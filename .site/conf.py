"""Settings of the site: `make docs` gathers its pages (gather.py) and renders them with these."""

import importlib.metadata

import reanalysis

project = "Reanalysis"
author = copyright = "The Reanalysis authors"
release = importlib.metadata.version("reanalysis")

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_nb"]
root_doc = "index"

# Markdown as it stands in the clone; notebooks as they were last run, which the tests do.
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings have them, in words
autodoc_inherit_docstrings = False
numpydoc_show_class_members = False
numpydoc_use_plots = False

html_theme = "pydata_sphinx_theme"
html_title = f"Reanalysis {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
# Only functions and notebooks have pages beside them to choose from.
html_sidebars = {"*": [], "reference/*": ["sidebar-nav-bs"], "notebooks/*": ["sidebar-nav-bs"]}


def setup(app):
    """A function is called what people call it, wherever its code stands."""
    things = {name: getattr(reanalysis, name) for name in dir(reanalysis)}
    names = {f"`{getattr(it, '__module__', '')}.{name}`": f"`reanalysis.{name}`" for name, it in things.items()}

    def renamed(app, what, name, thing, options, lines):
        for long, short in names.items():
            lines[:] = [line.replace(long, short) for line in lines]

    app.connect("autodoc-process-docstring", renamed)
