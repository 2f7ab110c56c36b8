"""Sphinx extension: what every page of the book has beyond its own text.

- The first lines of each page say how to get the code and, in a chapter, how to run it again.
- The address of the repository, if one is known, is linked there and in the header's button.
- Tables of claims get a class, so that the style sheet can lay them out on a narrow screen.
- A page of code leads back to the entries that exist.
- What Sphinx and the theme write that a screen reader cannot read is written otherwise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.config import Config

#: The header of a table of claims; `_static/book.css` repeats it where there is no room for one.
CLAIMS = ("statement", "expected", "measured", "99.9 % interval", "verdict")
#: Notebooks that are no chapters: `python -m lifcore verify` does not run them.
NO_CHAPTER = {"ledger"}


def repository(options: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return the address of the repository, or nothing if none is known.

    `_config.yml` decides; if it names none, a build by GitHub's actions knows its own.

    Examples
    --------
    >>> repository({"repository_url": "https://example.org/which-dt"}, {})
    'https://example.org/which-dt'
    >>> repository({}, {})
    ''
    """
    named = options.get("repository_url")
    if named:
        return str(named)
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else ""


def find_repository(app: Sphinx, config: Config) -> None:
    """Give the theme the address, and with it the button in the header."""
    options = config.html_theme_options
    if not options.get("repository_url"):
        options["repository_provider"] = "github"
    options["repository_url"] = repository(options, os.environ)
    options["use_repository_button"] = bool(options["repository_url"])
    if not options["repository_url"]:
        options["launch_buttons"] = {}  # the theme cannot do without an address


def repository_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Inliner,
    options: Mapping[str, Any] | None = None,
    content: Sequence[str] = (),
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Link a text to the repository, or show the text alone while there is no address."""
    url = inliner.document.settings.env.config.html_theme_options["repository_url"]
    return [nodes.reference("", text, refuri=url) if url else nodes.Text(text)], []


def first_lines(page: str, pathto: Any, url: str, notebook: str | None) -> str:
    """Return the lines below a page's title, as HTML.

    Parameters
    ----------
    page : str
        Name of the page, as book/model.
    pathto : callable
        Sphinx's: from a page's name, or from a file's with 1 as second argument, to a link.
    url : str
        Address of the repository, or nothing.
    notebook : str or None
        The page's notebook among the sources, if it is one.
    """
    code = pathto("book/introduction").rstrip("#") + "#get-the-code"
    name = Path(page).name
    if notebook is None:
        text = f'<a href="{code}">Get the code and install it</a>'
    else:
        link = f'<a href="{pathto(f"_sources/{notebook}", 1)}" download>{name}.ipynb</a>'
        text = f'Run it yourself: {link} with <a href="{code}">the code installed</a>'
        if name not in NO_CHAPTER:
            text += f", or <code>python -m lifcore verify --chapter {name}</code>"
    if url:
        text += f' · <a href="{escape(url)}">Repository</a>'
    return f'<p class="first-lines">{text}</p>'


def add_first_lines(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the first lines below the title; they are no part of what the search looks through."""
    if doctree is None:
        context["body"] = with_targets(context.get("body", ""), app)
        return
    source = context["sourcename"]
    notebook = source if source.endswith(".ipynb") else None
    url = app.config.html_theme_options["repository_url"]
    lines = first_lines(page, context["pathto"], url, notebook)
    context["body"] = readable(context["body"]).replace("</h1>", f"</h1>\n{lines}", 1)


def with_targets(body: str, app: Sphinx) -> str:
    """Drop from a page of code the links back to entries that autodoc did not write.

    Sphinx makes one for every name that some page shows in this module, wherever it is defined.
    """
    entries = app.env.get_domain("py").objects  # type: ignore[attr-defined]

    def keep(link: re.Match[str]) -> str:
        return link[0] if link[1] in entries else ""

    return re.sub(r'<a class="viewcode-back" href="[^"#]*#([^"]+)">\[docs\]</a>', keep, body)


def readable(body: str) -> str:
    """Write a page's HTML so that a screen reader can read it.

    Sphinx lists the parameters of a long signature as definitions of nothing, and calls a list what
    holds more than items; MyST-NB names all folded code alike, whatever the words on it are.

    Examples
    --------
    >>> readable('<dl><dd>a,</dd></dl>')
    '<span class="sig-lines"><span>a,</span></span>'
    """

    def lines(found: re.Match[str]) -> str:
        inner = found[1].replace("<dd>", "<span>").replace("</dd>", "</span>")
        return f'<span class="sig-lines">{inner}</span>'

    body = re.sub(r"<dl>(\s*<dd>.*?)</dl>", lines, body, flags=re.DOTALL)
    # What a path is on the building machine belongs on no page.
    body = re.sub(r'<em class="property">(?:(?!</em>).)*Path\(.*?</em>', "", body)
    body = body.replace(' role="list" class="citation-list"', ' class="citation-list"')
    return body.replace('<summary aria-label="Toggle hidden content">', "<summary>")


def mark_claims(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Give tables with the header of claims the class claims."""
    for table in doctree.findall(nodes.table):
        head = next(iter(table.findall(nodes.thead)), nodes.thead())
        if tuple(entry.astext() for entry in head.findall(nodes.entry)) == CLAIMS:
            table["classes"].append("claims")


def open_boxes(app: Sphinx, doctree: nodes.document) -> None:
    """Make the text of boxes a plain container.

    sphinx-proof and sphinx-exercise write it as a section without a title, all of them with one
    id, which is no valid HTML, and which sphinx-codeautolink cannot read.
    """
    for section in list(doctree.findall(nodes.section)):
        if section.first_child_matching_class(nodes.title) is None:
            box = section.parent
            text = nodes.container("", *section.children, classes=section["classes"])
            box[box.index(section)] = text  # not replace_self, which hands on the ids


def setup(app: Sphinx) -> dict[str, bool]:
    """Register all of it."""
    app.add_role("repository", repository_role)
    app.connect("config-inited", find_repository)
    app.connect("doctree-read", open_boxes, priority=100)  # before all that read sections
    app.connect("doctree-resolved", mark_claims)
    app.connect("html-page-context", add_first_lines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
