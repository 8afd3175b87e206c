"""TODO."""

import argparse
import contextlib
import itertools
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from common import UserError, silence_decoders, write_beside
from media.pictures import list_images, read_image, write_image
from media.videos import CODECS, frame_rate, open_video, read_frames, write_video
from reading.drawing import draw
from reading.plate import Plate
from reading.results import append_rows, describe, take_up
from reading.tracks import Track, extend_tracks, part_ended


def ahead(pool: ThreadPoolExecutor, function: Callable, items: Iterable) -> Iterator:
    """What `map(function, items)` gives, with `pool` one item ahead of the one that is taken."""
    futures = deque()
    for item in items:
        futures.append(pool.submit(function, item))
        if len(futures) > 1:
            yield futures.popleft().result()
    yield from (future.result() for future in futures)


def detect_files(
    jobs: list[tuple[Path, Path]], detect: Callable[[np.ndarray], list[Plate]]
) -> Iterator[tuple[Path, list[Plate] | UserError]]:
    """Run `detect` on each photo of `jobs` (photo, where to draw it), while threads decode the next and draw the last.

    Yields each photo's path with its plates once it is written, or with the UserError where it cannot be read. Raises
    UserError where one cannot be written.
    """

    def decode(job):
        try:
            return read_image(job[0])
        except UserError as error:
            return error

    def finish(item):
        (path, out), photo, plates = item
        if photo is not plates:
            try:
                out.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"{out.parent}: cannot be made ({error.strerror}); choose another folder") from None
            write_image(out, draw(photo, plates))
        return path, plates

    with ThreadPoolExecutor(2) as pool:
        decoded = zip(jobs, ahead(pool, decode, jobs), strict=True)
        found = ((job, photo, photo if isinstance(photo, UserError) else detect(photo)) for job, photo in decoded)
        yield from ahead(pool, finish, found)


def detect_video(
    source: Path, video: cv2.VideoCapture, out: Path, detect: Callable[[np.ndarray], list[Plate]]
) -> Iterator[Track]:
    """Run `detect` on each frame of the `video` in `source`, and draw it to the video `out` as `detect_files` does.

    Yields each track when it has ended; a frame shows the codes that were voted up to it. Raises UserError where no
    frame can be read, or `out` cannot be written.
    """
    promised = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    bar = {"total": promised if promised > 0 else None, "unit": "frame", "delay": 2, "disable": None}
    frames, tracks, ended = read_frames(source, video), [], []

    def follow(item):
        seconds, frame = item
        gone, tracks[:] = part_ended(tracks, seconds)
        ended.extend(gone)
        plates = detect(frame)
        joined = extend_tracks(tracks, plates, seconds)
        return frame, [plate._replace(code=track.code) for plate, track in zip(plates, joined, strict=True)]

    with (
        ThreadPoolExecutor(1) as decoder,  # each has one thread, which keeps the frames in order
        write_video(out, frame_rate(video)) as append,
        ThreadPoolExecutor(1) as drawer,
    ):
        decoded = ahead(decoder, lambda _: next(frames, None), itertools.count())
        decoded = tqdm(itertools.takewhile(lambda item: item is not None, decoded), **bar)
        for _ in ahead(drawer, lambda item: append(draw(*item)), map(follow, decoded)):
            yield from ended
            ended.clear()
    yield from ended + tracks


def is_video(path: Path) -> bool:
    return path.suffix.lower() in CODECS and not path.is_dir()


