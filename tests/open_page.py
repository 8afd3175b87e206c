"""A page of results that is open in Chromium, as Debian's chromium and chromium-driver or Chrome have it."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from media.labels import Label, read_labels

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium refuses its sandbox to root
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--renderer-process-limit=1",  # all pages share a process, so the next page sees at once what one has stored
)
WIDE = (1280, 800)  # pixels of the screen
NARROW = (360, 740)
PATIENCE = 20  # seconds until something that never comes is a failure


def find_browser() -> tuple[str, str] | None:
    """The programs of the browser and of its driver; None where one of them is not installed."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    return (program, driver) if program and driver else None


@contextlib.contextmanager
def start_browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """Yield Chromium without a window, in which no page was ever open. Skips the test where there is none."""
    found = find_browser()
    if not found:
        pytest.skip("NOT TESTED: there is no Chromium; apt-get install chromium chromium-driver")
    program, driver = found
    options = Options()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options, Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


class Page:
    """A page of results that is open in the browser."""

    def __init__(self, browser: webdriver.Chrome, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.downloads = folder / "downloads"
        self.resize(WIDE)
        self.open()

    def open(self) -> None:
        self.browser.get((self.folder / "index.html").as_uri())

    def resize(self, size: tuple[int, int], is_dark: bool = False) -> None:
        """Give the screen this width and height, and choose dark or light colours."""
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments):
        return self.browser.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], object]):
        """Wait until `condition` holds. The page may draw its tiles anew while the condition looks at them."""
        wait = WebDriverWait(self.browser, PATIENCE, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: condition())

    def press(self, *keys: str) -> None:
        """Type these keys, wherever the focus is."""
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def choose(self, field: str, value: str) -> None:
        Select(self.find(f"#{field}")).select_by_value(value)

    def type(self, code: str) -> None:
        """Replace the content of the field that has the focus by `code`."""
        field = self.browser.switch_to.active_element
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(code or Keys.DELETE)

    def names(self) -> list[str]:
        """The names of the photos on the screen, in their order."""
        return self.run("return [...document.querySelectorAll('.tile .name')].map(name => name.textContent)")

    def count_columns(self) -> int:
        """How many columns of photos are on the screen."""
        tiles = "[...document.querySelectorAll('.tile')]"
        return self.run(f"return new Set({tiles}.map(tile => tile.getBoundingClientRect().x)).size")

    def focused(self) -> str:
        """The accessible name of what has the focus."""
        return self.browser.switch_to.active_element.accessible_name

    def field(self, name: str, plate: int = 1) -> WebElement:
        return self.find(f'.tile input[aria-label="Code of plate {plate} on {name}"]')

    def states(self) -> dict[str, str]:
        """What is said of each plate on the screen, by its code."""
        cards = "[...document.querySelectorAll('.tile .plate')]"
        return dict(self.run(f"return {cards}.map(card => [card.querySelector('input').value, card.dataset.state])"))

    def status(self) -> str:
        return self.find("#status").text

    def export(self) -> list[Label]:
        """The labels of the file that the page exports."""
        shutil.rmtree(self.downloads, ignore_errors=True)
        self.downloads.mkdir()
        behaviour = {"behavior": "allow", "downloadPath": str(self.downloads)}
        self.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
        self.find("#export").click()
        self.wait((self.downloads / "labels.tsv").exists)
        return [label._replace(line=0) for label in read_labels(self.downloads / "labels.tsv")]
