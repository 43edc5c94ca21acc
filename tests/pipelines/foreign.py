"""Damaged and hostile files of every form that comes from outside, and the process that reads them.

`python -m tests.pipelines.foreign FOLDER NUMBER SEED` limits its own memory to 1 GB more than it has after its imports,
writes `NUMBER` files into FOLDER, one after another, and reads each as the commands do. It prints, as JSON, how many of
each form were read and refused, the slowest one, and by how much the memory has grown.
"""

from __future__ import annotations

import io
import random
import re
import resource
import struct
import sys
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import orjson
import scipy.io
import torch
from safetensors.torch import save

from curation.classic.importer import import_classic
from curation.crops.crop_config import CropConfig
from curation.crops.geometry import SIAMFC
from curation.errors import InputError
from curation.parallel import Workers
from pipelines import parameters, settings
from pipelines.tools.profile import overlay, single
from training.backbones.tensor_files import open_tensors
from training.benchmark.overlap.regions import FARTHEST
from training.benchmark.results.formats.jwlim import json_bytes
from training.benchmark.results.formats.matlab import mat_bytes
from training.benchmark.results.formats.segments import Segment
from training.benchmark.results.formats.text import text_bytes
from training.benchmark.results.result_reader import read_segments
from training.benchmark.sequences.sequence_list import load_listing
from training.benchmark.trajectory import Trajectory, read_trajectory
from training.network.initial import load_initial
from training.network.network_config import NetworkConfig
from training.network.siamese_network import SiameseNetwork
from training.network.weights import load_weights, save_weights

MEMORY = 1 << 30

NUMBERS = [
    *("NaN", "inf", "-Infinity", "1e300", "-3e9", "1e999", "0x10", "1_000", "١٢", "1,5", "--1", "", "null", "true"),
    *(str(2**bits + step) for bits in (15, 31, 32, 53, 63, 64, 200) for step in (-1, 0)),
    *('"text"', "[]", "{}", "[[[1]]]", "-1", "0", "1e-320", "9" * 5000, "\\u0000", "2001-99-99", "!!binary aGk="),
    "&a [*a]",
]  # fmt: skip
"""What may stand where a number belongs."""

Damage = Callable[[random.Random, bytes], bytes]


