"""The page of many reviews: a list that is filtered, each review when it is asked for, and nothing on it that acts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.support.wait import WebDriverWait

from ctxreview.model.review import Comparison
from ctxreview.reports import page_many
from ctxreview.reports.page_packed import MOST_OPEN, Packed, packed
from ctxreview.reports.page_parts import Failed
from ctxreview.reports.shown import Reviewed, reviewed
from tests.commands import run_command
from tests.project.test_hostile import ATTRIBUTES, ELEMENTS, SOURCES, Page, review
from tests.reports.test_browser import CHROMIUM, CONTRAST, DRIVER, SCHEMES, browser, compared_incident, find, js, show
from tests.reports.test_page import OFFLINE, OTHER
from tests.reports.test_reports import HOSTILE, PLAIN
from tests.reports.test_reports import reviewed as hostile
from tests.samples import EXAMPLE

if TYPE_CHECKING:
    from selenium.webdriver.remote.webelement import WebElement

__all__ = ["browser"]


def html_of(parts: Sequence[Reviewed | Packed | Failed | Comparison]) -> str:
    """The whole page."""
    return "\n".join(page_many.html_of(parts))


in_a_browser = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium or its driver is not on this machine")


def rows_in(source: str) -> list[dict[str, object]]:
    """The rows as the page's script reads them."""
    (found,) = re.findall(r'<script type="application/json" id="rows">(.*?)</script>', source)
    rows: list[dict[str, object]] = json.loads(found)["rows"]
    return rows


def bodies_in(source: str) -> list[str]:
    """The parts that are packed in a page, in order."""
    packs = re.findall(r'<script type="text/plain" id="b\d+">([A-Za-z0-9+/=]+)</script>', source)
    return [zlib.decompress(base64.b64decode(pack)).decode() for pack in packs]


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_in_it_acts(case: str) -> None:
    """Whatever is in source, question, reply, path and failure: the one script that runs is ours, by its digest; what is packed has our elements."""
    value = hostile(HOSTILE[case])
    source = html_of(
        [
            packed(reviewed([value])),
            Failed(HOSTILE[case], HOSTILE[case]),
            reviewed([value, OTHER._replace(context=value.context)]),
        ]
    )
    found = Page(source)
    scripts = [dict(a) for tag, a in found.tags if tag == "script"]
    assert [a.get("type") for a in scripts] == ["application/json", "text/plain", "text/plain", None]
    texts = re.findall(r"<(style|script)>(.*?)</\1>", source, re.DOTALL)
    (policy,) = [dict(a)["content"] or "" for tag, a in found.tags if ("http-equiv", "Content-Security-Policy") in a]
    for name, text in texts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert len(rows_in(source)) == 3
    assert not {name for _, attributes in found.tags for name, _ in attributes} & {"src", "style", "onload", "onclick"}
    for body in bodies_in(source):
        inside = Page(f"<!DOCTYPE html>{body}")
        assert {tag for tag, _ in inside.tags} <= ELEMENTS - {"style", "meta", "title"}
        for _, attributes in inside.tags:
            for name, given in attributes:
                assert re.fullmatch(ATTRIBUTES[name], given or "", re.DOTALL), (name, given)


