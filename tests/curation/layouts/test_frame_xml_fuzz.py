"""Thousands of damaged and hostile XML files: skipped or read, never believed, never obeyed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import orjson

from tests.curation.layouts.damage import damaged_files
from tests.curation.trees import frame_xml, object_xml, video_folders
from tests.waiting import HUNG

FILES = 2500
SOUND = 200_000
"""Number of a sound frame put after the damaged ones."""


def test_damaged_xml_is_read_or_skipped_and_never_obeyed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    secret = tmp_path / "secret"
    secret.write_text("n-secret-n")
    trap = tmp_path / "trap"
    os.mkfifo(trap)  # opening it would hang the reader
    images, annotations = video_folders(tree, "a", "v")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        targets = [
            secret.as_uri(),
            trap.as_uri(),
            f"http://127.0.0.1:{listener.getsockname()[1]}/x",
            "secret",
        ]
        kinds = Counter()
        for number, (kind, content) in enumerate(damaged_files(FILES, 15, targets)):
            kinds[kind] += 1
            (annotations / f"{number:06d}.xml").write_bytes(content)
            (images / f"{number:06d}.JPEG").touch()
        (annotations / f"{SOUND:06d}.xml").write_bytes(frame_xml([object_xml(77)]))
        (images / f"{SOUND:06d}.JPEG").touch()
        before = snapshot(tmp_path)
        run = subprocess.run(
            [sys.executable, "-m", "tests.curation.layouts.damage", str(tree)],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            timeout=HUNG,
            check=False,
        )
        listener.setblocking(False)
        try:
            listener.accept()
        except BlockingIOError:
            pass
        else:
            raise AssertionError("an annotation made the reader open a network connection")
    assert run.returncode == 0, run.stderr.decode()[-2000:]
    assert snapshot(tmp_path) == before
    assert b"secret" not in run.stdout

    found = orjson.loads(run.stdout)
    skipped = found["skipped"]
    assert skipped["items"] >= FILES + 1
    assert set(skipped["by_reason"]) <= {
        "malformed XML",
        "unsafe filename",
        "bad image size",
        "bad trackid",
        "bad class name",
        "bad number",
        "empty box",
        "box outside image",
        "repeated track",
        "image size differs",
    }
    assert all(
        "\n" not in message and len(message) < 500
        for kept in skipped["examples"].values()
        for message in kept
    )
    video = found["document"]["videos"]["v"]
    assert (video["width"], video["height"]) == (320, 240)
    assert SOUND in video["frames"]
    for track in video["tracks"]:
        assert 0 <= track["id"] <= 999_999
        for x, y, w, h in track["boxes"]:
            assert min(w, h) >= 1
            assert -320 <= x < 320 and x + w <= 640 and x + w > 0  # noqa: PT018
            assert -240 <= y < 240 and y + h <= 480 and y + h > 0  # noqa: PT018
    # Both outcomes are common, so that the test is not about one of them only.
    assert len(video["frames"]) > FILES / 10
    assert skipped["by_reason"]["malformed XML"] > FILES / 4
    assert len(kinds) == 10


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, size and time of everything in a folder."""
    stats = ((path, path.lstat()) for path in sorted(folder.rglob("*")))
    return {str(path): (s.st_mode, s.st_size, s.st_mtime_ns) for path, s in stats}
