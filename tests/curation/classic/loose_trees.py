"""Trees of crops as PySOT's and SiamFC-PyTorch's scripts write them, and readers of them, from what the forms are."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

Corners = Sequence[float]
"""xmin, ymin, xmax, ymax, as VID's XML has them."""

SIZE = (320, 240)
"""Of frames, width and height."""


def disc_frame(corners: Corners) -> np.ndarray:
    """A dark frame with a bright disc in the middle of the box, half as wide as the box's shorter side."""
    frame = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    x1, y1, x2, y2 = corners
    centre = (round(16 * (x1 + x2) / 2), round(16 * (y1 + y2) / 2))
    radius = round(16 * (min(x2 - x1, y2 - y1) / 4 - 0.5))  # OpenCV draws half a pixel more
    cv2.circle(frame, centre, radius, (255, 255, 255), -1, cv2.LINE_AA, shift=4)
    return frame


def context_side(width: float, height: float) -> float:
    margin = (width + height) / 2
    return float(np.sqrt((width + margin) * (height + margin)))


def pysot_crop(frame: np.ndarray, corners: Corners, size: int) -> np.ndarray:
    """The centres of the outermost pixels lie on the window's edges; beyond the frame there is its mean."""
    x1, y1, x2, y2 = corners
    side = context_side(x2 - x1, y2 - y1) * size / 127
    scale = (size - 1) / side
    left, top = (x1 + x2) / 2 - side / 2, (y1 + y2) / 2 - side / 2
    move = np.array([[scale, 0, -scale * left], [0, scale, -scale * top]])
    mean = frame.mean(axis=(0, 1)).tolist()
    return np.asarray(
        cv2.warpAffine(frame, move, (size, size), borderMode=cv2.BORDER_CONSTANT, borderValue=mean), np.uint8
    )


def siamfc_crop(frame: np.ndarray, corners: Corners, size: int) -> np.ndarray:
    """Whole pixels around ((x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2), resized."""
    x1, y1, x2, y2 = corners
    cx, cy = (x1 + x2 - 1) / 2, (y1 + y2 - 1) / 2
    half = (context_side(x2 - x1, y2 - y1) * size / 127) // 2
    xmin, xmax, ymin, ymax = cx - half, cx + half, cy - half, cy + half
    height, width = frame.shape[:2]
    border = [int(max(over, 0)) for over in (-ymin, ymax - height, -xmin, xmax - width)]
    patch = frame[int(max(0, ymin)) : int(min(height, ymax)), int(max(0, xmin)) : int(min(width, xmax))]
    mean = [int(value) for value in frame.mean(axis=(0, 1))]
    patch = cv2.copyMakeBorder(patch, *border, cv2.BORDER_CONSTANT, value=mean)
    return np.asarray(cv2.resize(patch, (size, size)), np.uint8)


Videos = Mapping[str, Mapping[int, Mapping[int, Corners]]]
"""Video -> trackid -> frame -> corners."""


def moving(frames: int = 4, tracks: int = 2) -> dict[int, dict[int, Corners]]:
    """Tracks of a video whose boxes move and reach out of the frame."""
    return {
        track: {
            frame: (20 + 50 * track + 7 * frame, 30 + 5 * frame, 81 + 50 * track + 9 * frame, 72 + 8 * frame)
            for frame in range(frames)
        }
        for track in range(tracks)
    }


def write_pysot(root: Path, splits: Mapping[str, Videos], *, size: int = 511) -> Path:
    """`crop<size>/` and one JSON a split, as gen_json.py dumps it."""
    for split, videos in splits.items():
        document: dict[str, Any] = {}
        for video, tracks in videos.items():
            folder = root / f"crop{size}" / video
            folder.mkdir(parents=True, exist_ok=True)
            for track, frames in tracks.items():
                for frame, corners in frames.items():
                    image = disc_frame(corners)
                    for kind, side in (("z", 127), ("x", size)):
                        name = folder / f"{frame:06d}.{track:02d}.{kind}.jpg"
                        cv2.imwrite(str(name), pysot_crop(image, corners, side))
                    listed = document.setdefault(video, {}).setdefault(f"{track:02d}", {})
                    listed[f"{frame:06d}"] = list(corners)
        (root / f"{split}.json").write_text(json.dumps(document, indent=4, sort_keys=True))
    return root


def write_siamfc(root: Path, videos: Videos, *, size: int = 255) -> Path:
    """A folder a video, and the pickle of its tracks."""
    meta = []
    for video, tracks in videos.items():
        (root / video).mkdir(parents=True)
        trajectories: dict[int, list[str]] = {}
        for track, frames in tracks.items():
            for frame, corners in frames.items():
                name = f"{frame:06d}"
                trajectories.setdefault(track, []).append(name)
                crop = siamfc_crop(disc_frame(corners), corners, size)
                cv2.imwrite(str(root / video / f"{name}.{track:02d}.x.jpg"), crop)
        meta.append((video, trajectories))
    (root / "meta_data.pkl").write_bytes(pickle.dumps(meta))
    return root


class PysotLoader:
    """Reads a tree as PySOT's loader does: boxes without size are dropped, frames are keys of digits, and the object is
    taken to lie in the middle of the crop, as large as the exemplar's scale makes it.
    """

    def __init__(self, root: Path, index: Path) -> None:
        self.root = root
        self.videos: dict[str, dict[str, dict[str, list[float]]]] = {}
        for video, tracks in json.loads(index.read_text()).items():
            for track, frames in tracks.items():
                kept = {name: box for name, box in frames.items() if box[2] > box[0] and box[3] > box[1]}
                if kept:
                    self.videos.setdefault(video, {})[track] = kept

    def frames(self, video: str, track: str) -> list[int]:
        return sorted(int(name) for name in self.videos[video][track] if name.isdigit())

    def image(self, video: str, track: str, frame: int) -> np.ndarray:
        found = cv2.imread(str(self.root / video / f"{frame:06d}.{track}.x.jpg"))
        assert found is not None
        return np.asarray(found)

    def box(self, video: str, track: str, frame: int) -> tuple[float, float, float, float]:
        """Centre and size in the crop."""
        side = self.image(video, track, frame).shape[0]
        x1, y1, x2, y2 = self.videos[video][track][f"{frame:06d}"]
        scale = 127 / context_side(x2 - x1, y2 - y1)
        return side // 2, side // 2, (x2 - x1) * scale, (y2 - y1) * scale
