"""The file that verify writes: whole at any time, of one run alone, and a place to go on from.

Beside ``FILE`` lies ``FILE.meta.json``, which says how the claims came about and which chapters are
finished. Either is written under another name in the same folder and then renamed, so that nobody
ever finds a part of it. The second names the checksums of the first before and after the last
chapter: so a run that was killed between the two renames is known by them, and a file that
was changed, cut off or put there by something else is not taken for the work of this run.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from lifcore.commands.report import beside

if sys.platform != "win32":
    import fcntl

STOPPED = "run"
"""Id of the row that says that a chapter did not run to its end."""


SHOWN = ("chapter", "id", "statement", "verdict", "expectation", "measurement")
"""What verify prints of a claim."""


class UnusableError(ValueError):
    """A file that cannot be written to, is in use, or cannot be gone on from; says which and why.

    Examples
    --------
    >>> isinstance(UnusableError(), ValueError)
    True
    """


class ClaimsFile:
    """Claims of finished chapters in a JSON file; a context that keeps other runs off it.

    Parameters
    ----------
    path : Path
        The file.
    about : dict
        Of what run it is: seed, scale, versions, chapters asked for and their contents.
        What is resumed must agree in all of it.

    Raises
    ------
    UnusableError
        On entry, if the file cannot be written or another run is writing it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "claims.json"
    ...     with ClaimsFile(path, {"seed": 1}) as kept:
    ...         kept.add("model", 2.0, [dict.fromkeys(SHOWN, "model")])
    ...     with ClaimsFile(path, {"seed": 1}) as again:
    ...         again.resume(["model", "layers"])
    ['model']
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self._path, self._about = path, about
        self._finished: list[dict[str, Any]] = []
        self._digest = ""
        self.rows: list[dict[str, Any]] = []
        self._lock = -1

    def __enter__(self) -> ClaimsFile:
        said = str(self._path)
        try:
            self._path = self._path.resolve()  # what a link names is replaced, not the link
            self._hidden = self._path.with_name(f".{self._path.name}.lock")
            for path in (self._path, beside(self._path)):
                if path.is_dir():
                    raise IsADirectoryError(0, "Is a directory")
                if path.exists():
                    if not path.is_file():  # as /dev/null, which a rename would do away with
                        raise OSError(0, "not a regular file")
                    path.open("a").close()
            if not self._take():
                raise UnusableError(
                    f"{said!r} is being written by another run; name another file, or wait"
                )
            for path in (self._path, beside(self._path)):
                _temporary(path).write_text("")
                _temporary(path).unlink()
        except (OSError, RuntimeError, ValueError) as error:
            self.__exit__(None, None, None)
            if isinstance(error, UnusableError):
                raise
            # Not of the system: links in a circle before Python 3.13, a zero byte in a name.
            why = getattr(error, "strerror", None) or error
            raise UnusableError(f"{said!r} cannot be written ({why})") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock >= 0:
            self._hidden.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

    def _take(self) -> bool:
        """Lock a file beside ours; a lock ends with its process, however that ends."""
        while True:
            self._lock = os.open(self._hidden, os.O_RDWR | os.O_CREAT, 0o666)
            if sys.platform != "win32":
                try:
                    fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    os.close(self._lock)
                    self._lock = -1
                    return False
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(self._lock), self._hidden.stat()):
                    return True
            os.close(self._lock)  # its owner took it away while we waited

    def resume(self, names: Iterable[str]) -> list[str]:
        """Take up what an earlier run has finished; return the names of those chapters.

        A chapter that stopped before its end is not among them.

        Parameters
        ----------
        names : iterable of str
            The chapters asked for, in their order.

        Raises
        ------
        UnusableError
            If the file is damaged, or not of such a run.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with ClaimsFile(Path(folder) / "claims.json", {"seed": 1}) as kept:
        ...         kept.resume(["model"])
        []
        """
        if not self._path.exists():  # killed before its first chapter was finished
            return []
        path = str(self._path)
        try:
            text = self._path.read_bytes()
            meta = json.loads(beside(self._path).read_text(encoding="utf-8"))
            finished, (old, new) = list(meta["chapters"]), meta["sha256"]
            before = {name: meta[name] for name in self._about}
            stopped = {one["name"]: bool(one["stopped"]) for one in finished}
            finished[-1]  # a file is written with its first chapter
        except FileNotFoundError:
            raise UnusableError(
                f"{path!r} cannot be resumed: {beside(self._path).name!r}, which says how it came "
                "about, is missing"
            ) from None
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise UnusableError(
                f"{path!r} cannot be resumed: {beside(self._path).name!r} is damaged, or not a "
                f"record of such a run ({type(error).__name__}: {error})"
            ) from None
        self._digest = hashlib.sha256(text).hexdigest()
        if self._digest not in (old, new):
            raise UnusableError(
                f"{path!r} cannot be resumed: it is not the file that {beside(self._path).name!r} "
                "tells of, but changed, cut off, or of another run"
            )
        for name, value in json.loads(json.dumps(self._about)).items():
            if before[name] != value:
                raise UnusableError(
                    f"{path!r} cannot be resumed: its {name} is {_short(before[name])}, that "
                    f"of this run {_short(value)}"
                )
        if self._digest != new:  # killed when the last chapter was noted, but not stored
            finished.pop()
        try:
            rows = [{**row, **{key: row[key] for key in SHOWN}} for row in json.loads(text)]
            strangers = {row["chapter"] for row in rows} - {one["name"] for one in finished}
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            strangers = {f"{type(error).__name__}: {error}"}
        if strangers:
            raise UnusableError(
                f"{path!r} cannot be resumed: it holds what is no claim of a finished chapter "
                f"({_short(min(map(str, strangers)))})"
            )
        kept = [one["name"] for one in finished if not stopped[one["name"]]]
        self._finished = [one for one in finished if one["name"] in kept]
        self.rows = [row for row in rows if row["chapter"] in kept]
        return [name for name in names if name in kept]

    def add(self, name: str, seconds: float, rows: list[dict[str, Any]]) -> None:
        """Store the claims of one more chapter.

        Parameters
        ----------
        name : str
            Of the chapter.
        seconds : float
            How long it took.
        rows : list of dict
            Its claims.

        Raises
        ------
        OSError
            If the disk is full, or the folder has become read-only: the file is as before then.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "claims.json"
        ...     with ClaimsFile(path, {"seed": 1}) as kept:
        ...         kept.add("model", 2.0, [{"chapter": "model", "id": "rate"}])
        ...     json.loads(path.read_text())
        [{'chapter': 'model', 'id': 'rate'}]
        """
        order = {one: k for k, one in enumerate(self._about.get("chapters_asked_for", []))}
        merged = sorted([*self.rows, *rows], key=lambda row: order.get(row["chapter"], 0))
        stopped = any(row["id"] == STOPPED for row in rows)
        finished = [
            *self._finished,
            {"name": name, "seconds": round(seconds, 1), "stopped": stopped},
        ]
        text = (json.dumps(merged, indent=1, ensure_ascii=False) + "\n").encode()
        digest = hashlib.sha256(text).hexdigest()
        meta = {**self._about, "chapters": finished, "sha256": [self._digest, digest]}
        # Both are on the disk before either takes its name.
        replaced = {beside(self._path): (json.dumps(meta, indent=1) + "\n").encode()}
        replaced[self._path] = text
        try:
            for path, content in replaced.items():
                with _temporary(path).open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            for path in replaced:
                os.replace(_temporary(path), path)
        finally:
            for path in replaced:
                with suppress(OSError):
                    _temporary(path).unlink()
        self.rows, self._finished, self._digest = merged, finished, digest


def _temporary(path: Path) -> Path:
    """Return the name under which a file is written; one, as only one run may write it."""
    return path.with_name(f".{path.name}.tmp")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
