"""reading/page.py: pages are written whole, hostile names stay data, and memory does not grow."""

import errno
import json
import os
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import cv2
import numpy as np
import pytest
from fakes import quad
from hypothesis import given, settings
from hypothesis import strategies as st
from shown_plates import BLUE, YELLOW, make_photo, make_plate

from common import UserError
from reading import page
from reading.page import PHOTO_SIDE, PLATE_SIZE, ROWS, TEMPLATE, as_json, check_apart, cut_out, link, shrink, write_page

HOSTILE_NAMES = [
    "</script><script>alert(1)</script>.jpg",
    "<!--<script>.jpg",
    "&lt;b&gt;.jpg",
    "[]</script>.jpg",
    "tab\there\nnewline\r.jpg",
    "\u2028\u2029\u202egpj.exe.jpg",
    "no UTF-8 \udcff\udc80.jpg",
    "'\"`${x}\\.jpg",
    "😀.jpg",
]


class Scripts(HTMLParser):
    """The content of each script in a page, as a browser finds them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags = [""]
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "script":
            self.found.append("")

    def handle_data(self, data):
        if self.tags[-1] == "script":
            self.found[-1] += data

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")


def read_page(folder: Path) -> list[dict]:
    """The rows of the page in `folder`."""
    return read_scripts(folder)[1]


def read_scripts(folder: Path) -> tuple[str, list[dict]]:
    """The folder of the photos and the rows, as the page in `folder` has them."""
    scripts = Scripts((folder / "index.html").read_text(encoding="utf-8"))
    base, rows, _ = scripts.found
    return json.loads(base), json.loads(rows)


def list_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_small_page(folder: Path, names: list[str]) -> None:
    """A page with a photo for each name, each with one plate more than the photo before it."""
    with write_page(folder) as add:
        for i, name in enumerate(names):
            add(name, make_photo(), [make_plate(f"AB{number}") for number in range(i)], None)


def test_a_page_has_a_row_and_pictures_for_each_photo(tmp_path):
    photo = make_photo()
    plates = [make_plate("KA02MK7259"), make_plate("AB12CDE", country="gb")]
    folder = tmp_path / "new" / "page"
    with write_page(folder) as add:
        add("a.jpg", photo, plates, tmp_path / "a.jpg")
        add("b.jpg", photo, [], None)
    first, second = read_page(folder)
    assert first == {
        "image": "a.jpg",
        "path": "a.jpg",
        "file": "../../a.jpg",
        "size": [120, 60],
        "plates": [plate.as_dict() for plate in plates],
    }
    assert second == {"image": "b.jpg", "path": "b.jpg", "file": None, "size": [120, 60], "plates": []}
    pictures = {"000001.jpg", "000001-1.jpg", "000001-2.jpg", "000002.jpg"}
    assert list_files(folder).keys() == {"index.html", *(f"images/{name}" for name in pictures)}
    for name in pictures:
        assert cv2.imread(str(folder / "images" / name)) is not None


def test_a_page_says_where_the_photos_are(tmp_path):
    base = tmp_path / "&photos\udcff"
    (base / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to(base / "sub")
    with write_page(tmp_path / "page", base) as add:
        add("a.jpg", make_photo(), [], base / "sub" / "a.jpg")
        add("b.jpg", make_photo(), [], tmp_path / "link" / "b.jpg")
    folder, rows = read_scripts(tmp_path / "page")
    assert folder == str(base)
    assert [row["path"] for row in rows] == ["sub/a.jpg", "sub/b.jpg"]


def test_a_page_without_photos_is_whole(tmp_path):
    with write_page(tmp_path):
        pass
    assert read_page(tmp_path) == []
    assert os.listdir(tmp_path / "images") == []


def test_hostile_names_are_data(tmp_path):
    with write_page(tmp_path) as add:
        for name in HOSTILE_NAMES:
            add(name, make_photo(), [make_plate("</script>")], tmp_path / name)
    assert [row["image"] for row in read_page(tmp_path)] == HOSTILE_NAMES
    assert Scripts((tmp_path / "index.html").read_text()).tags == Scripts(TEMPLATE.read_text()).tags


@given(st.text(st.characters(exclude_categories=()), max_size=40))
@settings(deadline=None)
def test_rows_hold_any_text_and_no_markup(text):
    row = as_json({"image": text})
    assert not set(row) & set("<>&")
    assert row.isascii()
    assert "\n" not in row
    if not re.search("[\ud800-\udbff][\udc00-\udfff]", text):  # JSON takes such a pair for one character
        assert json.loads(row) == {"image": text}


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "javascript:alert(1).jpg", "a b%20#c?d.jpg"])
def test_a_link_leads_to_its_file(name, tmp_path):
    file = tmp_path / "photos" / name
    address = link(file, tmp_path / "out")
    assert address.isascii()
    url = urljoin((tmp_path / "out" / "index.html").as_uri(), address)
    assert urlsplit(url).scheme == "file"
    assert unquote_to_bytes(urlsplit(url).path) == os.fsencode(os.path.abspath(file))


def measure_page() -> int:
    """Bytes of memory that reading/page.py holds, or what it calls."""
    own = tracemalloc.Filter(True, "*/reading/page.py", all_frames=True)
    others = tracemalloc.Filter(False, "*/pathlib.py")  # Python's table of names, which grows by megabytes at once
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([own, others]).traces)


def test_memory_does_not_grow_with_the_photos(tmp_path):
    name = "a" * 20_000  # makes a row that would be seen in the memory
    tracemalloc.start(25)  # frames: what the page's own code holds is told from what other threads of the tests do
    try:
        with write_page(tmp_path) as add:
            for number in range(220):
                if number == 20:
                    before = measure_page()
                add(name, make_photo(), [make_plate("KA02MK7259")], None)
            after = measure_page()
    finally:
        tracemalloc.stop()
    assert after - before < 20 * len(name)


def test_a_page_replaces_an_earlier_one_and_its_pictures(tmp_path):
    write_small_page(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])
    write_small_page(tmp_path, ["d.jpg"])
    assert [row["image"] for row in read_page(tmp_path)] == ["d.jpg"]
    assert list_files(tmp_path).keys() == {"index.html", "images/000001.jpg"}


def test_the_same_photos_give_the_same_page(tmp_path):
    for folder in ("one", "two"):
        write_small_page(tmp_path / folder, ["a.jpg", "b.jpg"])
    assert list_files(tmp_path / "one") == list_files(tmp_path / "two")


def leave_page(folder: Path, reason: type[BaseException]) -> None:
    """Begin a page in `folder`, and raise `reason` before it is whole."""
    with write_page(folder) as add:
        add("c.jpg", make_photo(), [], None)
        raise reason


@pytest.mark.parametrize("reason", [KeyboardInterrupt, UserError, SystemExit])
def test_a_page_that_is_not_finished_leaves_the_earlier_one(tmp_path, reason):
    write_small_page(tmp_path, ["a.jpg", "b.jpg"])
    before = list_files(tmp_path)
    with pytest.raises(reason):
        leave_page(tmp_path, reason)
    assert list_files(tmp_path) == before
    assert set(os.listdir(tmp_path)) == {"index.html", "images"}


@pytest.mark.parametrize("full", ["write_jpeg", "as_json", "shutil.copyfileobj"])
def test_a_full_disk_is_told_and_leaves_the_earlier_page(tmp_path, monkeypatch, full):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    write_small_page(tmp_path, ["a.jpg"])
    before = list_files(tmp_path)
    monkeypatch.setattr(f"reading.page.{full}", fail)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
        write_small_page(tmp_path, ["b.jpg"])
    monkeypatch.undo()
    assert list_files(tmp_path) == before


@pytest.mark.parametrize(
    "files",
    [
        {"index.html": "<p>mine"},
        {"images/holiday.jpg": "mine"},
        {"images/000001.jpg": "mine"},
        {"index.html/a": "mine"},
        {"images": "mine"},
    ],
)
def test_files_of_the_users_own_are_refused_and_stay(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    before = list_files(tmp_path)
    with pytest.raises(UserError, match="choose another folder for --page"), write_page(tmp_path):
        pass
    assert list_files(tmp_path) == before


def test_a_picture_that_was_added_to_a_page_is_not_deleted(tmp_path):
    write_small_page(tmp_path, ["a.jpg"])
    (tmp_path / "images" / "holiday.jpg").touch()
    with pytest.raises(UserError, match="images: holds files that are no page's"), write_page(tmp_path):
        pass
    assert (tmp_path / "images" / "holiday.jpg").exists()


def test_a_file_is_no_folder_for_a_page(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(UserError, match="out: the page cannot be written"), write_page(tmp_path / "out"):
        pass


def test_a_file_may_stand_beside_a_page_but_not_among_its_pictures(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    check_apart(tmp_path, [tmp_path / "a.jpg", tmp_path / "images.jpg", tmp_path / "more" / "images" / "a.jpg"])
    for name in ("images/a.jpg", "images/more/a.jpg", "link/images/a.jpg", "more/../images/a.jpg"):
        with pytest.raises(UserError, match="among the pictures of the page"):
            check_apart(tmp_path, [tmp_path / "b.jpg", tmp_path / name])


@pytest.mark.parametrize("shape", [(720, 1280), (1280, 720), (1, 5000), (5000, 1), (20, 30), (1, 1)])
def test_small_photos_keep_their_shape_and_are_not_enlarged(shape):
    height, width = shrink(np.zeros((*shape, 3), np.uint8)).shape[:2]
    scale = min(1, PHOTO_SIDE / max(shape))
    assert max(height, width) == min(PHOTO_SIDE, max(shape))
    assert abs(height - max(1, shape[0] * scale)) <= 0.5
    assert abs(width - max(1, shape[1] * scale)) <= 0.5


def test_a_plate_is_turned_upright():
    turn = cv2.getRotationMatrix2D((100, 100), 30, 1)
    photo = cv2.warpAffine(make_photo((200, 200), (60, 80, 80, 40)), turn, (200, 200), borderValue=BLUE)
    corners = cv2.transform(quad(60, 80, 80, 40)[None], turn)[0]
    plate = cut_out(photo, corners)
    height, width = plate.shape[:2]
    assert width / height == pytest.approx(2, rel=0.05)
    yellow = np.abs(plate.astype(int) - YELLOW).sum(-1) < 40
    assert yellow[height // 4 : -height // 4, width // 8 : -width // 8].all()
    assert not yellow[0].any()  # a little of the surroundings is shown
    assert not yellow[:, 0].any()


@pytest.mark.parametrize("place", [(0, 0, 3000, 300), (10, 10, 100, 900), (5, 5, 6, 2), (-500, -20, 4000, 20)])
def test_pictures_of_plates_are_small(place):
    height, width = cut_out(np.zeros((1000, 3000, 3), np.uint8), quad(*place)).shape[:2]
    assert 8 <= height <= PLATE_SIZE[1]
    assert 8 <= width <= PLATE_SIZE[0]


def test_the_template_needs_nothing_but_itself():
    html = TEMPLATE.read_text(encoding="utf-8")
    assert html.count(ROWS) == 1
    assert page.SIGNATURE.decode() in html[: page.SIGNATURE_WITHIN]
    assert set(re.findall(r"https?://[^\"' ]*", html)) == {"http://www.w3.org/2000/svg"}
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "import("):
        assert way not in html  # of making HTML or code of data, and of loading more
