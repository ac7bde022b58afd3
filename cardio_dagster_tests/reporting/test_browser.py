"""The page in a real browser: nothing sticks out sideways, nothing is fetched, and axe-core finds no fault.

axe-core 4.x is what the package axe-playwright-python carries; it runs beside the page, whose policy forbids scripts.
"""

from dataclasses import replace
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


OPEN = "document.querySelectorAll('details').forEach(d => { d.open = true })"
HELD = replace(samples.full(), release_status="held for review: two values contradict each other; a gate did not pass")
PAGES = {"held": HELD, "released": replace(HELD, release_status="released: every gate passed"), "error": samples.failed(), "ecg": samples.ecg_only()}  # fmt: skip
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def axe():
    module = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed (pip install .[dev])"
    )
    return module.Axe()


def opened(browser, tmp_path, html, **how):
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    page = browser.new_page(**how)
    page.goto((tmp_path / "report.html").as_uri())
    return page


def faults(axe, page):
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(f["id"], f["nodes"][0]["html"]) for f in found if f["impact"] in SERIOUS]


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [("held", "light", 1280), ("held", "light", 360), ("held", "dark", 360), ("released", "dark", 1280), ("error", "light", 360), ("ecg", "dark", 1280)],
)  # fmt: skip
def test_axe_finds_no_serious_fault(browser, axe, tmp_path, name, scheme, width):
    viewport = {"width": width, "height": 800}
    page = opened(browser, tmp_path, to_html(PAGES[name]), color_scheme=scheme, bypass_csp=True, viewport=viewport)
    if width == 1280:
        assert faults(axe, page) == []
    page.evaluate(OPEN)
    assert faults(axe, page) == []
    page.close()


def test_axe_does_find_faults(browser, axe, tmp_path):
    html = to_html(HELD).replace("--muted: #55616c", "--muted: #c0c6cc")
    page = opened(browser, tmp_path, html, color_scheme="light", bypass_csp=True)
    assert "color-contrast" in {name for name, _ in faults(axe, page)}
    page.close()


def test_the_basis_of_a_sentence_shows_on_pointing_and_on_focus(browser, tmp_path):
    page = opened(browser, tmp_path, to_html(HELD))
    basis = page.locator("#s03-basis")
    assert not basis.is_visible()
    page.locator("#s03 .basis-mark").hover()
    assert basis.is_visible()
    page.mouse.move(0, 0)
    assert not basis.is_visible()
    page.locator("#s03 .basis-mark").focus()
    assert basis.is_visible()
    page.close()


def test_the_banner_stays_in_sight(browser, tmp_path):
    page = opened(browser, tmp_path, to_html(HELD))
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.locator(".banner").bounding_box()["y"] == 0
    page.close()


def test_what_is_closed_on_the_screen_is_open_on_paper(browser, tmp_path):
    page = opened(browser, tmp_path, to_html(HELD))
    row = page.locator("tr.measurement").first
    assert not row.is_visible()
    page.emulate_media(media="print")
    assert row.is_visible()
    assert row.bounding_box()["height"] > 0
    page.close()


def test_the_ecg_is_true_to_scale(browser, tmp_path):
    paper = '<svg xmlns="http://www.w3.org/2000/svg" class="ecg" viewBox="0 0 262 116"><rect width="262" height="116"/></svg>'
    figures = (replace(HELD.figures[0], svg=paper),)
    page = opened(browser, tmp_path, to_html(replace(HELD, figures=figures)))
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        box = page.locator("#figure-1-svg").bounding_box()
        assert box["width"] == pytest.approx(262 / 25.4 * 96, abs=0.5)
        assert box["height"] == pytest.approx(116 / 25.4 * 96, abs=0.5)
    page.close()


def test_nothing_is_wider_than_the_sheet_so_that_printing_shrinks_nothing(browser, tmp_path):
    paper = '<svg xmlns="http://www.w3.org/2000/svg" class="ecg" viewBox="0 0 262 116"/>'
    figures = (replace(HELD.figures[0], svg=paper), *HELD.figures[1:])
    page = opened(browser, tmp_path, to_html(replace(HELD, figures=figures)))
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 1039, "height": 700})  # A4 landscape less its margins: 275 mm
    assert page.evaluate("document.documentElement.scrollWidth") == 1039
    page.close()


def test_a_style_in_one_drawing_leaves_the_other_alone(browser, tmp_path):
    (tmp_path / "report.html").write_text(to_html(samples.full()), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    width = "e => getComputedStyle(e).strokeWidth"
    assert page.locator("#figure-1 .trace").first.evaluate(width) == "1.3px"
    assert page.locator("#figure-3 .trace").first.evaluate(width) == "3px"
    page.close()
