"""How the guide is made of the Markdown pages: by Sphinx, so that nothing is loaded from elsewhere or stands inline."""

import re
from hashlib import sha256
from importlib.metadata import files
from pathlib import Path
from shutil import copytree

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

_ENTRY = re.compile(r"^(?:-|\d+\.) \[.*?\]\((\S+)\.md\)", re.MULTILINE)
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(<[a-z][^<>]*?) style="([^"]*)"')


def setup(app: Sphinx) -> None:
    """Let lists of pages be the navigation, and let the pages do without anything inline."""
    app.connect("source-read", complete)
    app.connect("build-finished", move_out_what_is_inline)


def complete(app: Sphinx, name: str, source: list[str]) -> None:
    """Give a page what it has in the guide alone: the navigation made of its lists, the settings."""
    if name == root_doc:
        for section in source[0].split("\n## ")[1:]:
            source[0] += _navigation(_ENTRY.findall(section), section.partition("\n")[0])
    if name == "docs/tutorial/README":
        source[0] += _navigation(_ENTRY.findall(source[0]))
    if name == "docs/decisions/README":
        source[0] += "\n```{toctree}\n:glob:\n\n0*\n```\n"
    if name == "docs/settings":
        readme = (Path(app.srcdir) / "README.md").read_text()
        listed = re.search(r"(?<=## Settings\n).*?(?=\n## )", readme, flags=re.DOTALL)
        source[0] += f"\n## All of them\n{listed[0].replace('](docs/', '](')}" if listed else ""


def _navigation(entries: list[str], caption: str = "") -> str:
    head = [":hidden:", f":caption: {caption}"] if caption else [":hidden:"]
    return "\n".join(["", "```{toctree}", *head, "", *entries, "```", ""])


def move_out_what_is_inline(app: Sphinx, failure: Exception | None) -> None:
    """Move scripts and styles of the theme into files: a strict Content-Security-Policy refuses them in a page."""
    if failure:
        return
    # Pages name them for light and for dark screens, in HTML that is passed on as it is.
    copytree(Path(app.srcdir) / "docs" / "pictures", Path(app.outdir) / "docs" / "pictures", dirs_exist_ok=True)
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
