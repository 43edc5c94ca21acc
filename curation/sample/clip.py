"""A clip of the built-in evaluation sequences: one video, and who is followed in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clip:
    """One video and the targets followed in it.

    Attributes
    ----------
    layout : str
        A key of `layouts.WRITERS`.
    name : str
        Of the folder.
    style : str
        A variant of the layout, see the writers.
    first : int
        Number of the first image file.
    lead_in : bool
        Whether the annotation starts `LEAD_IN` images later than the images.
    targets : int
        Objects followed, each a sequence of its own.
    halves : bool
        Whether each target has its own stretch of the clip (UAV123's way of cutting one long video).
    occluded : int
        How many of the first objects something in the foreground passes.
    leaves : bool
        Whether the first target leaves the image for a while.
    benchmarks : tuple of str
        The lists that name it.
    """

    layout: str
    name: str
    style: str = ""
    first: int = 1
    lead_in: bool = False
    targets: int = 1
    halves: bool = False
    occluded: int = 0
    leaves: bool = False
    benchmarks: tuple[str, ...] = ()