def test_more_than_a_page_takes(tmp_path: Path) -> None:
    """Of more reviews than a page has open each is packed; one that fails is listed as well, and the status is as ever."""
    (tmp_path / "A.cs").write_text(
        "class A\n{\n    void M()\n    {\n        lock (this) { }\n    }\n    void N() { }\n}\n"
    )
    lines = [*(["A.cs:5", "A.cs:7"] * (MOST_OPEN // 2)), "A.cs:5", "Nope.cs:1"]
    (tmp_path / "all.txt").write_text("\n".join(lines))
    given = ("review", "--selections", "all.txt", "-q", "--format", "html", "--root", ".")
    done = run_command(*given, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    rows = rows_in(done.stdout)
    assert len(rows) == len(lines) > MOST_OPEN
    assert {row["verdict"] for row in rows} == {"in-scope", "cannot-tell", "failed"}
    assert len(bodies_in(done.stdout)) == sum(row["verdict"] != "failed" for row in rows)
    few = run_command(
        "review", "src/RecordService.cs:31", "src/RecordService.cs:51", "-q", "--format", "html", cwd=EXAMPLE
    )
    assert "<script" not in few.stdout


def test_what_it_cost() -> None:
    """The head has the models, the tokens and the cost of what was asked for this run, and says what is not known."""
    value, unpriced = PLAIN, OTHER._replace(usage=PLAIN.usage and PLAIN.usage._replace(cost=None))
    source = html_of([packed(reviewed([v])) for v in (value, value, unpriced, PLAIN._replace(from_store=3))])
    assert "$1.0000 and 1 of unknown cost" in source
    assert "9 tokens" in source
    assert html_of([packed(reviewed([OFFLINE]))]).count("none was asked") == 1


# --- in a browser --------------------------------------------------------------------------------------------


def many(folder: Path) -> Sequence[Packed | Failed | Comparison]:
    """A range, reviews with and without a model, hostile ones, one that failed."""
    texts = [PLAIN, OFFLINE, *map(review, SOURCES[::6])]
    return [
        compared_incident(folder),
        *(packed(reviewed([t])) for t in texts),
        *[packed(reviewed([OFFLINE]))] * 150,
        Failed("src/Gone.cs:3", "it is <b>not</b> there"),
    ]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of some 200."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "report.html").write_text(html_of(many(folder / "repo")), "utf-8")
    return folder / "report.html"


def listed(browser: Chrome) -> tuple[int, str]:
    """How many rows there are, and what is said of that."""
    return js(browser, "return document.querySelectorAll('#list > li').length"), find(browser, "#count").text


def opened(browser: Chrome, row: WebElement) -> None:
    """Open a row and wait for what it has."""
    row.click()
    WebDriverWait(browser, 20, 0.02).until(lambda _: js(browser, "return !!document.querySelector('#opened')"))


@in_a_browser
@pytest.mark.parametrize("width", [320, 768, 1400])
def test_it_looks_as_a_page_of_one(browser: Chrome, report: Path, width: int) -> None:
    """Nothing is wider than the window and every text has contrast, with a review open too, by day and by night; the console stays empty."""
    browser.get_log("browser")
    for scheme in SCHEMES:
        show(browser, report, width, scheme)
        opened(browser, find(browser, "#list a.row"))
        assert js(browser, "return document.documentElement.scrollWidth") <= width
        assert js(browser, CONTRAST) == {}
        assert js(browser, "return document.images.length + document.forms.length") == 0
    assert browser.get_log("browser") == []


@in_a_browser
def test_it_is_filtered(browser: Chrome, report: Path) -> None:
    """By verdict, rule, path and words, alone and together; what is counted is what is listed, a hundred at a time."""
    show(browser, report)
    total = len(rows_in(report.read_text("utf-8")))
    assert listed(browser) == (100, f"{total:,} of {total:,}")
    find(browser, "#more").click()
    assert listed(browser)[0] == min(total, 200)
    find(browser, "#path").send_keys("gone")
    assert listed(browser) == (1, f"1 of {total}")
    assert find(browser, "#list code").text == "src/Gone.cs:3"
    find(browser, "#path").send_keys(Keys.CONTROL, "a", Keys.BACKSPACE)
    find(browser, "#verdict option[value=failed]").click()
    assert listed(browser)[0] == 1
    find(browser, "#verdict option[value='']").click()
    find(browser, "#rule option:nth-child(2)").click()
    some = listed(browser)[0]
    assert some > 0
    find(browser, "#text").send_keys("PLAIN words")
    assert 0 < listed(browser)[0] <= total
    find(browser, "#text").send_keys(" no such word")
    assert listed(browser) == (0, f"0 of {total}")


@in_a_browser
def test_a_review_is_shown_on_demand(browser: Chrome, report: Path) -> None:
    """A row opens its review and closes it again, one at a time, with the keyboard too; a link to a row leads there, and evidence to its line."""
    show(browser, report)
    rows = browser.find_elements("css selector", "#list a.row")
    opened(browser, rows[1])
    assert rows[1].get_attribute("aria-expanded") == "true"
    link = find(browser, "#opened .code .n a")
    link.click()
    assert js(browser, "return document.querySelector(':target').closest('#opened') !== null")
    rows[0].send_keys(Keys.ENTER)
    WebDriverWait(browser, 20, 0.02).until(lambda _: rows[0].get_attribute("aria-expanded") == "true")
    assert rows[1].get_attribute("aria-expanded") == "false"
    assert len(browser.find_elements("css selector", "#opened")) == 1
    rows[0].click()
    assert browser.find_elements("css selector", "#opened") == []
    number = len(rows_in(report.read_text("utf-8"))) - 1
    js(browser, "location.hash = arguments[0]", f"#i{number}")
    WebDriverWait(browser, 20, 0.02).until(lambda _: browser.find_elements("css selector", "#opened"))
    assert find(browser, "#opened").text == "it is <b>not</b> there"
    lost = (
        "return [...document.links].map(a => a.getAttribute('href')).filter(h => !document.getElementById(h.slice(1)))"
    )
    for row in browser.find_elements("css selector", "#list a.row")[:12]:
        opened(browser, row)
        assert js(browser, lost) == []


@in_a_browser
def test_ten_thousand(browser: Chrome, tmp_path: Path) -> None:
    """A page of 10,000 has a few kilobytes for each and is there, filtered and opened in a moment."""
    kinds = [packed(reviewed([v])) for v in (PLAIN, OFFLINE)]
    made = [kinds[n % 2]._replace(row={**kinds[n % 2].row, "path": f"src/F{n}.cs"}) for n in range(10_000)]
    file = tmp_path / "report.html"
    file.write_text(html_of(made), "utf-8")
    assert file.stat().st_size < 10_000 * 10_000
    start = time.monotonic()
    show(browser, file)
    assert listed(browser) == (100, "10,000 of 10,000")
    find(browser, "#path").send_keys("F99")
    assert listed(browser)[1] == "111 of 10,000"
    opened(browser, find(browser, "#list a.row"))
    assert time.monotonic() - start < 20
