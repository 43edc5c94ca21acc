"""The on-disk layouts of the benchmarks, as their authors publish them, and the list files beside them.

Every writer takes the benchmark's folder, a clip (see `clip.Clip`), its images, the track of every
target and the JPEG quality; it writes frames and annotation and returns one list entry a target. The form of
a list is that of `training/benchmark/sequences/sequence_list.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.files import write_bytes, write_json
from curation.sample.clip import Clip
from curation.sample.folders import jpeg
from curation.sample.motion import FloatArray
from curation.sample.textures import Image
from curation.sample.tracks import Track

Entry = dict[str, Any]

OTB_ATTRIBUTES = ("IV", "SV", "OCC", "DEF", "MB", "FM", "IPR", "OPR", "OV", "BC", "LR")
UAV_ATTRIBUTES = ("SV", "ARC", "LR", "FM", "FOC", "POC", "OV", "BC", "IV", "VC", "CM", "SOB")
VOT_TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")
SEPARATORS = {"comma": ",", "tab": "\t", "space": " "}

HEADERS: dict[str, Entry] = {
    "otb2013": {
        "title": "OTB-2013 (built in)",
        "kind": "ope",
        "folders": ["OTB"],
        "attributes": OTB_ATTRIBUTES,
    },
    "otb2015": {
        "title": "OTB-2015 (built in)",
        "kind": "ope",
        "folders": ["OTB"],
        "attributes": OTB_ATTRIBUTES,
    },
    "tc128": {"title": "Temple-Color-128 (built in)", "kind": "ope", "folders": ["TC128"]},
    "uav123": {
        "title": "UAV123 (built in)",
        "kind": "ope",
        "folders": ["UAV123"],
        "absent_rows": True,
        "attributes": UAV_ATTRIBUTES,
    },
    "vot2016": {"title": "VOT2016 (built in)", "kind": "vot", "folders": ["VOT2016"], "attributes": VOT_TAGS},
}


def write_list(root: Path, benchmark: str, entries: Sequence[Entry]) -> None:
    """Write `root`/<benchmark>.json, the list of the benchmark's sequences."""
    header = {"schema": 1, "benchmark": benchmark, **HEADERS[benchmark]}
    write_json(root / f"{benchmark}.json", {**header, "sequences": list(entries)})


def write_vot_index(root: Path, names: Sequence[str]) -> None:
    """Write VOT2016/list.txt: one sequence a line."""
    write_bytes(root / "VOT2016" / "list.txt", "".join(f"{name}\n" for name in names).encode())


def _write_frames(folder: Path, pattern: str, first: int, images: Sequence[Image], quality: int) -> None:
    for number, image in enumerate(images, start=first):
        write_bytes(folder / (pattern % number), jpeg(image, quality), durable=False)


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    write_bytes(path, ("\n".join(lines) + "\n").encode("ascii"), durable=False)


def _one_based(boxes: FloatArray) -> NDArray[np.int64]:
    return np.rint(boxes + np.array([1, 1, 0, 0])).astype(np.int64)


def _lead(clip: Clip, images: Sequence[Image], track: Track) -> int:
    """Number of the image file of a track's first row."""
    return clip.first + (len(images) - len(track.boxes) if clip.lead_in else 0)


def _entry(name: str, folder: str, gt_file: str, image: str, start: int, rows: int, **more: Any) -> Entry:
    """A target's entry of the list: its folder and files below the benchmark's, its first image and its length."""
    frames = {"start_frame": start, "end_frame": start + rows - 1}
    return {"name": name, "folder": folder, "gt_file": gt_file, "image": image, **frames, **more}


def write_otb(
    folder: Path, clip: Clip, images: Sequence[Image], tracks: Sequence[Track], quality: int
) -> list[Entry]:
    """OTB: <Seq>/img/%04d.jpg and <Seq>/groundtruth_rect[.k].txt, 1-based; `style` names the separator."""
    _write_frames(folder / clip.name / "img", "%04d.jpg", clip.first, images, quality)
    entries = []
    for number, track in enumerate(tracks, start=1):
        suffix = f".{number}" if len(tracks) > 1 else ""
        rows = [SEPARATORS[clip.style].join(map(str, box)) for box in _one_based(track.boxes)]
        _write_lines(folder / clip.name / f"groundtruth_rect{suffix}.txt", rows)
        names, start = (
            (clip.name + suffix, clip.name, f"groundtruth_rect{suffix}.txt"),
            _lead(clip, images, track),
        )
        attributes = [name for name in OTB_ATTRIBUTES if name in track.traits]
        entries.append(_entry(*names, "img/%04d.jpg", start, len(rows), attributes=attributes))
    return entries


