"""Turn failures outside the program into one line: disks, permissions, system limits, memory, missing packages.

Only what the user can fix is explained; an error of the program keeps its traceback.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping

from curation.errors import InputError
from pipelines.missing import CURE, missing
from training.messages import memory_is_full

ROOM = "Free space and inodes there, then run again: finished work is kept"
PERMISSIONS = "Fix the permissions, or run as a user who may, then run again"
RESTORE = "Restore it, then run again"
DISK = "Look after the disk or the network share (dmesg says more), then run again"
LIMITS = "Raise the system's limit (ulimit -a shows them), or use fewer jobs: settings --set jobs=2"
MEMORY = "Use fewer jobs (settings --set jobs=2), a smaller train.batch, or a machine with more memory"

CURES: Mapping[int, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), ROOM),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), PERMISSIONS),
    **dict.fromkeys(
        (errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.EREMOTEIO, errno.ETIMEDOUT), DISK
    ),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.EAGAIN), LIMITS),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG), RESTORE),
    errno.ENOMEM: MEMORY,
}
"""What to do, by the number of the system's error. Others (a closed file, a bad argument) are the program's."""

OTHERS: Mapping[str, str] = {
    "can't start new thread": LIMITS,
    "Too many open files": LIMITS,
    "received 0 items of ancillary data": LIMITS,
    "Symlink loop": RESTORE,
}
"""RuntimeErrors of Python and torch that are the system's, by words in them."""


def explain(error: Exception) -> InputError | None:
    """The line for an error outside the program, or None for a fault of the program.

    An `OSError` is explained if its number is among `CURES` and, where a file is at fault, it names one: the
    number alone would not tell what is missing.
    """
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, ModuleNotFoundError) and (said := missing(error)):
        return InputError(said, do=CURE, reason="missing package")
    if isinstance(error, RuntimeError) and (words := next((w for w in OTHERS if w in str(error)), "")):
        said = next(line for line in str(error).splitlines() if words in line)
        return InputError(said, do=OTHERS[words], reason="system error")
    if memory_is_full(error) or _of_torch(error) or _of_opencv(error):
        said = next((line for line in str(error).splitlines() if "llocate" in line), "")
        return InputError(f"the memory is full{f' ({said})' if said else ''}", do=MEMORY, reason="no memory")
    return None


def _system(error: OSError) -> InputError | None:
    cure = CURES.get(error.errno or 0)
    given = [name for name in (error.filename, error.filename2) if name is not None]
    names = [os.fsdecode(name) if isinstance(name, bytes) else str(name) for name in given]
    if cure is None or (cure is RESTORE and not names):
        return None
    place = f"{' -> '.join(names)}: " if names else ""
    return InputError(f"{place}{error.strerror}", do=cure, reason="system error")


def _of_torch(error: Exception) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, getattr(torch, "OutOfMemoryError", ()))


def _of_opencv(error: Exception) -> bool:
    """OpenCV's error number for too little memory is -4."""
    return type(error).__module__ == "cv2" and getattr(error, "code", 0) == -4