def bit_flips(rng: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8, 40])):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncation(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def splice(rng: random.Random, content: bytes) -> bytes:
    """Cut a piece out, repeat it, or put it elsewhere."""
    start, end = sorted(rng.randrange(len(content)) for _ in range(2))
    place = rng.randrange(len(content))
    piece = content[start:end]
    return rng.choice(
        [
            content[:start] + content[end:],
            content[:end] + piece * rng.randrange(1, 9) + content[end:],
            content[:place] + piece + content[place:],
        ]
    )


def number(rng: random.Random, content: bytes) -> bytes:
    """Something else in the place of one number or of all of them."""
    found = list(re.finditer(rb"-?[0-9][0-9.e+-]*", content))
    value = rng.choice(NUMBERS).encode()
    if not found or rng.random() < 0.1:
        return re.sub(rb"-?[0-9][0-9.e+-]*", lambda _: value, content)
    match = rng.choice(found)
    return content[: match.start()] + value + content[match.end() :]


def encoding(rng: random.Random, content: bytes) -> bytes:
    text = content.decode("latin-1")
    return rng.choice([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\0"]) + text.encode(
        rng.choice(["utf-16", "utf-16-be", "utf-32", "cp037", "utf-8"]), "replace"
    )


def nesting(rng: random.Random, content: bytes) -> bytes:
    """Brackets within brackets, aliases of aliases, or one thing very many times."""
    depth = 10 ** rng.randrange(1, 6)
    place = rng.randrange(len(content))
    laughs = "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, rng.randrange(3, 30))
    )
    inner = rng.choice(
        [
            b"[" * depth + b"]" * rng.choice([0, depth]),
            b'{"a":' * depth + b"1" + b"}" * depth,
            b"[[],{}," * depth,
            b"\n" * depth,
            b"1 " * depth,
            b"1,2,3,4\n" * depth,
            ("a0: &a0 [x, x]\n" + laughs).encode(),
            b"\nx: &x\n  <<: *x\n  y: [*x, *x]\n",
        ]
    )
    return content[:place] + inner + content[place:]


def size(rng: random.Random, content: bytes) -> bytes:
    """Another number in the place of a size, a shape or an offset."""
    width = rng.choice([2, 4, 8])
    at = rng.randrange(max(1, len(content) - width))
    value = rng.choice([0, 1, 7, 1 << 15, 1 << 20, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40])
    packed = (value % (1 << 8 * width)).to_bytes(width, rng.choice(["little", "big"]))
    return content[:at] + packed + content[at + width :]


TEXTS: list[Damage] = [bit_flips, truncation, splice, number, number, number, encoding, nesting]
BINARIES: list[Damage] = [bit_flips, truncation, splice, size, size, size]


def boxes(rng: random.Random, rows: int = 12) -> np.ndarray:
    return np.array([[rng.uniform(1, 300) for _ in range(4)] for _ in range(rows)])


def mat_file(rng: random.Random) -> bytes:
    """As this project, scipy and MATLAB write it, or a lie that only its writer could tell."""
    segments = [Segment(boxes(rng), k + 1, "left", 20.0) for k in range(rng.choice([1, 1, 3]))]
    plain = mat_bytes(segments, anno_begin=1)
    kind = rng.randrange(6)
    if kind == 0:
        return plain
    if kind == 1:  # what is deflated is damaged before it is packed
        inner = rng.choice(BINARIES)(rng, plain[128:])
        packed = zlib.compress(inner)
        return plain[:128] + struct.pack("<II", 15, len(packed)) + packed
    if kind == 2:  # a bomb
        packed = zlib.compress(plain[128:] + b"\0" * rng.choice([1 << 20, 40 << 20]))
        return plain[:128] + struct.pack("<II", 15, len(packed)) + packed
    if kind == 3:  # cells within cells, as far as the file reaches
        inner = b""
        for _ in range(rng.choice([3, 300])):
            head = (
                struct.pack("<IIII", 6, 8, 1, 0) + struct.pack("<IIii", 5, 8, 1, 1) + struct.pack("<II", 1, 0)
            )
            inner = struct.pack("<II", 14, len(head) + len(inner)) + head + inner
        return plain[:128] + inner
    cell = np.empty(1, object)
    cell[0] = {
        "res": rng.choice(
            [boxes(rng), boxes(rng).astype(np.uint8), np.array([["a", 1]], object), "text", 1j * boxes(rng)]
        ),
        "type": rng.choice(["rect", "rect", "ivtAff", 3, np.array([1, "x"], object)]),
        "startFrame": rng.choice([1.0, float("nan"), float("inf"), -5, 2.5, "one", 1e300]),
        "fps": rng.choice([20.0, float("inf"), "fast", np.zeros(0)]),
    }  # fmt: skip
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"results": cell, "other": "x"}, do_compression=kind == 4)
    return stream.getvalue()


def npz_file(rng: random.Random) -> bytes:
    """Two layers, one of which may lie in its header, be of objects, or be packed very small or oddly."""
    good, content = io.BytesIO(), io.BytesIO()
    np.save(good, np.ones((2, 3), np.float32))
    lie = {
        "descr": rng.choice(["<f4", "<f4", ">f8", "|O", "<c8", "<U9", "|V1000000000", [("a", "<f4")]]),
        "fortran_order": rng.choice([True, False]),
        "shape": rng.choice(
            [(4, 4), (10**13,), (2**31, 2**31, 2**31), (-1,), (0,), (3,), ("x",), (10**400,)]
        ),
    }
    if rng.random() < 0.3:
        content = good
    elif rng.random() < 0.1:
        content.write(b"\x93NUMPY\x01\x00v\x00" + b"(" * 118)
    else:
        np.lib.format.write_array_header_1_0(content, lie)
        content.write(b"\0" * rng.choice([64, 64, 0, 8 << 20]))
    stream = io.BytesIO()
    packings = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(stream, "w", rng.choice(packings[:2] * 3 + packings)) as archive:
        archive.writestr("conv1.weight.npy", content.getvalue())
        archive.writestr("conv1.bias.npy", good.getvalue())
    return stream.getvalue()


