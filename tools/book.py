"""Build the book as `jupyter-book build` does, but on all cores: its command has no option for it.

Call it as that: ``python tools/book.py -W --keep-going .``
"""

from __future__ import annotations

import gc
import os
import sys
from functools import partial

from jupyter_book import sphinx
from jupyter_book.cli.main import main


def cores() -> int:
    """Return how many cores this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


if __name__ == "__main__":
    # A build makes millions of nodes and keeps them to its end: looking for garbage among them
    # takes longer than it is worth.
    gc.disable()
    sphinx.build_sphinx = partial(sphinx.build_sphinx, jobs=cores())
    main(["build", *sys.argv[1:]])
