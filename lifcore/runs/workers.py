"""Processes that compute tasks, and what they are handed: a block's own, and the model once."""

from __future__ import annotations

import hashlib
import os
import pickle
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, TypeVar

from lifcore.models.networks import Feedforward, Recurrent
from lifcore.schemes.portions import Watch, watching

LARGE = 2**16
"""Bytes of a pickled model from which on it is handed to a worker once, and not with each task."""

UNKNOWN = 64
"""Workers that an executor is thought to have if it does not say."""

REACH = 10.0
"""Seconds in which a cluster's scheduler has to answer."""

Result = TypeVar("Result")


class Processes(ProcessPoolExecutor):
    """Processes that say how far they are, and that Ctrl-C ends without a word of their own.

    Parameters
    ----------
    workers : int
        Their number.

    Examples
    --------
    >>> Processes(1).shutdown()
    """

    def __init__(self, workers: int) -> None:
        # Forking a process that has threads may deadlock; a spawned one starts clean.
        context = get_context("spawn")
        self.progress, self.begun = context.Value("d", 0.0), context.Value("i", 0)
        super().__init__(
            workers, mp_context=context, initializer=_begin_worker,
            initargs=(self.progress, self.begun),
        )  # fmt: skip

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Submit a task; workers that start for it inherit that Ctrl-C is not for them.

        Examples
        --------
        >>> with Processes(1) as pool:
        ...     pool.submit(pow, 2, 3).result()
        8
        """
        if not hasattr(signal, "pthread_sigmask"):  # on Windows
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> None:
        """End the workers, whatever they are at.

        Examples
        --------
        >>> pool = Processes(1)
        >>> pool.end()
        >>> pool.shutdown()
        """
        for worker in list((self._processes or {}).values()):
            worker.terminate()


_worker_progress: Any = None  # in a worker of Processes


def _begin_worker(progress: Any, begun: Any) -> None:
    global _worker_progress
    _worker_progress = progress
    begun.value = 1  # so the parent knows that a script's import is not what ends them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent is gone: one that was killed could not tell its workers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


_model: tuple[str, Any] = "", None  # of the run that this worker works on


def in_worker(function: Callable[..., Result], key: str, place: Any, *task: Any) -> Result:
    """Run a task in another process, and count it, if anybody looks.

    If it has a `key` its first argument lacks the model, which is at a `place`: a file's name, or
    the pickled bytes.

    Examples
    --------
    >>> in_worker(pow, "", None, 2, 3)
    8
    """
    global _model
    if key:
        if _model[0] != key:
            pickled = Path(place).read_bytes() if isinstance(place, str) else place
            _model = key, pickle.loads(pickled)
        task = (replace(task[0], model=_model[1]), *task[1:])
    progress = _worker_progress
    if progress is None:
        return function(*task)

    def add(share: float) -> None:
        with progress.get_lock():
            progress.value += share

    return counted(Watch(done=add), function, *task)


def counted(run: Watch, function: Callable[..., Result], *task: Any) -> Result:
    """Run a task, which is one in the count of what is done, however its loops see their share.

    Examples
    --------
    >>> counted(Watch(), pow, 2, 3)
    8
    """
    seen = 0.0

    def add(share: float) -> None:
        nonlocal seen
        share = min(share, 1.0 - seen)
        seen += share
        run.done(share)

    own = Watch(run.stop, run.size, add)
    with watching(own):
        own.look()
        found = function(*task)
    run.size = own.size
    run.done(1.0 - seen)
    return found


def number_of_workers(executor: Executor) -> int:
    """Return how many tasks an executor works on at a time, as far as it tells.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> number_of_workers(ThreadPoolExecutor(3))
    3
    """
    client = client_of(executor)
    found = (
        sum(client.nthreads().values())
        if client is not None
        else getattr(executor, "_max_workers", None) or getattr(executor, "num_workers", None)
    )
    return int(found or UNKNOWN)


class Common:
    """What all tasks of a run have in common, put where the workers of an executor find it.

    Without it a network's weights would travel with each block: a machine's own processes read
    them from a file, workers of dask get them from each other. Other executors' tasks carry them.

    Parameters
    ----------
    executor : Executor
        The executor.
    run : object
        The first argument of all tasks; one with a large network as its ``model`` is split.

    Examples
    --------
    >>> with Processes(1) as pool, Common(pool, 2) as common:
    ...     pool.submit(*common.call(pow, (2, 3))).result()
    8
    """

    def __init__(self, executor: Executor, run: Any) -> None:
        self._key, self._place, self._file = "", None, ""
        model = getattr(run, "model", None)
        if not isinstance(model, Feedforward | Recurrent):
            return
        client, here = client_of(executor), isinstance(executor, ProcessPoolExecutor)
        if client is None and not here:
            return
        pickled = pickle.dumps(model)
        if len(pickled) < LARGE:
            return
        self._key = hashlib.sha256(pickled).hexdigest()
        if client is not None:
            # A name of its own: under that of its bytes, a run could be told that a run before it
            # needs them no longer.
            self._place = client.scatter(pickled, broadcast=True, hash=False)
            return
        handle, self._file = tempfile.mkstemp(prefix="lifcore-")
        with os.fdopen(handle, "wb") as file:
            file.write(pickled)
        self._place = self._file

    def __enter__(self) -> Common:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file:
            Path(self._file).unlink(missing_ok=True)

    def call(self, function: Callable[..., Any], task: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what to submit for a task.

        Examples
        --------
        >>> from concurrent.futures import ThreadPoolExecutor
        >>> with ThreadPoolExecutor(1) as pool, Common(pool, 2) as common:
        ...     common.call(pow, (2, 3)) == (in_worker, pow, "", None, 2, 3)
        True
        """
        if self._key:
            task = (replace(task[0], model=None), *task[1:])
        return (in_worker, function, self._key, self._place, *task)


def client_of(executor: Executor) -> Any:
    """Return the client of an executor of dask's, else None; without importing dask.

    Examples
    --------
    >>> with Processes(1) as pool:
    ...     client_of(pool)
    """
    theirs = (kind.__module__.partition(".")[0] == "distributed" for kind in type(executor).__mro__)
    return getattr(executor, "_client", None) if any(theirs) else None


def cluster(address: str) -> Executor:
    """Return an executor on a cluster of dask's, whose connection ends with it.

    Parameters
    ----------
    address : str
        That of the scheduler, as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    ValueError
        If dask.distributed is not installed, or no scheduler answers there within `REACH` seconds.

    Examples
    --------
    >>> cluster("nowhere")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: executor = 'dask:nowhere': no scheduler answers; start one by...
    """
    text = f"executor = {f'dask:{address}'!r}"
    try:
        from distributed import Client
        from distributed.cfexecutor import ClientExecutor
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise ValueError(f"{text} needs dask: pip install 'lifcore[cluster]'") from error

    class Cluster(ClientExecutor):
        def shutdown(self, wait: bool = True, **options: Any) -> None:
            super().shutdown(wait, **options)
            self._client.close()

    try:
        # A client that cannot connect tries until its time is over, and prints tracebacks then.
        socket.create_connection(get_address_host_port(address), REACH).close()
        client = Client(address, timeout=REACH, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"{text}: no scheduler answers; start one by  dask scheduler  and its workers by  "
            "dask worker ADDRESS"
        ) from error
    return Cluster(client)
