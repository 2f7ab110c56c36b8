"""The built site, for the tests that read it; built again if a source is newer."""

import contextlib
import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
SOURCES = ("_config.yml", "_toc.yml", "_static", "book", "tools", "lifcore")


def is_stale(site=SITE, root=ROOT):
    """Whether the site is missing, unfinished, or older than one of its sources."""
    stamp = site / "searchindex.js"  # what a build writes last
    if not stamp.is_file():
        return True
    files = (path for name in SOURCES for path in [root / name, *(root / name).rglob("*")])
    built = stamp.stat().st_mtime
    return any(
        path.stat().st_mtime > built
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    )


def build(root=ROOT):
    """Build the book as `make book` does."""
    done = subprocess.run(
        [sys.executable, "tools/book.py", "-W", "--keep-going", "--all", "."],
        cwd=root,
        env=os.environ | {"PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@contextlib.contextmanager
def serve(folder):
    """Serve a folder on loopback, and give its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def anchors(html):
    """Every id and name of a page."""
    return set(re.findall(r'\b(?:id|name)="([^"]+)"', html))
