"""Sphinx extension: the built site carries what a reader's browser can ask for, and no more.

The theme brings source maps, other languages and two thousand icons. Without them the site has half
the size, and a page loads in a fraction of the bytes. Of MathJax, which the package
sphinx-mathjax-offline has, the site gets what it loads. That package is no extension here: it would
copy all, and it does not say whether pages may be read side by side, so that Sphinx reads them one
by one.
"""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

#: What of MathJax the pages load, below `_static/mathjax`.
MATHJAX = ("tex-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")
#: One icon in Font Awesome's table: width, height, other names, code point, outline.
ICON = re.compile(r'"?([a-z0-9-]+)"?:\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')


def fewer_icons(script: str, used: set[str]) -> str:
    """Drop from Font Awesome's script the icons that no page shows.

    Examples
    --------
    >>> fewer_icons('{bell:[1,2,[],"f0f3","M1"],"x-ray":[1,2,["rays"],"f497","M2"]}', {"rays"})
    '{"x-ray":[1,2,["rays"],"f497","M2"]}'
    """

    def keep(icon: re.Match[str]) -> str:
        names = {icon[1], *re.findall(r'"([a-z0-9-]+)"', icon[2])}
        return icon[0] if names & used else ""

    return ICON.sub(keep, script)


def keep_titles(app: Sphinx, env: BuildEnvironment) -> None:
    """Note of each page's contents the title, and the pages below it."""
    titles = {page: contents.deepcopy() for page, contents in env.tocs.items()}
    for contents in titles.values():
        for top in contents:
            if len(top) > 1:
                top[1][:] = list(top.findall(addnodes.toctree))
                if not len(top[1]):
                    top.pop(1)
    env.temp_data["titles"] = titles


def share_contents(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Make the contents in the sidebar once, and of titles: they were a fifth of a build's time.

    The theme asks for them twice a page, and on pages that are not in the contents, those of the
    code, they are the same but for the way up. Sphinx copies all headings and entries of all pages
    for them, and then drops all but the titles.
    """
    make, env = context["toctree"], app.env
    place = page if doctree is not None else page.count("/")
    kept = env.temp_data.setdefault("contents", {})

    def shared(**named: Any) -> str:
        key = (place, *sorted(named.items()))
        if key not in kept:
            full = env.tocs
            if named.get("titles_only"):
                env.tocs = env.temp_data["titles"]
            try:
                kept[key] = make(**named)
            finally:
                env.tocs = full
        return kept[key]

    context["toctree"] = shared


def ship_mathjax(app: Sphinx) -> None:
    """Copy into the site what it loads of MathJax."""
    if app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline")
    if package is None or package.origin is None:
        raise ExtensionError("no package sphinx-mathjax-offline: make setup")
    for name in MATHJAX:
        source = Path(package.origin).parent / "static" / "mathjax" / name
        target = Path(app.outdir) / "_static" / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)


def trim(app: Sphinx, error: Exception | None) -> None:
    """Remove what no page asks for from a site that has just been built."""
    if error or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    for path in static.rglob("*.map"):
        path.unlink()
    shutil.rmtree(static / "locales", ignore_errors=True)
    for path in static.glob("*webpack-macros.html"):  # the theme's own templates
        path.unlink()
    icons = static / "scripts" / "fontawesome.js"
    if icons.is_file():
        readers = [*Path(app.outdir).rglob("*.html"), *static.rglob("*.js")]
        used = {
            name
            for path in readers
            if path != icons
            for name in re.findall(r"\bfa-([a-z0-9-]+)", path.read_text(encoding="utf-8"))
        }
        icons.write_text(fewer_icons(icons.read_text(encoding="utf-8"), used), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    app.connect("env-check-consistency", keep_titles)
    app.connect("builder-inited", ship_mathjax)
    app.connect("html-page-context", share_contents, priority=100)  # before the theme's own
    app.connect("build-finished", trim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
