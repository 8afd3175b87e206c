"""media/labels.py: three kinds of tables are read, and a wrong line is named."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import UserError
from media.labels import Label, clean_code, find_folder, find_photos, read_labels


@pytest.fixture
def table(tmp_path):
    """A function that writes a table of labels and returns its path."""

    def write(content: str | bytes, name: str = "labels.tsv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_boxes_crops_and_unreadable_plates(table):
    path = table(
        "a.jpg\t10\t20.5\t30\t8\tKA 02 mk-7259\nb.jpg\tAB12CDE\n\nb.jpg\t1\t2\t3\t4\t?\nc.jpg\t0\t0\t0\t0\tX1\n"
    )
    assert read_labels(path) == [
        Label("a.jpg", (10, 20.5, 30, 8), "KA02MK7259", 1),
        Label("b.jpg", None, "AB12CDE", 2),
        Label("b.jpg", (1, 2, 3, 4), "", 4),
        Label("c.jpg", None, "X1", 5),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "image_path,plate_text\nimgs/a.png,AB 12\nimgs/b.png,C3\n",
        "image_path,plate_text,plate_region\r\nimgs/a.png,AB12,India\r\nimgs/b.png,C3,\r\n",
        'image_path, plate_text\nimgs/a.png, AB12\n"imgs/b.png", "C3"\n',
        '\ufeffplate_text,"image_path"\nAB12,imgs/a.png\n\n"C3","imgs/b.png"',
    ],
)
def test_a_csv_file_of_fast_plate_ocr(table, content):
    labels = read_labels(table(content, "labels.csv"))
    assert [label[:3] for label in labels] == [("imgs/a.png", None, "AB12"), ("imgs/b.png", None, "C3")]


def test_the_line_of_a_csv_file_is_its_line_and_not_its_row(table):
    path = table('image_path,plate_text\n"a\nb.png",AB12\n\nc.png,\n', "labels.csv")
    with pytest.raises(UserError, match=r"labels.csv: line 5: '' has no letter"):
        read_labels(path)


@pytest.mark.parametrize("content", ["image_path,plate_text\na.png\n", 'image_path,plate_text\n"a.png"x,AB12\n'])
def test_a_csv_line_without_its_fields(table, content):
    with pytest.raises(UserError, match="line 2: has 1 field"):
        read_labels(table(content))


def test_windows_line_ends_and_a_byte_order_mark(table):
    [label] = read_labels(table(b"\xef\xbb\xbfa.jpg\tAB12\r\n"))
    assert label == Label("a.jpg", None, "AB12", 1)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.jpg", "has 1 field; a line has image"),
        ("a.jpg AB12", "has 1 field; a line has image"),
        ("a.jpg\t1\t2\tAB12", "has 4 fields; a line has image"),
        ("\tAB12", "names no image"),
        ("a.jpg\t", "'' has no letter"),
        ("a.jpg\t--", "'--' has no letter"),
        ("a.jpg\t1\t2\tx\t4\tAB12", "'1 2 x 4' is no box"),
        ("a.jpg\t1\t2\tnan\t4\tAB12", "the box '1 2 nan 4' has no area"),
        ("a.jpg\t1\t2\t3\tinf\tAB12", "the box '1 2 3 inf' has no area"),
        ("a.jpg\t1\t2\t3\t-4\tAB12", "the box '1 2 3 -4' has no area"),
        ("a.jpg\t1\t2\t0\t4\tAB12", "the box '1 2 0 4' has no area"),
        ("a.jpg\t0.41\t0.62\t0.12\t0.05\tAB12", "the box '0.41 0.62 0.12 0.05' is smaller than a pixel"),
        ("first.jpg\tAB 12", "repeats line 1"),
    ],
)
def test_a_wrong_line_is_named(table, line, reason):
    path = table(f"first.jpg\tAB12\n{line}\nlast.jpg\tAB12\n")
    with pytest.raises(UserError) as error:
        read_labels(path)
    assert str(error.value).startswith(f"{path}: line 2: {reason}")
    assert "\n" not in str(error.value)


def test_further_wrong_lines_are_counted(table):
    with pytest.raises(UserError, match=r"line 1: .* \(2 more lines are wrong\)$"):
        read_labels(table("a.jpg\nb.jpg\tAB12\nc.jpg\nd.jpg\n"))


def test_a_plate_may_be_on_several_photographs_and_a_photograph_may_have_several_plates(table):
    assert len(read_labels(table("a.jpg\tAB12\nb.jpg\tAB12\na.jpg\tCD34\na.jpg\t1\t2\t3\t4\tAB12\n"))) == 4


@pytest.mark.parametrize("content", [b"", b"\n\n", b"image_path,plate_text\n"])
def test_a_table_without_labels_is_refused(table, content):
    with pytest.raises(UserError, match="has no labels"):
        read_labels(table(content))


def test_no_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path, tmp_path / "none.tsv"):
        with pytest.raises(UserError, match="name a table of labels"):
            read_labels(path)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_labels_or_a_user_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.tsv"
    path.write_bytes(content)
    labels, message = [], ""
    try:
        labels = read_labels(path)
    except UserError as error:
        message = str(error)
    assert bool(labels) == (message == "")
    assert bool(labels) != message.startswith(f"{path}: ")


def test_names_of_any_bytes_come_back(table):
    name = b"\xff a\xe2\x80\xa8b.jpg"  # no UTF-8, a space, a line separator
    [label] = read_labels(table(name + b"\tAB12\n"))
    assert os.fsencode(label.image) == name


def test_clean_code():
    assert clean_code(" ka-02·Mk 7259é") == "KA02MK7259"
    assert clean_code("?") == ""


def test_photographs_are_beside_the_table_or_in_a_folder_of_its_name(table, tmp_path):
    path = table("a.jpg\tAB12\nsub/b.jpg\tCD34\n./a.jpg\tEF56\n", "mine.tsv")
    assert find_folder(path) == tmp_path
    (tmp_path / "mine" / "sub").mkdir(parents=True)
    assert find_folder(path) == tmp_path / "mine"
    for name in ("a.jpg", "sub/b.jpg"):
        (tmp_path / "mine" / name).touch()
    photos = find_photos(path, read_labels(path), tmp_path / "mine")
    codes = {photo: [label.code for label in labels] for photo, labels in photos.items()}
    assert codes == {tmp_path / "mine" / "a.jpg": ["AB12", "EF56"], tmp_path / "mine" / "sub" / "b.jpg": ["CD34"]}


def test_a_table_without_a_suffix_is_no_folder_of_its_own(table, tmp_path):
    assert find_folder(table("a.jpg\tAB12\n", "labels")) == tmp_path


@pytest.mark.parametrize("line", ["# photographs in {}", "# photographs in {}\r", "# by hand\n# photographs in {}"])
@pytest.mark.parametrize("is_absolute", [True, False])
def test_a_table_may_say_where_its_photographs_are(table, tmp_path, line, is_absolute):
    (tmp_path / "my photos").mkdir()
    (tmp_path / "labels").mkdir()  # what the table says counts first
    folder = tmp_path / "my photos" if is_absolute else "my photos"
    path = table(line.format(folder) + "\n#1.jpg\tAB12\n")
    assert find_folder(path) == tmp_path / "my photos"
    assert [label.image for label in read_labels(path)] == ["#1.jpg"]
    (tmp_path / "my photos").rmdir()
    assert find_folder(path) == tmp_path / "labels"  # as if the line was not there


def test_a_missing_photograph_is_named_with_its_line(table, tmp_path):
    path = table("a.jpg\tAB12\nb.jpg\tCD34\n")
    (tmp_path / "a.jpg").touch()
    with pytest.raises(UserError, match=r"labels.tsv: line 2: .*b\.jpg is no file; .* '# photographs in FOLDER'"):
        find_photos(path, read_labels(path), tmp_path)
