"""A reader's browser, for the tests of the site: what it needs, its windows, how to wait for it."""

import shutil
import time

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs a browser: install Debian's packages chromium and chromium-driver",
)
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"
)
DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
#: By how much the page is wider than the window, and what sticks out.
WIDE = """
const over = document.scrollingElement.scrollWidth - innerWidth;
const out = over <= 0 ? [] : [...document.querySelectorAll("article *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => `${e.tagName} ${e.className}: ${e.textContent.slice(0, 40)}`);
return over <= 0 ? [] : [`${over} px`, ...out.slice(0, 5)];
"""


def window(browser, shape, scheme="light"):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", shape)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def wait(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return found
