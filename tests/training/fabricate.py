"""Small folders of crops with their imdb: textured targets on textured grounds, in the real file formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from curation.crops.crop_config import CropConfig
from curation.crops.shards import data_offsets, member_name, shard_bytes, write_shard
from curation.files import write_bytes
from curation.imdb.columns import Counts, Header, VideoRows, encode_video, file_parts

CROP = 151
"""Side of the fabricated crops, px; a small exemplar keeps the tests quick."""

EXEMPLAR = 95


def _texture(random: np.random.Generator, side: int, grain: float) -> np.ndarray:
    noise = cv2.GaussianBlur(random.random((side, side, 3)).astype(np.float32), (0, 0), grain)
    return np.asarray(cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX), np.uint8)


def fabricate(
    root: Path,
    split: str,
    *,
    videos: int = 4,
    frames: Sequence[int] = range(8),
    tracks: int = 2,
    seed: int = 0,
    crop_size: int = CROP,
    header: dict[str, Any] | None = None,
    texture: Callable[[np.random.Generator, int, float], np.ndarray] = _texture,
) -> Path:
    """Write `videos` shards under root/crops and root/imdb_video_<split>.json; return the latter.

    In the middle of every crop of a track is one patch of texture, half as large as the exemplar.
    """
    random = np.random.default_rng(seed)
    lines = []
    for index in range(videos):
        name = f"{split}{index:03d}"
        patches = [texture(random, crop_size, 2) for _ in range(tracks)]
        members = []
        for frame in frames:
            for track in range(tracks):
                image = texture(random, crop_size, 6)
                low, high = crop_size // 2 - EXEMPLAR // 4, crop_size // 2 + EXEMPLAR // 4
                image[low:high, low:high] = patches[track][low:high, low:high]
                content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
                members.append((member_name(name, frame, track, "x"), content))
        path = root / "crops" / "a" / f"{name}.tar"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            sizes = np.array(write_shard(stream, members), np.int32)
        order = [k * tracks + t for t in range(tracks) for k in range(len(frames))]
        lines.append(
            encode_video(
                VideoRows(
                    video=f"a/{name}",
                    shard_bytes=shard_bytes(sizes),
                    track=np.arange(tracks, dtype=np.int32),
                    length=np.full(tracks, len(frames), np.int32),
                    frame=np.tile(np.array(frames, np.int32), tracks),
                    boxes=np.full((len(order), 4), 30, np.int32),
                    size=sizes[order],
                    offset=data_offsets(sizes)[order],
                )
            )
        )
    crop = CropConfig(**{"exemplar_size": EXEMPLAR, "search_size": crop_size, **(header or {})})
    about = Header(split, crop, {}, Counts(videos, videos * tracks, videos * tracks * len(frames)))
    path = root / f"imdb_video_{split}.json"
    write_bytes(path, b"".join(file_parts(about, iter(lines))))
    return path
