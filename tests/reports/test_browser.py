"""The HTML report in a real browser: Chromium without a window, as Debian packages it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from ctxreview.model.review import Comparison
from ctxreview.reports.page import page
from ctxreview.reports.shown import reviewed
from ctxreview.review.versions import change_of_range, compare
from tests.commands import run_command
from tests.guard.test_versions import INCIDENT, commit, edit
from tests.project.test_hostile import SOURCES, review
from tests.reports.test_page import OTHER
from tests.reports.test_reports import PLAIN
from tests.samples import EXAMPLE, QUERY
from tests.workspace.test_git import git

if TYPE_CHECKING:
    from selenium.webdriver.remote.webelement import WebElement

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium or its driver is not on this machine"),
]
WIDTHS = (320, 400, 768, 1120, 1400, 2000)
SCHEMES = ("light", "dark")
ALONE = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]

CONTRAST = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const over = (top, below) => {
  const alpha = top[3] ?? 1;
  return [0, 1, 2].map(i => top[i] * alpha + below[i] * (1 - alpha));
};
const backOf = element => {
  const layers = [];
  for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
  return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
};
const light = colour => colour.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const found = {};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
  const style = getComputedStyle(element), back = backOf(element);
  const pair = [light(over(parse(style.color), back)), light(back)].sort((a, b) => b - a);
  const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
  if (ratio < 4.5) found[element.tagName + "." + element.className] = ratio;
}
return found;
"""
"""What has less than 4.5:1 (WCAG 2.2, 1.4.3 at level AA, https://www.w3.org/TR/WCAG22/#contrast-minimum), by element and class."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One browser for all tests of this module."""
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*ALONE, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example's review with its unsafe answer, one without a model, two models, several selections, and hostile code."""
    folder = tmp_path_factory.mktemp("pages")
    given = ("review", QUERY, "--format", "html")
    several = run_command("review", QUERY, "src/RecordService.cs:71", "src/Nope.cs:1", "--format", "html", cwd=EXAMPLE)
    texts = {
        "unsafe": run_command(*given, "--reply", "answers/unsafe-answer.md", cwd=EXAMPLE).stdout,
        "offline": run_command(*given, cwd=EXAMPLE).stdout,
        "models": page([reviewed([PLAIN, OTHER])]),
        "several": several.stdout,
        "compared": page([compared_incident(folder / "repo"), reviewed([PLAIN])]),
        "hostile": page([reviewed([review(source)]) for source in SOURCES[::4]]),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    return {name: folder / f"{name}.html" for name in texts}


def compared_incident(root: Path) -> Comparison:
    """The example, against what the incident made of it."""
    shutil.copytree(EXAMPLE / "src", root / "src")
    git(root, "init", "-q")
    commit(root)
    for name, *pairs in (INCIDENT["no-tracking"], INCIDENT["transaction"]):
        edit(root, str(name), *pairs)  # type: ignore[arg-type]
    return compare(change_of_range("HEAD", root), 3)


def resize(browser: Chrome, width: int, height: int = 900) -> None:
    """Give the window that size."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def prefer(browser: Chrome, scheme: str) -> None:
    """Have the person prefer that colour scheme."""
    scheme_of = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": scheme_of})


def show(browser: Chrome, file: Path, width: int = 1400, scheme: str = "light", height: int = 900) -> None:
    """Open a page in a window of that size, with that colour scheme."""
    resize(browser, width, height)
    prefer(browser, scheme)
    browser.get(f"about:blank#{width}")
    browser.get(file.as_uri())
    # A navigation is over for the driver before a large page is read to its end.
    WebDriverWait(browser, 60, 0.05).until(lambda _: js(browser, "return document.readyState") == "complete")


def js(browser: Chrome, script: str, *values: Any) -> Any:
    """What a script returns that only looks at the page."""
    return browser.execute_script(script, *values)


def find(browser: Chrome, selector: str) -> WebElement:
    """The first element for a CSS selector."""
    return browser.find_element("css selector", selector)


NAMES = ("unsafe", "offline", "models", "several", "compared", "hostile")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_window(browser: Chrome, pages: dict[str, Path], name: str) -> None:
    """From a telephone's 320 pixels to 2,000 the page scrolls down only: what is wide scrolls in a box of its own."""
    show(browser, pages[name])
    for width in WIDTHS:
        resize(browser, width)
        assert js(browser, "return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", NAMES)
def test_words_can_be_read(browser: Chrome, pages: dict[str, Path], name: str) -> None:
    """Every visible word has the contrast of WCAG's level AA, in light and in dark."""
    show(browser, pages[name])
    for scheme in SCHEMES:
        prefer(browser, scheme)
        assert js(browser, CONTRAST) == {}


def test_the_contrast_is_measured(browser: Chrome, tmp_path: Path) -> None:
    """The measure finds what is too faint: grey on white, and half-transparent words."""
    file = tmp_path / "faint.html"
    file.write_text("<p style='color:#999'>a</p><b style='color:#0008'>b</b><i>c</i>", "utf-8")
    show(browser, file)
    assert set(js(browser, CONTRAST)) == {"P.", "B."}


@pytest.mark.parametrize("name", NAMES)
def test_the_console_stays_empty(browser: Chrome, pages: dict[str, Path], name: str) -> None:
    """No error, no warning, nothing asked for from elsewhere, and no script, whatever the code and the answer hold."""
    browser.get_log("browser")
    browser.get_log("performance")
    show(browser, pages[name])
    assert browser.get_log("browser") == []
    asked = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert [one for one in asked if "file:///" not in one and "about:blank" not in one] == []
    assert js(browser, "return document.scripts.length + document.images.length + document.forms.length") == 0
    assert (
        js(
            browser,
            "return [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))",
        )
        == []
    )


def test_a_click_on_evidence_lands_on_its_line(browser: Chrome, pages: dict[str, Path]) -> None:
    """An answer's line number leads to that line of the code, which is marked and in view."""
    show(browser, pages["offline"])
    link = find(browser, "table.answers .lines a")
    number = link.text.lstrip(":").partition("-")[0]
    link.click()
    assert js(browser, "return document.querySelector(':target').id") == f"L{number}"
    top, height = js(browser, "return [document.querySelector(':target').getBoundingClientRect().top, innerHeight]")
    assert 0 <= top < height


def test_every_link_leads_somewhere(browser: Chrome, pages: dict[str, Path]) -> None:
    """Each place that is a link is on the page, also those of a finding on lines that an edit moved."""
    lost = (
        "return [...document.links].map(a => a.getAttribute('href')).filter(h => !document.getElementById(h.slice(1)))"
    )
    for name in NAMES:
        show(browser, pages[name])
        assert js(browser, lost) == [], name


def test_an_edit_is_beside_what_it_replaces_where_there_is_room(browser: Chrome, pages: dict[str, Path]) -> None:
    """A wide window shows a diff with two sides, a narrow one the lines below each other."""
    seen = "return ['two', 'one'].map(c => document.querySelector('.diff.' + c).checkVisibility())"
    show(browser, pages["unsafe"], 2000)
    assert js(browser, seen) == [True, False]
    show(browser, pages["unsafe"], 400)
    assert js(browser, seen) == [False, True]


def test_the_verdict_is_seen_at_once(browser: Chrome, pages: dict[str, Path]) -> None:
    """Verdict, question and the first suggestion's verdict are in the first screen of a laptop and of a telephone."""
    for width, height in ((1400, 900), (400, 800)):
        show(browser, pages["unsafe"], width, height=height)
        for selector in (".head .badge.conflicts", ".head blockquote", ".card .badge.conflicts"):
            assert find(browser, selector).rect["y"] < height, selector


def test_it_can_be_used_with_the_keyboard(browser: Chrome, pages: dict[str, Path]) -> None:
    """The first stop leads past the index; boxes that scroll can be reached; a summary opens by Enter."""
    show(browser, pages["offline"])
    ActionChains(browser).send_keys(Keys.TAB).perform()
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    assert js(browser, "return [...document.querySelectorAll('.scroll')].every(e => e.tabIndex == 0)")
    known = find(browser, "details:not([open]) summary")
    known.send_keys(Keys.ENTER)
    assert js(browser, "return arguments[0].parentElement.open", known)


def test_the_index_stays_in_view(browser: Chrome, pages: dict[str, Path]) -> None:
    """In a wide window the index is still there at the end of a long page; in a narrow one it is above the page."""
    show(browser, pages["offline"])
    js(browser, "window.scrollTo(0, document.documentElement.scrollHeight)")
    assert js(browser, "return document.querySelector('nav ol').getBoundingClientRect().top") >= 0
    show(browser, pages["offline"], 400)
    assert js(browser, "return getComputedStyle(document.querySelector('nav')).position") == "static"


def test_it_can_be_printed(browser: Chrome, pages: dict[str, Path]) -> None:
    """On paper there is no index, and long lines of code are broken instead of cut."""
    show(browser, pages["offline"])
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not js(browser, "return document.querySelector('nav').checkVisibility()")
    assert js(browser, "return getComputedStyle(document.querySelector('.code .t')).whiteSpaceCollapse") == "preserve"
    assert js(browser, "return getComputedStyle(document.querySelector('.code .t')).textWrapMode") == "wrap"
    assert len(browser.print_page()) > 10_000
