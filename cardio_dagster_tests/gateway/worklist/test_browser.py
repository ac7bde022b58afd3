"""The worklist in a real browser: find, open, amend, released, acknowledge, conflict, phone, axe-core."""

import os
from pathlib import Path

import pytest

from cardio_dagster.stores.access import Role
from cardio_dagster_tests.gateway.worklist.conftest import logged_in, release

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("CARDIO_SHOTS")


def look(page, name):
    """Keep pictures where asked, and hold the page against axe-core and sideways scrolling, wide and narrow, light and dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install .[dev]").Axe()
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"w-{name}-{width}-{scheme}.png", full_page=True)
            if (width, scheme) in {(1280, "light"), (360, "dark")}:
                found = axe.run(page, options={"resultTypes": ["violations"], "iframes": False}).response["violations"]
                assert [(f["id"], f["nodes"][0]["html"]) for f in found if f["impact"] in {"serious", "critical"}] == []
    page.set_viewport_size({"width": 1280, "height": 800})


def test_the_whole_way_of_a_reviewer(ward, browser):
    study_id = ward.sent["first"]
    page, faults = logged_in(browser, ward, Role.REVIEWER), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    look(page, "list")
    page.get_by_label("State").select_option("held")
    page.get_by_label("Study id begins with").fill(study_id[:8])
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name=study_id).last.click()
    assert page.frame_locator("iframe.report").locator("h1").first.is_visible()
    look(page, "study")
    other = page.context.new_page()  # the same report is open twice
    other.goto(f"/worklist/{study_id}")
    page.get_by_label("Amend").check()
    page.get_by_label("Text", exact=True).fill("Read by a paediatric cardiologist.")
    page.get_by_label("Sentence s01").select_option("withdraw")
    page.get_by_label("Reason").fill("Read with the family doctor.")
    page.get_by_role("button", name="Record the decision").click()
    assert "Version 2 is being written" in page.get_by_role("status").inner_text()
    look(page, "pending")
    other.get_by_label("Reject").check()
    other.get_by_label("Reason").fill("My own reason.")
    other.get_by_role("button", name="Record the decision").click()
    assert "decided meanwhile: amend" in other.get_by_role("alert").inner_text()
    release(ward.installation)
    other.goto(f"/worklist/{study_id}")
    look(other, "released")
    assert other.get_by_text("released", exact=True).first.is_visible()
    other.get_by_role("link", name="Revision 1, version 2").click()
    assert "Read by a paediatric cardiologist." in other.content()
    page.goto(f"/worklist/{study_id}/lineage")
    assert "reviewer (reader) amended" in page.locator("main").inner_text()
    look(page, "lineage")
    assert [text for text in faults if "409" not in text] == []


def test_a_stale_form_is_told_both_versions_and_keeps_what_was_typed(ward, browser):
    study_id = ward.sent["second"]
    page = logged_in(browser, ward, Role.REVIEWER)
    page.goto(f"/worklist/{study_id}")
    page.evaluate("document.querySelector('[name=seen]').value = 'v9-000000000000'")
    page.get_by_label("Reject").check()
    page.get_by_label("Reason").fill("Kept words.")
    page.get_by_role("button", name="Record the decision").click()
    told = page.get_by_role("alert").inner_text()
    assert "version 9" in told
    assert "version 1" in told
    assert page.get_by_label("Reason").input_value() == "Kept words."
    look(page, "conflict")
    page.get_by_label("Reason").fill("Mrs Meier, born 3.5.1961")
    page.get_by_role("button", name="Record the decision").click()
    assert "seems to hold" in page.get_by_role("alert").inner_text()
    assert ward.backend.reviews.decisions(study_id, 1) == ()


def test_acknowledge_by_keyboard_on_a_phone_without_script(ward, browser):
    page = logged_in(browser, ward, Role.ADMIN, viewport={"width": 360, "height": 700}, java_script_enabled=False)
    buttons = page.get_by_role("button", name="Acknowledge")
    before = buttons.count()
    assert before
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    buttons.first.focus()
    page.keyboard.press("Enter")
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install .[dev]")
    sync_api.expect(page.get_by_role("button", name="Acknowledge")).to_have_count(before - 1)
    assert any(a == "acknowledge" and o == "changed" for _, a, _, o in ward.accesses())


def test_roles_see_what_is_theirs(ward, browser):
    page = logged_in(browser, ward, Role.SUBMITTER)
    assert "What you sent" in page.locator("h1").inner_text()
    look(page, "mine")
    page.goto(f"/worklist/{ward.sent['second']}")
    assert "may not do that" in page.locator("h1").inner_text()
    look(page, "refused")
    for role in (Role.READER, Role.AUDITOR):
        page = logged_in(browser, ward, role)
        assert page.get_by_role("button", name="Acknowledge").count() == 0
        page.goto(f"/worklist/{ward.sent['second']}")
        assert page.get_by_role("button", name="Record the decision").count() == 0
