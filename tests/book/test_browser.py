"""The built site as a reader's browser shows it: every page, over HTTP on loopback.

Needs Debian's packages chromium and chromium-driver; the audit of accessibility needs axe-core too
(npm install --prefix _build/npm axe-core). What is missing is skipped, and the reason says what to
install.
"""

import gzip
import json
import os
from functools import cache
from urllib.parse import urlsplit

import pytest

from in_browser import DESK, PHONE, WIDE, needs_browser, wait, window
from site_under_test import ROOT

pytest.importorskip("selenium.webdriver", reason="needs selenium: make setup")
AXE = ROOT / "_build/npm/node_modules/axe-core/axe.min.js"

pytestmark = needs_browser
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason="needs axe-core: npm install --prefix _build/npm axe-core"
)
#: One page of each kind is audited for accessibility; with AUDIT=all, as in .ci/run, every page is.
KINDS = {
    "book/introduction.html",
    "book/map.html",
    "book/model.html",
    "book/glossary.html",
    "book/references.html",
    "book/api/checks.html",
    "_modules/lifcore/schemes/euler.html",
    "genindex.html",
    "search.html",
}
#: What servers send packed.
PACKED = {".html", ".css", ".js", ".svg"}

#: Waits until formulas are set and figures are loaded, and says what the page then holds.
LOOK = r"""
const done = arguments[0];
const still = document.createElement("style");
still.textContent = "* { transition: none !important; animation: none !important; }";
document.head.append(still);
(async () => {
  await window.MathJax?.startup?.promise;
  // Icons are drawn once the page is there, which may be after us on a busy machine.
  for (let k = 0; k < 60 && document.querySelector("i[class*='fa-']"); k++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const images = [...document.images];
  images.forEach((image) => (image.loading = "eager"));
  await Promise.all(images.map((image) => image.decode().catch(() => {})));
  const shown = document.querySelector("article")?.innerText ?? "";
  done({
    unset: [...document.querySelectorAll(".math")]
      .filter((e) => !e.querySelector("mjx-container")).map((e) => e.textContent.slice(0, 80)),
    wrong: [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map((e) => e.textContent),
    broken: images.filter((image) => !image.naturalWidth).map((image) => image.src),
    unnamed: [...document.querySelectorAll("article img")]
      .filter((image) => !image.alt.trim() || /^\.\.|_images/.test(image.alt))
      .map((image) => image.src),
    icons: [...document.querySelectorAll("[class*='fa-']:not(svg)")]
      .filter((e) => e.tagName === "I").map((e) => e.className),
    text: shown.length,
  });
})();
"""
AUDIT = """
const done = arguments[1];
const context = {include: [["html"]], exclude: [["mjx-container"]]};
axe.run(context, {resultTypes: ["violations"], ...arguments[0]}).then((found) => done(
  found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => {
    const first = v.nodes[0];
    const why = [...first.any, ...first.all, ...first.none][0]?.message ?? v.help;
    return `${v.id}, ${v.nodes.length} times: ${first.html.slice(0, 160)} (${why})`;
  })));
"""


