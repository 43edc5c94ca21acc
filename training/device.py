"""The torch device that a setting names."""

from __future__ import annotations

import torch

from curation.errors import InputError
from training.messages import first_line


def pick_device(name: str) -> torch.device:
    """The torch device of a setting.

    Raises
    ------
    InputError
        If torch knows no such device, or this machine has none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device {name!r} is not usable here ({first_line(error)})",
            do="Set device = auto or cpu",
        ) from None
    return device
