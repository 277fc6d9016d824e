"""How the guide is made of the Markdown pages: by Sphinx, so that nothing is loaded from elsewhere or stands inline."""

import re
from hashlib import sha256
from importlib.metadata import files
from pathlib import Path

from sphinx.application import Sphinx

from service.api.version import VERSION

project = "Actiscope"
version = release = VERSION
root_doc = "docs/index"
extensions = ["myst_parser"]
# The sources are those of the repository, so that a link which works in one place works in the other.
include_patterns = ["*.md", "benchmarks/*.md", "docs/*.md", "docs/**/*.md"]
exclude_patterns = [".*", "build", "dist", "node_modules", "service", "tests"]
myst_heading_anchors = 4
html_theme = "furo"
html_theme_options = {"navigation_with_keys": True}
html_title = "Actiscope"
html_static_path = ["static"]
html_css_files = ["guide.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
# An answer that is cut short, with …, is no JSON any more and is coloured all the same.
suppress_warnings = ["misc.highlighting_failure"]

_ENTRY = re.compile(r"^- \[.*?\]\((\S+)\.md\)", re.MULTILINE)
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(<[a-z][^<>]*?) style="([^"]*)"')


def setup(app: Sphinx) -> None:
    """Let the sections of the first page be the navigation, and let the pages do without anything inline."""
    app.connect("source-read", add_navigation)
    app.connect("build-finished", move_out_what_is_inline)


def add_navigation(_app: Sphinx, name: str, source: list[str]) -> None:
    """Give the first page, for each of its sections, a table of contents with the pages listed there."""
    if name == "docs/decisions/README":
        source[0] += "\n```{toctree}\n:glob:\n\n0*\n```\n"
    if name != root_doc:
        return
    for section in source[0].split("\n## ")[1:]:
        caption = section.partition("\n")[0]
        entries = "\n".join(_ENTRY.findall(section))
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def move_out_what_is_inline(app: Sphinx, failure: Exception | None) -> None:
    """Move scripts and styles of the theme into files: a strict Content-Security-Policy refuses them in a page."""
    if failure:
        return
    for unread in (*app.outdir.rglob("*.map"), app.outdir / ".buildinfo", app.outdir / "objects.inv"):
        Path(unread).unlink(missing_ok=True)
    for package in ("furo", "sphinx"):  # whose scripts and styles the pages bring along
        (licence,) = (
            file for file in files(package) or () if "licen" in file.stem.lower() and "dist-info" in str(file)
        )
        (Path(app.outdir) / "_static" / f"{package}.LICENSE.txt").write_text(licence.read_text())
    for path in map(Path, app.outdir.rglob("*.html")):
        text = path.read_text()
        for whole, kind, content in {(match[0], match[1], match[2]) for match in _INLINE.finditer(text)}:
            depth = len(path.relative_to(app.outdir).parts) - 1
            text = text.replace(whole, _moved(Path(app.outdir), "../" * depth, kind, content))
        path.write_text(_ATTRIBUTE.sub(r"\1", text))


def _moved(folder: Path, way_up: str, kind: str, content: str) -> str:
    """The element that loads the content from a file, which is named by its hash."""
    name = f"_static/inline-{sha256(content.encode()).hexdigest()[:8]}.{'js' if kind == 'script' else 'css'}"
    (folder / name).write_text(content)
    address = way_up + name
    return f'<script src="{address}"></script>' if kind == "script" else f'<link rel="stylesheet" href="{address}">'
