"""Copy the chapters for Colab: a first cell there brings the book's repository and lifcore.

    python tools/colab.py URL FOLDER

The copies are no part of the repository's main branch, since a cell before the others would change
the numbers of all of them. The workflow that publishes the book puts them on a branch of their own,
which the button on a chapter's page opens.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from notebooks import Notebook, read, write

BOOK = Path(__file__).resolve().parent.parent / "book"
BRANCH = "colab"


def install_cell(url: str) -> dict[str, Any]:
    """Return the cell that makes Colab's machine one on which a chapter runs.

    Examples
    --------
    >>> print(install_cell("https://github.com/someone/which-dt")["source"])
    # Bring the book and its library here; this takes about a minute, once.
    !git clone --quiet --depth 1 https://github.com/someone/which-dt
    %pip install --quiet ./which-dt
    %cd -q which-dt/book
    """
    folder = url.rstrip("/").rsplit("/", 1)[-1]
    source = (
        "# Bring the book and its library here; this takes about a minute, once.\n"
        f"!git clone --quiet --depth 1 {url}\n%pip install --quiet ./{folder}\n"
        f"%cd -q {folder}/book"
    )
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "install",
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def copy(notebook: Notebook, url: str) -> Notebook:
    """Return a notebook that begins with the cell."""
    return notebook | {"cells": [install_cell(url), *notebook["cells"]]}


def open_branch(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Have the button open the copy of a notebook instead of the notebook."""
    main = app.config.html_theme_options.get("repository_branch", "main")
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if button.get("text") == "Colab":
                button["url"] = button["url"].replace(f"/blob/{main}/", f"/blob/{BRANCH}/")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it, after the theme has made its buttons."""
    app.connect("html-page-context", open_branch, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    address, target = sys.argv[1], Path(sys.argv[2]) / "book"
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(BOOK.glob("*.ipynb")):
        write(copy(read(path), address), target / path.name)