def write_tc128(
    folder: Path, clip: Clip, images: Sequence[Image], tracks: Sequence[Track], quality: int
) -> list[Entry]:
    """Temple-Color: <Seq>/img/%04d.jpg, <Seq>_gt.txt (1-based), <Seq>_frames.txt (first and last image)."""
    (track,) = tracks
    _write_frames(folder / clip.name / "img", "%04d.jpg", clip.first, images, quality)
    truth, rows = f"{clip.name}_gt.txt", [",".join(map(str, box)) for box in _one_based(track.boxes)]
    _write_lines(folder / clip.name / truth, rows)
    start = _lead(clip, images, track)
    _write_lines(folder / clip.name / f"{clip.name}_frames.txt", [f"{start},{start + len(rows) - 1}"])
    return [_entry(clip.name, clip.name, truth, "img/%04d.jpg", start, len(rows))]


def write_uav123(
    folder: Path, clip: Clip, images: Sequence[Image], tracks: Sequence[Track], quality: int
) -> list[Entry]:
    """UAV123: data_seq/UAV123/<video>/%06d.jpg, anno/UAV123/{,att/}<seq>.txt, NaN rows while absent."""
    _write_frames(folder / "data_seq" / "UAV123" / clip.name, "%06d.jpg", clip.first, images, quality)
    entries = []
    start = clip.first
    for number, track in enumerate(tracks, start=1):
        name = f"{clip.name}_{number}" if len(tracks) > 1 else clip.name
        rows = [
            ",".join(map(str, box)) if present else "NaN,NaN,NaN,NaN"
            for box, present in zip(_one_based(track.boxes), track.present, strict=True)
        ]
        _write_lines(folder / "anno" / "UAV123" / f"{name}.txt", rows)
        bits = ",".join(str(int(attribute in track.traits)) for attribute in UAV_ATTRIBUTES)
        _write_lines(folder / "anno" / "UAV123" / "att" / f"{name}.txt", [bits])
        files = f"data_seq/UAV123/{clip.name}", f"anno/UAV123/{name}.txt", "%06d.jpg"
        attributes = [attribute for attribute in UAV_ATTRIBUTES if attribute in track.traits]
        entries.append(_entry(name, *files, start, len(rows), attributes=attributes))
        if clip.halves:
            start += len(rows)
    return entries


def write_vot2016(
    folder: Path, clip: Clip, images: Sequence[Image], tracks: Sequence[Track], quality: int
) -> list[Entry]:
    """VOT: frames %08d.jpg, groundtruth.txt with 0-based polygons, one 0/1 a line for every tag.

    `style` "flat" is the zip of 2016 (frames beside the annotation, tags in *.label), "color" the later
    bundle (frames below color/, tags in *.tag, a `sequence` file). As there, a tag that never holds has no
    file.
    """
    (track,) = tracks
    flat = clip.style == "flat"
    home = folder / clip.name
    _write_frames(home if flat else home / "color", "%08d.jpg", clip.first, images, quality)
    _write_lines(
        home / "groundtruth.txt",
        [",".join(f"{value:.2f}" for value in row.ravel()) for row in track.polygons],
    )
    for name in VOT_TAGS:
        if track.tags[name].any():
            _write_lines(
                home / f"{name}{'.label' if flat else '.tag'}", [str(int(bit)) for bit in track.tags[name]]
            )
    if not flat:
        width, height = track.size
        lines = ["fps=30", "format=default", f"name={clip.name}", f"width={width}", f"height={height}"]
        _write_lines(home / "sequence", [*lines, f"length={len(images)}", "channels.color=color/%08d.jpg"])
    image = "%08d.jpg" if flat else "color/%08d.jpg"
    return [
        _entry(clip.name, clip.name, "groundtruth.txt", image, clip.first, len(images), size=list(track.size))
    ]


Writer = Callable[[Path, Clip, Sequence[Image], Sequence[Track], int], list[Entry]]

WRITERS: dict[str, Writer] = {
    "OTB": write_otb,
    "TC128": write_tc128,
    "UAV123": write_uav123,
    "VOT2016": write_vot2016,
}
"""Folder of a benchmark -> its writer."""