def plan_jobs(source: Path, out: Path, weights: Path, rows: Path | None) -> list[tuple[Path, Path]]:
    """The photos to read, each with the path to write it to.

    Raises UserError where IN and OUT are not of one kind, or a file would be written over one that is read.
    """
    if source.is_dir():
        jobs = [(path, out / path.name) for path in list_images(source)]
        if not jobs:
            raise UserError(f"{source}: holds no picture; name a folder of JPEG or PNG files")
    else:
        jobs = [(source, out)]
        if not out.parent.is_dir():
            raise UserError(f"{out}: its folder does not exist; make it first")
    if is_video(source) and not is_video(out):
        raise UserError(f"{out}: a video is drawn into a video; end its name in one of {', '.join(CODECS)}")
    if out.exists() and out.is_dir() != source.is_dir():
        raise UserError(f"{out}: IN and OUT are both a photograph or both a folder; name another OUT")
    if rows is not None and rows.is_dir():
        raise UserError(f"{rows}: is a folder; name a file for --json")
    taken = {path.resolve() for path in (weights, *(photo for photo, _ in jobs))}
    for path in [drawn for _, drawn in jobs] + [rows] * (rows is not None):
        if path.resolve() in taken:
            raise UserError(f"{path}: is in use by this very command; choose another name")
        taken.add(path.resolve())
    return jobs


def read_photos(
    jobs: list[tuple[Path, Path]], args: argparse.Namespace, detect: Callable[[np.ndarray], list[Plate]]
) -> None:
    """Run `detect` on each photo of `jobs` (photo, where to draw it), and print and write what it sees.

    Raises UserError when none can be read.
    """
    many = args.photo.is_dir()
    left = take_up(jobs, args.json) if args.resume else jobs
    before, read, plateless, skipped = len(jobs) - len(left), 0, 0, []
    # a bar for a folder, where somebody watches, after the first two seconds
    bar = {"total": len(jobs), "initial": before, "unit": "photo", "delay": 2, "disable": None if many else True}
    try:
        with append_rows(args.json, args.resume) if args.json else open(os.devnull, "w", encoding="utf-8") as rows:
            for path, plates in tqdm(detect_files(left, detect), **bar):
                if isinstance(plates, UserError):
                    skipped.append(plates)
                    continue
                for plate in plates:
                    tqdm.write(f"{path.name} {describe(plate)}" if many else describe(plate))
                rows.write(json.dumps({"image": path.name, "plates": [plate.as_dict() for plate in plates]}) + "\n")
                read += 1
                plateless += not plates
            if skipped and len(skipped) == len(jobs):
                raise UserError(f"{args.photo}: no photograph could be read; {skipped[0]}") if many else skipped[0]
    except KeyboardInterrupt:
        there = f"{before + read} of {len(jobs)} photographs"
        print(f"{Path(sys.argv[0]).name}: interrupted with {there} read; --resume goes on from there", file=sys.stderr)
        sys.exit(130)
    if many:
        earlier = f", {before} were read before" if before else ""
        in_all = f"read {read} of {len(jobs)} photographs, {plateless} without a plate{earlier}"
        print(in_all, *(f"skipped {error}" for error in skipped), sep="\n", file=sys.stderr)
    elif plateless:
        print(f"{args.photo}: no plate found", file=sys.stderr)


def read_video(args: argparse.Namespace, detect: Callable[[np.ndarray], list[Plate]]) -> None:
    """Run `detect` on each frame of the video, and print and write the tracks of its plates."""
    silence_decoders()
    video = open_video(args.photo)
    count = 0
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(write_beside(args.json)) if args.json else os.devnull
        rows = stack.enter_context(open(path, "w", encoding="utf-8"))
        for track in stack.enter_context(contextlib.closing(detect_video(args.photo, video, args.out, detect))):
            tqdm.write(f"{describe(track.plate)} {track.first:.2f}-{track.last:.2f}")
            times = {"first": round(track.first, 3), "last": round(track.last, 3), "frames": track.frames}
            rows.write(json.dumps({"video": args.photo.name, **track.plate.as_dict(), **times}) + "\n")
            count += 1
    frames, promised = (int(video.get(key)) for key in (cv2.CAP_PROP_POS_FRAMES, cv2.CAP_PROP_FRAME_COUNT))
    print(f"read {frames} of {max(frames, promised)} frames; plates: {count}", file=sys.stderr)
