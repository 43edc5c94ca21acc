"""A tracker that is a separate program and speaks TraX, in any language, as the VOT toolkit runs them.

Its process is started anew for every start, as the toolkit does. It gets frames as PNG files unless it takes them from
memory alone, and boxes as rectangles, which the protocol writes with two decimals.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.errors import InputError
from training.messages import first_line
from training.tracking.interface import Box, CheckedTracker, Frame
from training.tracking.roster import PATIENCE


class TraxTracker(CheckedTracker):
    """A command that speaks TraX, run in the current folder.

    Parameters
    ----------
    command : str
        Program and arguments, as in a shell, which is not asked.
    deterministic : bool
        Whether it says so of itself.
    seconds : float
        Most that it may take for an answer, the first one with its start.

    Raises
    ------
    InputError
        If the package `vot-trax` is not installed; from `init` and `update` if the command cannot be started, ends,
        takes too long, or does not speak the protocol.
    """

    def __init__(self, command: str, *, deterministic: bool = False, seconds: float = PATIENCE) -> None:
        try:
            import trax  # noqa: F401  (of the optional extra `vot`)
        except ImportError:
            raise InputError(
                f"trax:{command} needs the package vot-trax, which is not installed",
                do='Run: pip install -e ".[vot]" -c constraints.txt',
            ) from None
        self.deterministic = deterministic
        self._command, self._seconds = command, seconds
        self._end: Callable[[], Any] = lambda: None

    def _start(self, frame: Frame, box: Box) -> None:
        import trax
        from trax.client import Client

        self._end()
        try:
            process = subprocess.Popen(
                shlex.split(self._command), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise InputError(
                f"cannot start {self._command} ({error.strerror})",
                do="Correct the command",
                reason="bad code",
            ) from None
        folder = tempfile.mkdtemp(prefix="trax-")
        self._process, self._file = process, Path(folder, "frame.png")
        self._held: list[Any] = []
        self._end = weakref.finalize(self, _kill, process, folder, self._held)
        assert process.stdin is not None
        assert process.stdout is not None
        region = trax.Rectangle.create(*map(float, box))
        with self._asking():
            client = Client((process.stdin.fileno(), process.stdout.fileno()), log=_ignore)
            self._held += [client, client._clogger]
            client.initialize(self._images(client, frame), [(region, {})], {})

    def _locate(self, frame: Frame) -> Box:
        client = self._held[0]
        with self._asking():
            objects, _ = client.frame(self._images(client, frame), {}, [])
            return np.array(objects[0][0].bounds(), np.float64)

    def _images(self, client: Any, frame: Frame) -> dict[str, Any]:
        import trax.image as kinds

        if kinds.Image.PATH in client.image_formats:
            cv2.imwrite(str(self._file), frame, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            return {"color": kinds.FileImage.create(str(self._file))}
        return {"color": kinds.MemoryImage.create(np.ascontiguousarray(frame[..., ::-1]))}

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Kill the process if the block takes too long, which ends the block; report the fault."""
        import trax

        late = threading.Event()

        def kill() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._seconds, kill)
        timer.start()
        try:
            yield
        except (trax.TraxException, IndexError, AttributeError) as error:
            what, do = f"gave no answer ({first_line(error)})", "It must speak TraX; see its standard error"
            if late.is_set():
                what = f"took more than {self._seconds:g} s"
                do = "Give it longer: `seconds` beside it in track.trackers"
            raise InputError(f"{self._command} {what}", do=do, reason="bad answer") from None
        finally:
            timer.cancel()


def _ignore(message: str) -> None:
    """Drop the program's output beside the protocol."""


def _kill(process: subprocess.Popen[bytes], folder: str, held: list[Any]) -> None:
    """End the process. The client must end before its streams and its log, because it uses both."""
    while held:
        del held[0]
    shutil.rmtree(folder, ignore_errors=True)
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()