def tensors_file(rng: random.Random) -> bytes:
    return save({"a": torch.ones(2, 3), "b": torch.arange(4)})


def state_file(rng: random.Random) -> bytes:
    stream = io.BytesIO()
    torch.save(
        {"state_dict": {"a": torch.ones(2, 3)}}, stream, _use_new_zipfile_serialization=rng.random() < 0.5
    )
    return stream.getvalue()


def listing(rng: random.Random) -> bytes:
    entry = {"name": "A", "folder": "A", "image": "img/%04d.jpg", "start_frame": 1, "end_frame": 9}
    return orjson.dumps({"schema": 1, "benchmark": "otb2015", "sequences": [entry], "title": "Mine"})


def index(rng: random.Random) -> bytes:
    crops = [{"instance_path": "a/v/000001.00.crop.x.jpg", "bbox": [1.0, 2.0, 30.0, 40.0]}]
    return orjson.dumps({"num_videos": 1, "videos": {"v": [{"0": crops}]}})


def read_boxes(path: Path) -> None:
    for segment in read_segments(path):
        assert segment.boxes.shape[1] == 4
        assert not (np.abs(segment.boxes) > FARTHEST).any()


def read_runs(path: Path) -> None:
    run = read_trajectory(path)
    assert not (np.abs(run.regions) > FARTHEST).any()


def read_tensors(path: Path) -> None:
    with open_tensors(path) as file:
        for name in file.names():
            if (
                np.prod(file.shape(name), dtype=object) < 1000
            ):  # as a backbone, which knows the shape it needs
                assert file.read(name).isfinite().all()


def read_parameters(path: Path) -> None:
    for section, values in parameters.parse(path.read_bytes(), str(path)).items():
        parameters.build(section, values or {}, str(path))


def read_change(path: Path) -> None:
    """As of `profile --set`."""
    text = overlay(
        "imdb:\n  min_track_length: 1 # a\n", [single(path.read_bytes().decode("utf-8", "surrogateescape"))]
    )
    for section, values in parameters.parse(text, str(path)).items():
        parameters.build(section, values or {}, str(path))


def read_index(path: Path) -> None:
    folder = path.parent / "curated"
    (folder / "a/v").mkdir(parents=True, exist_ok=True)
    crop = folder / "a/v/000001.00.crop.x.jpg"
    if not crop.exists():
        cv2.imwrite(str(crop), np.zeros((255, 255, 3), np.uint8))
    for split in ("train", "val"):
        target = path.parent / "indices" / f"imdb_video_{split}.json"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes() if split == "train" else index(random.Random(0)))
    out = path.parent
    import_classic(
        folder, out / "indices", CropConfig(), out / "crops", out / "imdb", workers=Workers(jobs=1)
    )


def pysot_index(rng: random.Random) -> bytes:
    return orjson.dumps({"a/v": {"00": {"000001": [1.0, 2.0, 30.0, 40.0], "000002": [1, 2, 30, 40]}}})


def read_pysot_index(path: Path) -> None:
    folder = path.parent / "pysot"
    for frame in (1, 2):
        crop = folder / f"crop255/a/v/{frame:06d}.00.x.jpg"
        if not crop.exists():
            crop.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(crop), np.zeros((255, 255, 3), np.uint8))
    (folder / "train.json").write_bytes(path.read_bytes())
    out = (path.parent / "crops", path.parent / "imdb")
    import_classic(folder, folder, CropConfig(), *out, form="pysot", workers=Workers(jobs=1))


FIRST = NetworkConfig(width=0.02)
"""The network of `first_weights`."""


