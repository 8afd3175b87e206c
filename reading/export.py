"""The networks as .onnx files for other programs, with a note on their inputs and outputs."""

import os
from pathlib import Path

from common import ALPHABET, BLANK, READ_MARGIN, WINDOW_SHAPE, UserError, make_folder, write_beside
from media.files import read_bytes
from media.limits import TEXT_BYTES
from model import COLUMNS, FINDER_SHAPE, FINDER_STRIDE, LINES
from reading.finder import BORDER, FINDER_PRESENCE, PLATE_WIDTHS
from reading.graphs import NETWORKS, build_graphs

HEIGHT, WIDTH = WINDOW_SHAPE
PATCH_HEIGHT, PATCH_WIDTH = FINDER_SHAPE
NARROWEST, WIDEST = PLATE_WIDTHS
NOTE = f"""Two networks that read number plates, as ONNX graphs.
Pictures are rows of pixels, each of them blue, green, red, as OpenCV has them.

finder.onnx slides over a picture of any size and says where plates are.

  image       uint8 (1, H, W, 3), at least {PATCH_HEIGHT} high and {PATCH_WIDTH} wide
  presence    float32 (1, h, w): the probability, 0..1, of a plate at each position
  corners     float32 (1, h, w, 8): x and y of the plate's corners

  Position (row, column) sees a patch of {PATCH_HEIGHT}x{PATCH_WIDTH} pixels, whose top left is
  at pixel ({FINDER_STRIDE} row, {FINDER_STRIDE} column). Corners are fractions of the patch.
  The finder answers to plates of {NARROWEST} to {WIDEST} pixels in width. So run it on
  several sizes of a photograph, each with a border of {BORDER} pixels.
  Positions with a presence above {FINDER_PRESENCE} are worth reading.

reader.onnx reads plates that are turned upright.

  windows     uint8 (B, {HEIGHT}, {WIDTH}, 3): each shows a plate that leaves
              {READ_MARGIN:.0%} of its size free on each side
  presence    float32 (B,): the probability, 0..1, of a plate
  corners     float32 (B, 4, 2): x and y of the corners, as fractions of the
              window; cut the plate out by them and read it again
  characters  float32 (B, {LINES * COLUMNS}, {BLANK + 1}): log-probabilities of classes in {COLUMNS} frames
              of line 1 and then {COLUMNS} frames of line 2

  Classes 0 to {BLANK - 1} are {ALPHABET}.
  Class {BLANK} is the blank of CTC. The simplest way to a code: take the best class
  of each frame, drop repetitions, then drop blanks.

Corners are in the order top left, top right, bottom right, bottom left.
"""


def export_networks(weights: str | os.PathLike, folder: Path) -> None:
    """Write the networks of a weights file to `folder` as finder.onnx and reader.onnx, and the note as README.txt.

    Raises UserError when the weights cannot be read, the folder cannot be written, or it has a README.txt of another
    kind.
    """
    graphs = build_graphs(weights)
    make_folder(folder)
    note = folder / "README.txt"
    remedy = "name another folder for --export"
    if note.is_file() and not read_bytes(note, TEXT_BYTES, remedy).startswith(NOTE.splitlines()[0].encode()):
        raise UserError(f"{note}: is not by detect.py; {remedy}")
    contents = {f"{network}.onnx": graph for network, graph in zip(NETWORKS, graphs, strict=True)}
    contents[note.name] = NOTE.encode()
    for name, content in contents.items():
        with write_beside(folder / name) as temporary:
            temporary.write_bytes(content)
