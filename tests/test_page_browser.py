"""The page of results in a browser: what a user sees, types and exports.

These tests need Debian's chromium and chromium-driver, or Chrome and its driver.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from open_page import NARROW, WIDE, Page
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from shown_plates import SHAPE, make_photo, make_plate

from media.labels import Label
from media.pictures import write_image
from reading.page import write_page

BOX = [40, 20, 40, 10]  # x, y, width, height of `make_plate`
HOSTILE = ["<img src=x onerror=document.title='broken'>.jpg", "tab\tnewline\n.jpg", "no UTF-8 \udcff.jpg", "\u202e.jpg"]


@pytest.fixture
def show(browser, tmp_path) -> Callable[..., Page]:
    """A function that writes a page of these (name, plates) pairs, of photos in the folder `base`, and opens it."""

    def write_and_open(*photos: tuple[str, list], base: Path | None = None) -> Page:
        with write_page(tmp_path, base) as add:
            for name, plates in photos:
                add(name, make_photo(), plates, None)
        return Page(browser, tmp_path)

    return write_and_open


def show_street(show) -> Page:
    """A page of four photos with four plates."""
    return show(
        ("street 10.jpg", [make_plate("KA02MK7259", 0.97, "in")]),
        ("street 9.jpg", [make_plate("AB12CDE", 0.55, "gb"), make_plate("XY99ZZZ", 0.2, "gb", (5, 5, 30, 10))]),
        ("empty.jpg", []),
        ("garage.jpg", [make_plate("EUS664", 0.8, "us", doubtful=3)]),
    )


# --- loading ----------------------------------------------------------------------------------------------------------


def test_a_page_shows_photos_and_plates(show):
    page = show_street(show)
    page.wait(lambda: page.run("return [...document.images].every(image => image.complete)"))
    assert page.run("return [...document.images].map(image => image.naturalWidth > 0)") == [True] * 8
    assert page.names() == ["empty.jpg", "garage.jpg", "street 9.jpg", "street 10.jpg"]
    assert page.status() == "4 photographs · 4 plates · 0 checked"
    assert page.find(".tile:nth-child(1)").text == "empty.jpg\nno plate found"
    assert page.find(".tile:nth-child(2) .facts").text.split() == ["80", "%", "United", "States"]
    assert page.field("street 9.jpg", 2).get_property("value") == "XY99ZZZ"
    assert page.field("garage.jpg").get_attribute("title") == "doubtful: 6 50 %"
    assert not page.find("#export").is_enabled()
    assert page.browser.get_log("browser") == []


def test_a_country_that_is_a_guess_has_a_question_mark(show):
    page = show(
        ("a.jpg", [make_plate("AB12CDE", country="gb", country_probability=0.4)]),
        ("b.jpg", [make_plate("AB12CDE", country=None, country_probability=None)]),
        ("c.jpg", [make_plate("AB12CDE", country="any")]),
    )
    assert [country.text for country in page.find_all(".tile .country")] == ["United Kingdom?", "", "any"]


def test_hostile_names_are_shown_as_text(show):
    page = show(*((name, [make_plate("AB12CDE")]) for name in HOSTILE))
    shown = {HOSTILE[0], r"tab\u{9}newline\u{a}.jpg", r"no UTF-8 \u{dcff}.jpg", r"\u{202e}.jpg"}
    assert set(page.names()) == shown
    assert page.browser.title == "Number plates"
    assert page.browser.get_log("browser") == []


def test_only_rows_on_the_screen_are_in_the_document(show):
    page = show(*((f"{i:04}.jpg", [make_plate("AB12CDE")] * (i % 3)) for i in range(500)))
    assert len(page.find_all(".tile")) < 60
    assert page.names()[0] == "0000.jpg"
    page.run("window.scrollTo(0, document.body.scrollHeight)")
    page.wait(lambda: page.names()[-1] == "0499.jpg")
    assert len(page.find_all(".tile")) < 60
    bottom = "return [...document.querySelectorAll('.tile')].at(-1).getBoundingClientRect().bottom"
    assert 0 < page.run(bottom) < WIDE[1]


# --- sort and filter --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("name", ["empty.jpg", "garage.jpg", "street 9.jpg", "street 10.jpg"]),
        ("doubtful", ["street 9.jpg", "garage.jpg", "street 10.jpg", "empty.jpg"]),
        ("confident", ["street 10.jpg", "garage.jpg", "street 9.jpg", "empty.jpg"]),
        ("code", ["street 9.jpg", "garage.jpg", "street 10.jpg", "empty.jpg"]),
        ("country", ["street 10.jpg", "street 9.jpg", "garage.jpg", "empty.jpg"]),
    ],
)
def test_photos_are_sorted(show, order, names):
    page = show_street(show)
    page.choose("sort", order)
    assert page.names() == names


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("GARAGE", ["garage.jpg"]),
        ("ka 7259", ["street 10.jpg"]),
        ("united", ["garage.jpg", "street 9.jpg"]),
        ("united kingdom zzz", ["street 9.jpg"]),
        ("street ", ["street 9.jpg", "street 10.jpg"]),
        ("nothing", []),
    ],
)
def test_a_filter_leaves_the_photos_that_have_all_words(show, words, names):
    page = show_street(show)
    page.find("#filter").send_keys(words)
    assert page.names() == names
    assert page.status().startswith(f"{len(names)} of 4 photographs · ")


def test_photos_are_shown_by_what_is_left_to_do(show):
    page = show_street(show)
    page.field("garage.jpg").send_keys(Keys.ENTER)
    shown = {}
    for choice in ("all", "unchecked", "checked", "empty"):
        page.choose("show", choice)
        shown[choice] = page.names()
    assert shown == {
        "all": ["empty.jpg", "garage.jpg", "street 9.jpg", "street 10.jpg"],
        "unchecked": ["street 9.jpg", "street 10.jpg"],
        "checked": ["garage.jpg"],
        "empty": ["empty.jpg"],
    }


# --- keys -------------------------------------------------------------------------------------------------------------


def test_keys_step_through_the_photos(show):
    page = show_street(show)
    steps = [page.press(key) or page.focused() for key in ("j", "j", Keys.ARROW_RIGHT, "k", Keys.END, "j", Keys.HOME)]
    photos = ["empty.jpg, 0 plates", "garage.jpg, 1 plate", "street 9.jpg, 2 plates", "street 10.jpg, 1 plate"]
    assert steps == [photos[i] for i in (0, 1, 2, 1, 3, 3, 0)]


def test_enter_accepts_one_code_after_the_other(show):
    page = show_street(show)
    page.press("j", "j", Keys.ENTER, Keys.ENTER, Keys.ENTER, Keys.ARROW_DOWN)
    assert page.focused() == "Code of plate 1 on street 10.jpg"
    assert page.states() == {"EUS664": "right", "AB12CDE": "right", "XY99ZZZ": "unchecked", "KA02MK7259": "unchecked"}
    page.press(Keys.ARROW_UP, Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.focused() == "Code of plate 1 on garage.jpg"
    page.press(Keys.ESCAPE)
    assert page.focused() == "garage.jpg, 1 plate"


def test_keys_reach_photos_far_below(show):
    page = show(*((f"{i:04}.jpg", [make_plate("AB12CDE")]) for i in range(300)))
    page.press("j", Keys.END)
    assert page.focused() == "0299.jpg, 1 plate"
    page.press(Keys.ENTER, Keys.ARROW_UP)
    assert page.focused() == "Code of plate 1 on 0298.jpg"
    page.run("window.scrollTo(0, 0)")
    page.wait(lambda: page.names()[0] == "0000.jpg")
    assert page.focused() == "Code of plate 1 on 0298.jpg"  # what has the focus stays, and so does what is being typed


def test_letters_in_fields_are_text(show):
    page = show_street(show)
    page.press("/", "j", "o", "?")
    assert page.find("#filter").get_property("value") == "jo?"
    assert not page.find("#viewer").is_displayed()


def test_the_keys_are_told(show):
    page = show_street(show)
    page.press("?")
    assert "next and previous photograph" in page.find("#help").text
    page.press(Keys.ESCAPE)
    assert not page.find("#help").is_displayed()


# --- corrections ------------------------------------------------------------------------------------------------------


def test_corrections_are_kept_and_exported(show):
    page = show_street(show)
    page.field("garage.jpg").click()
    page.type("eu s-664a")
    page.press(Keys.ENTER)
    page.type("?")
    page.press(Keys.ENTER)
    page.type("")
    page.press(Keys.ENTER, Keys.ENTER)
    said = {"EUS664A": "corrected", "?": "corrected", "": "none", "KA02MK7259": "right"}
    assert page.states() == said
    assert "read as EUS664" in page.find(".tile:nth-child(2)").text
    page.open()
    assert page.states() == said
    assert page.status() == "4 photographs · 4 plates · 4 checked"
    assert sorted(page.export()) == [
        Label("garage.jpg", tuple(BOX), "EUS664A"),
        Label("street 10.jpg", tuple(BOX), "KA02MK7259"),
        Label("street 9.jpg", tuple(BOX), ""),
    ]
    assert "labels.tsv has 3 plates" in page.find("#note").text


def test_what_is_typed_is_taken_when_the_field_is_left(show):
    page = show_street(show)
    page.field("garage.jpg").click()
    page.type("AA1")
    page.find("#status").click()
    assert page.states()["AA1"] == "corrected"
    page.field("street 10.jpg").click()
    page.type("BB2")
    page.press(Keys.ESCAPE)
    assert page.states()["KA02MK7259"] == "unchecked"


def test_the_buttons_accept_refuse_and_undo(show):
    page = show(("a.jpg", [make_plate("AB12CDE")]))
    accept, refuse = page.find(".accept"), page.find(".refuse")
    said = []
    for button in (accept, accept, refuse, refuse, refuse, accept):
        button.click()
        pressed = accept.get_attribute("aria-pressed"), refuse.get_attribute("aria-pressed")
        said.append((*page.states().items(), pressed))
    unchecked = (("AB12CDE", "unchecked"), ("false", "false"))
    right = (("AB12CDE", "right"), ("true", "false"))
    none = (("", "none"), ("false", "true"))
    assert said == [right, unchecked, none, unchecked, none, right]


def test_a_correction_may_be_accepted_by_the_button(show):
    page = show(("a.jpg", [make_plate("AB12CDE")]))
    page.find(".tile input").click()
    page.type("ab12cdf")
    page.find(".accept").click()
    assert page.states() == {"AB12CDF": "corrected"}


def test_names_of_any_bytes_are_exported(show):
    page = show(*((name, [make_plate("AB12CDE")]) for name in HOSTILE), base=Path("/tab\t/</script>/\udcff"))
    for accept in page.find_all(".accept"):
        accept.click()
    assert {label.image for label in page.export()} == set(HOSTILE)
    table = page.downloads / "labels.tsv"
    assert table.read_bytes().split(b"\n")[0] == b"# photographs in /tab\\t/</script>/\xff"


def test_corrections_outlive_a_page_that_is_written_anew(show):
    page = show(("a.jpg", [make_plate("AB12CDE")]), ("b.jpg", [make_plate("EUS664")]))
    for field in page.find_all(".tile input"):
        field.click()
        page.type("XX1")
        page.press(Keys.ENTER)
    moved = make_plate("AB12CDF", place=(42, 20, 40, 10))
    page = show(("a.jpg", [make_plate("CD34", place=(0, 0, 20, 6)), moved]))
    assert page.states() == {"CD34": "unchecked", "XX1": "corrected"}
    page = show(("a.jpg", []), ("b.jpg", [make_plate("EUS664")]))
    assert [field.get_property("value") for field in page.find_all(".tile input")] == ["XX1", "XX1"]
    assert set(page.export()) == {Label("a.jpg", tuple(BOX), "XX1"), Label("b.jpg", tuple(BOX), "XX1")}


def test_a_browser_that_keeps_nothing_says_so(show):
    page = show(("a.jpg", [make_plate("AB12CDE")]))
    page.run("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    page.find(".accept").click()
    assert "Export them before you close it" in page.find("#note").text
    assert page.export() == [Label("a.jpg", tuple(BOX), "AB12CDE")]
    page.run("window.onbeforeunload = null; isKept = true")  # so that the next page opens without a question


# --- one photo, large -------------------------------------------------------------------------------------------------


def test_the_viewer_shows_the_photo_itself_and_steps_through(browser, tmp_path):
    with write_page(tmp_path / "out") as add:
        for name in ("a b%20#.png", "gone.png"):
            add(name, make_photo(), [make_plate("AB12CDE")], tmp_path / name)
    write_image(tmp_path / "a b%20#.png", make_photo())
    page = Page(browser, tmp_path / "out")
    page.find(".small").click()
    page.wait(lambda: page.run("return document.querySelector('#large img')?.naturalWidth === 120"))
    assert page.find("#viewer-place").text == "1 of 2"
    assert len(page.find_all("#large polygon.under")) == 1
    page.press(Keys.ARROW_RIGHT)
    page.wait(lambda: not page.find_all("#large img"))  # the file is gone, and the small picture stays
    assert page.find("#viewer-name").text == "gone.png"
    page.find("#viewer input").click()
    page.press(Keys.ARROW_UP, Keys.ENTER, Keys.ESCAPE, Keys.ESCAPE)
    page.wait(lambda: page.focused() == "gone.png, 1 plate")  # the browser tells the page later that a dialog closed
    assert page.states() == {"AB12CDE": "unchecked"}
    assert page.status().endswith("1 checked")


def test_a_missed_plate_is_added_by_a_drag(show):
    page = show(("a.jpg", []))
    page.press("j", "o")
    page.find("#add").click()
    photo = page.find("#large")
    width = photo.rect["width"]
    scale = width / SHAPE[1]  # pixels of the screen to one of the photo
    drag = ActionChains(page.browser).move_to_element_with_offset(photo, 0, 0)  # the middle
    drag.move_by_offset(round(20 * scale), round(10 * scale)).click_and_hold()
    drag.move_by_offset(round(-40 * scale), round(-20 * scale)).release().perform()
    assert page.focused() == "Code of plate 1 on a.jpg"
    page.type("AB12CDE")
    page.press(Keys.ENTER, Keys.ESCAPE)
    assert page.states() == {"AB12CDE": "corrected"}
    page.open()
    [label] = page.export()
    assert label.code == "AB12CDE"
    assert label.box == pytest.approx((40, 20, 40, 20), abs=1)


def test_a_missed_plate_is_added_by_keys_and_removed(show):
    page = show(("a.jpg", [make_plate("AB12CDE")]))
    page.press("j", "o")
    page.find("#add").send_keys(Keys.ENTER)
    assert page.focused() == "Code of plate 2 on a.jpg"
    page.press("XY1", Keys.TAB, Keys.TAB, Keys.TAB)
    for number in ("3", "50", "200", "9"):
        page.type(number)
        page.press(Keys.TAB)
    page.find("#close").click()
    assert page.export() == [Label("a.jpg", (3, 50, 117, 9), "XY1")]  # no more than is in the photo
    page.find(".tile .plate:nth-child(2) .refuse").click()
    assert page.states() == {"AB12CDE": "unchecked"}
    page.open()
    assert page.states() == {"AB12CDE": "unchecked"}


# --- screens, colours and assistive technology ------------------------------------------------------------------------


def test_nothing_is_wider_than_the_screen(show):
    page = show_street(show)
    page.resize(NARROW)
    page.open()
    fits = "return document.documentElement.scrollWidth <= window.innerWidth && window.innerWidth === arguments[0]"
    assert page.run(fits, NARROW[0])
    page.wait(lambda: page.count_columns() == 1)
    field = page.field("street 10.jpg")
    assert page.run("return arguments[0].scrollWidth <= arguments[0].clientWidth", field)  # the whole code is seen
    page.find(".small").click()
    assert page.run("return document.querySelector('#viewer').scrollWidth <= window.innerWidth")
    page.press(Keys.ESCAPE)
    page.resize(WIDE)
    page.wait(lambda: page.count_columns() == 3)


def luminance(colour: str) -> float:
    """The relative luminance, 0..1, of a colour such as #18743a (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of contrast, 1..21, of two colours (WCAG 2.2)."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_stands_out(show, is_dark):
    page = show_street(show)
    page.resize(WIDE, is_dark)
    names = ("ground", "surface", "sunken", "text", "muted", "edge", "accent", "on-accent", "good", "fair", "poor")
    value = "return getComputedStyle(document.documentElement).getPropertyValue('--' + arguments[0]).trim()"
    colours = {name: page.run(value, name) for name in names}
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours.values()), colours
    assert (luminance(colours["ground"]) < 0.1) == is_dark
    texts = [("text", "ground"), ("muted", "ground"), ("muted", "sunken"), ("on-accent", "accent")]
    texts += [(name, "surface") for name in ("text", "muted", "good", "fair", "poor", "accent")]
    assert [pair for pair in texts if contrast(*(colours[name] for name in pair)) < 4.5] == []
    assert contrast(colours["edge"], colours["surface"]) >= 3
    background = page.run("return getComputedStyle(document.documentElement).backgroundColor")
    red, green, blue = map(int, re.findall(r"\d+", background)[:3])
    assert f"#{red:02x}{green:02x}{blue:02x}" == colours["ground"]


def test_everything_has_a_name(show):
    page = show_street(show)
    for element in page.find_all("#list, .tile, :is(#toolbar, .tile) :is(input, select, button)"):
        assert element.accessible_name, element.get_attribute("outerHTML")
    tiles = [(tile.aria_role, tile.get_attribute("aria-setsize")) for tile in page.find_all(".tile")]
    assert tiles == [("listitem", "4")] * 4
    page.press("j", "o")  # what is behind an open dialog has no name
    page.find("#add").click()
    for element in page.find_all("#viewer, #viewer :is(input, button)"):
        assert element.accessible_name, element.get_attribute("outerHTML")
