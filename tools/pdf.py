"""Print the built book into one PDF: every page of the contents by a headless browser, in order.

    python tools/pdf.py _build/html _build/which-dt.pdf

Needs Debian's packages chromium and chromium-driver. Links from page to page lead to the page's
first sheet, and each page has a bookmark.
"""

from __future__ import annotations

import base64
import shutil
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import urldefrag

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import ArrayObject, Fit, NameObject
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync")
PAPER = {
    "printBackground": True,
    "preferCSSPageSize": False,
    "paperWidth": 8.27,
    "paperHeight": 11.69,
    **dict.fromkeys(("marginTop", "marginBottom", "marginLeft", "marginRight"), 0.6),
}
READY = """
const done = arguments[0];
(async () => {
  if (document.querySelector(".math")) await MathJax.startup.promise;
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  done(document.title);
})();
"""


class Quiet(SimpleHTTPRequestHandler):
    """A server that writes no log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep silent."""


def pages(contents: dict[str, Any]) -> list[str]:
    """Return the pages that a table of contents names, in order.

    Examples
    --------
    >>> pages({"root": "a", "parts": [{"chapters": [{"file": "b", "sections": [{"file": "c"}]}]}]})
    ['a', 'b', 'c']
    """
    found = [contents[key] for key in ("root", "file") if key in contents]
    for key in ("parts", "chapters", "sections"):
        for inner in contents.get(key, []):
            found += pages(inner)
    return found


def browser() -> webdriver.Chrome:
    """Start the browser, or say what to install."""
    names = ("chromium", "chromium-browser", "google-chrome")
    binary = next(filter(None, map(shutil.which, names)), None)
    driver = shutil.which("chromedriver")
    if not (binary and driver):
        raise SystemExit(
            "make pdf needs a browser: install Debian's packages chromium, chromium-driver"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in FLAGS:
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(driver))


def print_pages(site: Path, names: list[str]) -> tuple[str, list[tuple[str, str, bytes]]]:
    """Print pages of a site; return the address they had, and each one's name, title and PDF."""
    handler = partial(Quiet, directory=str(site))
    printed = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        driver = browser()
        try:
            for name in names:
                driver.get(f"{address}/{name}.html")
                title = driver.execute_async_script(READY).partition(" — ")[0]
                sheet = driver.execute_cdp_cmd("Page.printToPDF", PAPER)["data"]
                printed.append((name, title, base64.b64decode(sheet)))
        finally:
            driver.quit()
            server.shutdown()
    return address, printed


def join(address: str, printed: list[tuple[str, str, bytes]]) -> PdfWriter:
    """Join what was printed, with bookmarks, and lead links between pages to their first sheets."""
    book, first = PdfWriter(), {}
    for name, title, sheet in printed:
        first[f"{address}/{name}.html"] = len(book.pages)
        for page in PdfReader(BytesIO(sheet)).pages:
            book.add_page(page)
        book.add_outline_item(title=title, page_number=first[f"{address}/{name}.html"])
    for number, page in enumerate(book.pages):
        before = list(page.get("/Annots", []))
        kept = []
        for reference in before:
            annotation = reference.get_object()
            uri = str(annotation.get("/A", {}).get("/URI", ""))
            if not uri.startswith(address):
                kept.append(reference)
            elif urldefrag(uri).url in first:
                target = first[urldefrag(uri).url]
                link = Link(rect=annotation["/Rect"], target_page_index=target, fit=Fit.fit())
                book.add_annotation(number, link)
        if before:
            annotations = cast(ArrayObject, page["/Annots"])
            made = [reference for reference in annotations if reference not in before]
            page[NameObject("/Annots")] = ArrayObject([*kept, *made])
    book.add_metadata({"/Title": printed[0][1]})
    book.compress_identical_objects()
    return book


def main(site: str, target: str) -> int:
    """Print the book of this folder, and say how long it is."""
    contents = yaml.safe_load(Path("_toc.yml").read_text(encoding="utf-8"))
    book = join(*print_pages(Path(site), pages(contents)))
    book.write(target)
    size = Path(target).stat().st_size / 1e6
    print(f"{target}: {len(book.pages)} sheets, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
