"""The plan of a run: drawings that do not meet, parts, and files that are in use."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UserError
from reading.plan import check_files, draw_into_folder, draw_like, draw_to, name_drawing, take_part
from reading.sources import Film, Inputs, Photo


def test_sources_are_drawn_into_a_folder_by_name(tmp_path):
    sources = [Photo(Path("x/a.jpg"), "sub/a.jpg"), Film(Path("b.avi"), "b.avi"), Film(0, "camera 0")]
    drawn = [source.drawn.relative_to(tmp_path).as_posix() for source in draw_into_folder(sources, tmp_path)]
    assert drawn == ["sub/a.jpg", "b.avi", "camera-0.mp4"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (Photo(Path("a"), "a"), "a.png"),
        (Photo(Path("a.gif"), "a.gif"), "a.gif.png"),
        (Photo(Path("a.JPG"), "a.JPG"), "a.JPG"),
        (Film("rtsp://host:554/a/b?c=1", "rtsp://host:554/a/b?c=1"), "rtsp---host-554-a-b-c-1.mp4"),
    ],
)
def test_drawings_have_a_name_that_can_be_written(source, name):
    assert name_drawing(source) == name


@pytest.mark.parametrize("name", ["/a.jpg", "../a.jpg", "x/../../a.jpg"])
def test_nothing_is_drawn_outside_of_the_folder(tmp_path, name):
    with pytest.raises(UserError, match=r"a\.jpg"):
        draw_into_folder([Photo(Path(name), name)], tmp_path)


def test_two_drawings_never_meet(tmp_path):
    with pytest.raises(UserError, match=r"a\.gif\.png"):
        draw_into_folder([Photo(Path("a.gif"), "a.gif"), Photo(Path("a.gif.png"), "a.gif.png")], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--out"):
        draw_into_folder([], tmp_path / "file")


def test_out_is_of_the_inputs_kind(tmp_path):
    photo, film = Photo(Path("a.jpg"), "a.jpg"), Film(Path("a.mp4"), "a.mp4")
    assert draw_like(Inputs([photo], [], True), tmp_path / "out.xyz")[0].drawn == tmp_path / "out.xyz"
    assert draw_like(Inputs([photo], [], False), tmp_path)[0].drawn == tmp_path / "a.jpg"
    (tmp_path / "file").write_text("")
    wrong = [(photo, True, tmp_path), (photo, False, tmp_path / "file"), (film, True, tmp_path / "out.jpg")]
    wrong += [(photo, True, tmp_path / "none" / "out.jpg")]
    for source, is_single, out in wrong:
        with pytest.raises(UserError, match=out.name):
            draw_like(Inputs([source], [], is_single), out)


@pytest.mark.parametrize(
    ("source", "out", "drawn"),
    [
        (Photo(Path("a.jpg"), "a.jpg"), "b.png", "b.png"),
        (Photo(Path("a.jpg"), "a.jpg"), "b", "b/a.jpg"),
        (Photo(Path("a.jpg"), "a.jpg"), "folder.png", "folder.png/a.jpg"),
        (Film(Path("a.avi"), "a.avi"), "b.mp4", "b.mp4"),
        (Film(0, "camera 0"), "b.mp4", "b.mp4"),
    ],
)
def test_one_source_is_drawn_into_a_file_or_a_folder(tmp_path, source, out, drawn):
    (tmp_path / "folder.png").mkdir()
    assert draw_to(Inputs([source], [], True), tmp_path / out)[0].drawn == tmp_path / drawn
    assert draw_to(Inputs([source], [], False), tmp_path / out)[0].drawn == tmp_path / out / name_drawing(source)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(1, 12))
def test_parts_are_the_whole(count, parts):
    sources = [Photo(Path(f"{i}.jpg"), f"{i}.jpg") for i in range(count)]
    shares = [take_part(sources, part, parts) for part in range(1, parts + 1)]
    assert [source for share in shares for source in share] == sources
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_no_file_is_read_and_written(tmp_path):
    (tmp_path / "a.jpg").write_text("")
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    check_files([tmp_path / "a.jpg"], [tmp_path / "b.jpg", tmp_path / "c.jpg", Path("/dev/null"), Path("/dev/null")])
    for written in ([tmp_path / "link.jpg"], [tmp_path / "b.jpg", tmp_path / "x" / ".." / "b.jpg"]):
        with pytest.raises(UserError, match="in use"):
            check_files([tmp_path / "a.jpg"], written)
