"""The page in a real browser: nothing sticks out sideways, nothing is fetched, nothing complains."""

from pathlib import Path

import pytest

from cardio_dagster.reporting.html_report import to_html
from cardio_dagster_tests.reporting import samples

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def browser():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install .[dev])")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.mark.parametrize("make", [samples.full, samples.failed], ids=["full", "error"])
def test_the_body_never_scrolls_sideways(browser, tmp_path, make):
    (tmp_path / "report.html").write_text(to_html(make()), encoding="utf-8")
    page, heard = browser.new_page(), []
    page.on("console", lambda message: heard.append(message.text))
    page.on("request", lambda request: heard.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    for width in (360, 700, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert [text for text in heard if not text.startswith(("file:", "data:"))] == []
    page.close()


def test_a_style_in_one_drawing_leaves_the_other_alone(browser, tmp_path):
    (tmp_path / "report.html").write_text(to_html(samples.full()), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    width = "e => getComputedStyle(e).strokeWidth"
    assert page.locator("#figure-1 .trace").first.evaluate(width) == "1.3px"
    assert page.locator("#figure-3 .trace").first.evaluate(width) == "3px"
    page.close()
