"""Sphinx extension: sphinx-codeautolink writes its links block by block.

It makes a tree of every page for the few blocks of code on it, compares each of its examples with
every block, and reads all cells anew for each cell: half of the time that a build took. Here
it goes by the blocks as Sphinx writes them, and reads on where it stopped. What it links, and where
to, is its own finding; what cannot be placed so is left to it, and it complains.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict, deque
from collections.abc import Callable
from html import unescape
from typing import Any

import sphinx_codeautolink.extension as codeautolink
from sphinx.application import Sphinx
from sphinx_codeautolink.extension import block as blocks
from sphinx_codeautolink.extension.block import construct_name_pattern
from sphinx_codeautolink.parse import ImportTrackerVisitor, Name

#: A block of highlighted code, as Sphinx writes it: its head, its lines, its end.
BLOCK = re.compile(
    r'(<div class="(?:doctest )?highlight-\w+ notranslate"><div class="highlight"><pre>)'
    r"(.*?)(</pre></div>\s*</div>)",
    re.DOTALL,
)


def plain(html: str) -> str:
    r"""Return the text of a block of code.

    Examples
    --------
    >>> plain('<span class="n">a</span> <span class="o">&lt;</span> 1\n')
    'a < 1'
    """
    return unescape(re.sub(r"<[^>]*>", "", html)).rstrip()


def link_names(html: str, names: list[Name], addresses: dict[str, str]) -> str | None:
    """Link the names in a block's lines; nothing if one of them is not where it should be.

    Parameters
    ----------
    html : str
        The highlighted lines.
    names : list of Name
        What is named there, in which line, and what it is.
    addresses : dict of str to str
        Where each thing is documented.
    """
    lines = html.split("\n")
    for name in names:
        here = slice(name.lineno - 1, name.end_lineno)
        text = "\n".join(lines[here])
        # The last one: in a.b = a.b, what is read comes before what is set.
        found = list(re.finditer(construct_name_pattern(name), text))[-1:]
        if not found:
            return None
        start, end = found[0].start() + len(found[0][1]), found[0].end()
        shown = text[start:end]
        said = re.sub(r"\s+", "", plain(shown)) == name.resolved_location
        title = "" if said else f' title="{name.resolved_location}"'
        address = addresses[name.resolved_location]
        link = f'<a class="sphinx-codeautolink-a" href="{address}"{title}>{shown}</a>'
        lines[here] = f"{text[:start]}{link}{text[end:]}".split("\n")
    return "\n".join(lines)


def by_block(whole: Callable[..., str]) -> Callable[..., str]:
    """Make of the function that links the code of a page one that goes block by block."""

    def linked(
        page: str,
        html: str,
        transforms: list[Any],
        inventory: dict[str, str],
        *rest: Any,
        **how: Any,
    ) -> str:
        waiting: dict[str, deque[Any]] = defaultdict(deque)
        for transform in transforms:
            waiting[transform.source.rstrip()].append(transform)
        named = {name.resolved_location for transform in transforms for name in transform.names}
        up = "../" * page.count("/")
        addresses = {name: up + inventory[name] for name in named}

        def one(block: re.Match[str]) -> str:
            queue = waiting.get(plain(block[2]))
            if not queue:
                return block[0]
            transform = queue.popleft()
            lines = link_names(block[2], transform.names, addresses)
            if lines is None:
                return whole(page, block[0], [transform], inventory, *rest, **how)
            return block[1] + lines + block[3]

        html = BLOCK.sub(one, html)
        lost = [transform for queue in waiting.values() for transform in queue]
        if lost:
            whole(page, "", lost, inventory, *rest, **how)
        return html

    return linked


class Reader:
    """Find the names in code; of code that begins with what was read last, only those that follow.

    A chapter's cells come as the first, the first and the second, and so on; of the names before
    the last cell nobody asks again.
    """

    def __init__(self) -> None:
        self.read: str | None = None
        self.tracker = ImportTrackerVisitor(None)

    def __call__(self, source: str, node: Any) -> list[Name]:
        """Return the names in a source, in place of sphinx-codeautolink's `parse_names`."""
        skipped = 0
        if self.read is not None and source.startswith(f"{self.read}\n"):
            skipped = self.read.count("\n") + 1
        tree = ast.parse(source.split("\n", skipped)[-1])
        ast.increment_lineno(tree, skipped)
        if not skipped:
            self.tracker = ImportTrackerVisitor(node)
        self.tracker.doctree_node, self.tracker.accessed = node, []
        self.tracker.visit(tree)
        self.read = source
        return self.tracker.accessed


def setup(app: Sphinx) -> dict[str, bool]:
    """Take its place."""
    app.setup_extension("sphinx_codeautolink")
    if codeautolink.link_html.__module__ != __name__:  # a second build in one process
        codeautolink.link_html = by_block(codeautolink.link_html)
        blocks.parse_names = Reader()
    return {"parallel_read_safe": True, "parallel_write_safe": True}
