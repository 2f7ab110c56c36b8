"""The site that several modules of tests read."""

import fcntl

import pytest

from site_under_test import SITE, build, is_stale


@pytest.fixture(scope="session")
def site():
    """The built book: `make book` may have it ready, else one of the workers builds it here."""
    SITE.parent.mkdir(exist_ok=True)
    with (SITE.parent / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_stale():
            build()
    return SITE