def first_weights(folder: Path) -> bytes:
    path = folder / "first.pth"
    if not path.exists():
        state = SiameseNetwork(FIRST).state_dict()
        torch.save({name: value for name, value in state.items() if name not in ("gain", "bias")}, path)
    return path.read_bytes()


def read_first_weights(path: Path) -> None:
    state, _ = load_initial(path, FIRST, SIAMFC)
    assert all(value.isfinite().all() for value in state.values())


def weights(rng: random.Random, folder: Path) -> bytes:
    path = folder / "weights.safetensors"
    if not path.exists():
        save_weights(path, SiameseNetwork(NetworkConfig(width=0.02)), {})
    return path.read_bytes()


PARAMETERS = (
    b"imdb:\n  val_fraction: 0.1 # a\n  min_track_length: 2\nscore:\n  protocol: matlab\n  filmstrips: 1\n"
)
SETTINGS = b'vid_root = "/data/a b"\njobs = 2\nbackend = "loky"\nstrict_manifest = true\n'


def forms(
    folder: Path,
) -> dict[str, tuple[Callable[[random.Random], bytes], list[Damage], Callable[[Path], object]]]:
    """Name of a file (its ending tells the reader) -> what makes a sound one, what damages it, what reads it."""
    return {
        "a.txt": (lambda rng: text_bytes(boxes(rng), rng.choice(",\t ")), TEXTS, read_boxes),
        "b_001.txt": (
            lambda rng: Trajectory.from_rows([[1.0], *boxes(rng).tolist(), [2.0], [0.0], [1.0] * 8]).text().encode(),
            TEXTS,
            read_runs,
        ),
        "c.json": (
            lambda rng: json_bytes([Segment(boxes(rng), 3, "", 2.0)], tracker="T", sequence="A"),
            TEXTS,
            read_boxes,
        ),
        "d.mat": (mat_file, BINARIES, read_boxes),
        "e.npz": (npz_file, BINARIES, read_tensors),
        "f.safetensors": (tensors_file, [*BINARIES, number], read_tensors),
        "g.pth": (state_file, BINARIES, read_tensors),
        "h.safetensors": (lambda rng: weights(rng, folder), [*BINARIES, number], load_weights),
        "i.yaml": (lambda rng: PARAMETERS, TEXTS, read_parameters),
        "j.set": (lambda rng: b"imdb.min_track_length=2", TEXTS, read_change),
        "k.toml": (lambda rng: SETTINGS, TEXTS, lambda path: settings.load({}, path)),
        "otb2015.json": (listing, TEXTS, lambda path: load_listing("otb2015", path)),
        "m.json": (index, TEXTS, read_index),
        "n.json": (pysot_index, TEXTS, read_pysot_index),
        "o.pth": (lambda rng: first_weights(folder), BINARIES, read_first_weights),
    }  # fmt: skip


def main() -> None:
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("error")
    known = forms(folder)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rng = random.Random(seed)
    outcomes = {name: {"read": 0, "refused": 0} for name in known}
    messages: list[str] = []
    slowest = (0.0, "")
    for at in range(count):
        name = list(known)[at % len(known)]
        sound, damages, read = known[name]
        content = sound(rng)
        if rng.random() < (0.5 if sound in (mat_file, npz_file) else 0.8):
            content = rng.choice(damages)(rng, content)
        path = folder / name
        path.write_bytes(content)
        start = time.process_time()
        try:
            read(path)
            outcomes[name]["read"] += 1
        except InputError as error:
            outcomes[name]["refused"] += 1
            messages.append(str(error))
        except BaseException:
            (folder / "guilty").write_bytes(content)
            sys.stderr.write(f"file {at}, {name}, {len(content)} bytes: {content[:300]!r}\n")
            raise
        slowest = max(slowest, (time.process_time() - start, f"{name} {at}"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    found = {"outcomes": outcomes, "messages": messages, "slowest": slowest, "grown": grown * 1024}
    sys.stdout.buffer.write(orjson.dumps(found))


if __name__ == "__main__":
    main()
