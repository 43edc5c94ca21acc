"""Writing and reading back small videos and folders of images."""

from __future__ import annotations

import cv2


def write_images(folder, frames, names=None, ending="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        name = names[index] if names else f"{index:04d}"
        assert cv2.imwrite(str(folder / f"{name}.{ending}"), frame)
    return folder


def write_video(path, frames, rate=10.0):
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def read_back(path):
    capture = cv2.VideoCapture(str(path))
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode()
    rate = capture.get(cv2.CAP_PROP_FPS)
    frames = []
    while True:
        found, frame = capture.read()
        if not found:
            return frames, code, rate
        frames.append(frame)
