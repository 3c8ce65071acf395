"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going -n docs docs/_build/html``."""

from __future__ import annotations

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "extensions"))

import jupyter_notebook_stop

project = "jupyter_notebook_stop"
author = "jupyter_notebook_stop contributors"
project_copyright = author
version = release = jupyter_notebook_stop.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "commands",
    "error_codes",
    "rest_api",
    "settings",
    "top_level",
]
exclude_patterns = ["_build", "extensions", "examples"]

# No inventory of another project is fetched: their types stay plain text, ours must exist.
nitpick_ignore_regex = [("py:.*", r"(?!jupyter_notebook_stop\.).*")]

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# In docstrings, `name` is a parameter or a field.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_attr_annotations = False

html_theme = "pydata_sphinx_theme"
html_title = "jupyter_notebook_stop"
html_show_sourcelink = False
# These pages have no others below them, so there is nothing to navigate.
html_sidebars: dict[str, list[str]] = {
    page: [] for page in ("index", "permissions", "cost", "configuration", "troubleshooting")
}
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "use_edit_page_button": False,
    "secondary_sidebar_items": ["page-toc"],
}
