"""Where compiled kernels are kept on disk: if that fails, they are compiled anew, and said so.

numba refuses to import a function that it cannot cache, as where lifcore lies in a folder that
nobody may write to and there is no home folder; and a run stops if the disk is full when what it
has compiled is stored. Neither is a reason not to compute.
"""

from __future__ import annotations

import sys
from typing import Any

from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

_told = False


def _tell(error: BaseException) -> None:
    global _told
    if not _told:
        _told = True
        print(
            f"lifcore: compiled kernels cannot be kept ({error}); each process compiles them anew, "
            "which takes a minute: name a folder by the environment variable NUMBA_CACHE_DIR",
            file=sys.stderr,
        )


def tolerate() -> None:
    """Let functions of lifcore go without a cache that numba cannot find or write.

    Examples
    --------
    >>> tolerate()
    """
    if getattr(Dispatcher.enable_caching, "tolerant", False):
        return
    enable, save = Dispatcher.enable_caching, FunctionCache.save_overload

    def enable_caching(self: Any) -> None:
        try:
            enable(self)
        except RuntimeError as error:
            if not self.py_func.__module__.startswith("lifcore."):
                raise
            _tell(error)

    def save_overload(self: Any, sig: Any, data: Any) -> None:
        try:
            save(self, sig, data)
        except OSError as error:
            if not self._py_func.__module__.startswith("lifcore."):
                raise
            _tell(error)

    enable_caching.tolerant = True  # type: ignore[attr-defined]
    for owner, function in ((Dispatcher, enable_caching), (FunctionCache, save_overload)):
        setattr(owner, function.__name__, function)


tolerate()
