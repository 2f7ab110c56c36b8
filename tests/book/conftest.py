"""The site that several modules of tests read, and the browser that shows it."""

import fcntl

import pytest

from in_browser import CHROMIUM, DRIVER, FLAGS
from site_under_test import SITE, build, is_stale, serve


@pytest.fixture(scope="session")
def site():
    """The built book: `make book` may have it ready, else one of the workers builds it here."""
    SITE.parent.mkdir(exist_ok=True)
    with (SITE.parent / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_stale():
            build()
    return SITE


@pytest.fixture(scope="module")
def address(site):
    with serve(site) as found:
        yield found


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: make setup")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(180)
    yield driver
    driver.quit()
