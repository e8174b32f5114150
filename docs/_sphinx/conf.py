"""Sphinx's settings: `make docs` builds build/docs. Nothing here needs the network."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

import mesa_gym  # noqa: E402
from docs._sphinx import build, extension  # noqa: E402
from mesa_gym.files import write_text  # noqa: E402
from mesa_gym.pages.lesson import make_lesson  # noqa: E402

project = "mesa_gym"
author = "the mesa_gym developers"
project_copyright = author
version = release = mesa_gym.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
# Links to examples lead to files.
exclude_patterns = ["_sphinx/toctrees", "examples/**"]
# Blocks of commands and their output have no language.
highlight_language = "none"

# Anchors for links such as `verdicts.md#verdicts`, as in repository browsers.
myst_heading_anchors = 4
# Pictures with a width, as in the list of traps, are copied to the site.
myst_enable_extensions = ["html_image"]

autodoc_member_order = "bysource"
autoclass_content = "both"
autodoc_typehints_format = "short"
autodoc_inherit_docstrings = True
napoleon_use_ivar = True
napoleon_attr_annotations = False
# Return sections such as "float64 (n,)" name no class to link to.
napoleon_use_rtype = False
napoleon_custom_sections = [("Class attributes", "Attributes")]
add_module_names = False
python_maximum_signature_line_length = 88

nitpicky = True
# Types that users do not make; the text describes them.
nitpick_ignore = [
    ("py:class", "mesa_gym.traps.objectives.Rule"),
    ("py:class", "mesa_gym.scoring.logged.LogSummary"),
    ("py:class", "mesa_gym.scoring.returns.Scale"),
    ("py:class", "mesa_gym.scoring.payments.Payments"),
]

html_theme = "furo"
html_title = "mesa_gym"
html_static_path = ["static"]
LESSON = ROOT / "build" / "lesson" / "lesson.html"
html_extra_path = [str(LESSON.parent)]
html_css_files = ["docs.css"]
html_js_files = ["docs.js"]
html_copy_source = False
html_show_sphinx = False

# External links need a network: `make docs-links`.
linkcheck_anchors = False


def setup(app: object) -> None:
    """Write the generated pages and the lesson, and set up the extension."""
    build.write_all()
    write_text(LESSON, make_lesson())
    extension.setup(app)