def asked(browser):
    """The addresses that the page asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [m["params"]["request"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    inside = ("data:", "blob:", "chrome:", "chrome-untrusted:")  # the browser's own pages
    return [request["url"] for request in sent if not request["url"].startswith(inside)]


def read(browser, address, page):
    """Open a page wide and light, then dark, then on a phone, and say what is wrong with it."""
    window(browser, DESK)
    browser.get(f"{address}/{page}")
    found = browser.execute_async_script(LOOK)
    found["audit"] = found["dark"] = []
    if AXE.is_file() and (page in KINDS or os.environ.get("AUDIT") == "all"):
        browser.execute_script(AXE.read_text(encoding="utf-8"))
        found["audit"] = browser.execute_async_script(AUDIT, {})
        window(browser, DESK, "dark")
        theme = "return document.documentElement.dataset.theme === 'dark'"
        wait(lambda: browser.execute_script(theme), "dark mode")
        contrast = {"runOnly": ["color-contrast"]}
        found["dark"] = browser.execute_async_script(AUDIT, contrast)
    window(browser, PHONE)
    found["wide"] = browser.execute_script(WIDE)
    found["asked"] = asked(browser)
    found["console"] = [
        entry["message"]
        for entry in browser.get_log("browser")
        if entry["level"] in {"SEVERE", "WARNING"} and "favicon" not in entry["message"]
    ]
    return found


def names(site):
    """Every page; of the pages with sources, which one template writes, the index and one more."""
    written = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    sources = [name for name in written if name.startswith("_modules/")]
    left_out = set(sources) - {"_modules/index.html", "_modules/lifcore/schemes/euler.html"}
    return [n for n in written if n not in left_out and not n.startswith("_static/")]


@pytest.fixture(scope="module")
def visits(site, address, browser):
    """What is found on each page, all of them visited once."""
    return {page: read(browser, address, page) for page in names(site)}


def problems(visits, kind):
    return {page: found[kind] for page, found in visits.items() if found[kind]}


def test_all_pages_are_visited(visits):
    assert {"book/introduction.html", "book/map.html", "search.html", "genindex.html"} <= set(
        visits
    )
    assert sum(page.startswith("book/") for page in visits) > 25
    assert visits["book/weak_order.html"]["text"] > 5000


def test_formulas_are_typeset_without_error(visits):
    assert problems(visits, "unset") == {}
    assert problems(visits, "wrong") == {}


def test_figures_are_loaded_and_described(visits):
    assert problems(visits, "broken") == {}
    assert problems(visits, "unnamed") == {}


def test_icons_are_drawn(visits):
    assert problems(visits, "icons") == {}


def test_console_is_silent(visits):
    assert problems(visits, "console") == {}


def test_nothing_is_asked_from_elsewhere(visits, address):
    found = {
        page: [u for u in v["asked"] if not u.startswith(address)] for page, v in visits.items()
    }
    assert {page: urls for page, urls in found.items() if urls} == {}
    assert all(v["asked"] for v in visits.values())


def test_a_phone_needs_no_sideways_scroll(visits):
    assert problems(visits, "wide") == {}


@needs_axe
def test_no_serious_finding_of_the_audit(visits):
    assert set(visits) >= KINDS
    assert problems(visits, "audit") == {}


@needs_axe
def test_dark_mode_has_contrast(visits):
    assert problems(visits, "dark") == {}


def test_first_page_loads_less_than_a_megabyte(site, visits):
    @cache
    def size(name):
        content = (site / name).read_bytes()
        return len(gzip.compress(content) if (site / name).suffix in PACKED else content)

    paths = {urlsplit(url).path.lstrip("/") for url in visits["book/introduction.html"]["asked"]}
    sizes = {path: size(path) for path in paths if (site / path).is_file()}
    assert "_static/mathjax/tex-chtml.js" in sizes
    assert sum(sizes.values()) < 1_000_000, sizes


def test_search_finds_a_theorem_by_a_word(browser, address):
    window(browser, DESK)
    browser.get(f"{address}/search.html?q=tangential")
    script = "return [...document.querySelectorAll('#search-results li a')].map((a) => a.href)"
    ready = "return document.querySelector('#search-results .search-summary')?.innerText ?? ''"
    wait(lambda: "found" in browser.execute_script(ready), "the search's summary")
    links = wait(lambda: browser.execute_script(script), "a result")
    assert any("/book/threshold_flux.html" in link for link in links)


def test_folded_solutions_open(browser, address, site):
    window(browser, DESK)
    state = """
    const box = document.querySelectorAll(".solution.dropdown")[arguments[0]];
    const text = [...box.children].find((e) => !e.matches(".admonition-title, button"));
    return [text.innerText.length, text.getBoundingClientRect().height];
    """
    press = """
    document.querySelectorAll(".solution.dropdown")[arguments[0]].querySelector("button").click();
    """
    opened = 0
    for path in sorted((site / "book").glob("*.html")):
        number = path.read_text(encoding="utf-8").count("solution dropdown admonition")
        if not number:
            continue
        browser.get(f"{address}/book/{path.name}")
        browser.execute_async_script(LOOK)
        for box in range(number):
            assert browser.execute_script(state, box)[1] == 0, f"{path.name}: {box} is not folded"
            browser.execute_script(press, box)
            wait(lambda box=box: browser.execute_script(state, box)[1] > 10, f"{path.name}: {box}")
            opened += 1
    assert opened > 15


def test_two_clicks_lead_from_the_first_page_to_the_answer(browser, address):
    window(browser, DESK)
    browser.get(f"{address}/book/introduction.html")
    look = """
    const link = document.querySelector("a.ask, .ask a");
    const box = link.getBoundingClientRect();
    const table = document.querySelector("article table").getBoundingClientRect();
    return [link.href, box.bottom, table.top];
    """
    browser.execute_async_script(LOOK)
    link, bottom, top = browser.execute_script(look)
    assert link.endswith("/book/which_dt.html")
    assert bottom < DESK["height"]
    assert top < DESK["height"]
