"""Small pictures and archives that several tests read."""

import io
import tarfile
import zipfile
from pathlib import Path

import cv2
import numpy as np


def make_jpeg(width: int = 300, height: int = 280, colour: tuple[int, int, int] = (40, 120, 200)) -> bytes:
    """A JPEG file of one BGR colour."""
    return cv2.imencode(".jpg", np.full((height, width, 3), colour, np.uint8))[1].tobytes()


def make_archive(path: Path, members: dict[str, bytes]) -> Path:
    """Write `members` (name: content) to a tar of any compression, a zip or a folder, as the suffix of `path` says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
    elif path.suffix:
        with tarfile.open(path, "w:" + path.suffix[1:].replace("tar", "")) as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    else:
        for name, content in members.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return path
