"""How Sphinx builds these pages."""

project = "Trato"
author = "The Trato authors"
copyright = "2026, The Trato authors"

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

html_theme = "furo"
html_title = "Trato"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False
nitpicky = True
