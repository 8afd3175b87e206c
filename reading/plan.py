"""The plan of a run: where each source is drawn, which part of the sources is read, and what is in the way."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

from common import UserError, find_part, is_special
from media.pictures import IMAGE_SUFFIXES
from media.videos import CODECS
from reading.sources import Film, Inputs, Source

PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"  # characters of a stream's file name


def draw_to(inputs: Inputs, out: Path) -> list[Source]:
    """The sources of `inputs`, to be drawn into the folder `out`, or into a picture or video where there is one source.

    Raises UserError where a source cannot be drawn there.
    """
    if inputs.is_single and not os.path.isdir(out) and out.suffix.lower() in (*IMAGE_SUFFIXES, *CODECS):
        return draw_like(inputs, out)
    return draw_into_folder(inputs.sources, out)


def draw_into_folder(sources: Sequence[Source], folder: Path) -> list[Source]:
    """`sources`, each with a file in `folder` to draw it into.

    Raises UserError where two of them would be drawn into one file, or one outside of the folder.
    """
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise UserError(f"{folder}: is no folder; name another one with --out")
    planned: dict[Path, Source] = {}
    for source in sources:
        drawn = folder / name_drawing(source)
        if Path(source.name).is_absolute() or ".." in Path(source.name).parts or drawn in planned:
            raise UserError(f"{source.name}: would be drawn over another picture; read their folder with --recursive")
        planned[drawn] = dataclasses.replace(source, drawn=drawn)
    return list(planned.values())


def name_drawing(source: Source) -> str:
    """The name of the picture or video that a source is drawn into."""
    if isinstance(source, Film) and source.is_stream:
        return "".join(c if c in PLAIN else "-" for c in source.name) + ".mp4"
    suffixes = CODECS if isinstance(source, Film) else IMAGE_SUFFIXES
    suffix = Path(source.name).suffix.lower()
    if suffix in suffixes:
        return source.name
    return source.name + (".mp4" if isinstance(source, Film) else ".png")


def draw_like(inputs: Inputs, out: Path) -> list[Source]:
    """The sources of `inputs`, to be drawn into `out`: a folder, picture or video, as the input is.

    Raises UserError where they are not of one kind.
    """
    if os.path.exists(out) and os.path.isdir(out) == inputs.is_single:
        raise UserError(f"{out}: IN and OUT are both a photograph or both a folder; name another OUT")
    if not inputs.is_single:
        return draw_into_folder(inputs.sources, out)
    [source] = inputs.sources
    if isinstance(source, Film) and out.suffix.lower() not in CODECS:
        raise UserError(f"{out}: a video is drawn into a video; end its name in one of {', '.join(CODECS)}")
    if not os.path.isdir(out.parent):
        raise UserError(f"{out}: its folder does not exist; make it first")
    return [dataclasses.replace(source, drawn=out)]


def take_part(sources: list[Source], part: int, parts: int) -> list[Source]:
    """The part number `part`, from 1, of `sources` in as many `parts` of nearly the same size."""
    first, end = find_part(len(sources), part, parts)
    return sources[first:end]


def check_files(read: Sequence[Path], written: Sequence[Path]) -> None:
    """Raise UserError where a file would be written over one that is read, or written twice."""
    taken = {os.path.realpath(path) for path in read}
    for path in written:
        if is_special(path):
            continue
        real = os.path.realpath(path)
        if real in taken:
            raise UserError(f"{path}: is in use by this very command; choose another name")
        taken.add(real)
