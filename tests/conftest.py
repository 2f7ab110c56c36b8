"""Executors that several test modules share."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest


@pytest.fixture(scope="session")
def one_thread():
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture(scope="session")
def processes():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool
