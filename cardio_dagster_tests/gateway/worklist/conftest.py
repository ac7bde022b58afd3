"""A gateway whose installation holds two held studies of children and one in error, and a real browser."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest

from cardio_dagster.defs.review import review_sensor
from cardio_dagster_tests.defs.installation import bad, clinical, installed
from cardio_dagster_tests.gateway.server import serving

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """Return a gateway; `ward.sent` are the studies `first` and `second` (held), `failed` (error)."""
    folder = tmp_path_factory.mktemp("ward")
    with installed(folder / "site") as installation, serving(installation.settings, installation) as gateway:
        made = {"first": clinical(9, "stat"), "second": clinical(8, "urgent"), "failed": bad(1)}
        for name, write in made.items():
            gateway.sent[name] = installation.intake(write, name)
            installation.run(gateway.sent[name])
        yield gateway


@pytest.fixture(scope="module")
def browser(ward):  # after the ward: Dagster runs no study in a thread that Playwright's loop runs in
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed (apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install .[dev])")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def release(installation):
    """Run what the review sensor asks for, as the daemon does; in a thread of its own, because Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_release, installation).result()


def _release(installation):
    with dg.build_sensor_context(instance=installation.instance, resources={"stores": installation.stores}) as context:
        (request,) = review_sensor(context).run_requests
    job = installation.definitions.resolve_job_def("review_release")
    tags = {**request.tags, "dagster/run_key": request.run_key}
    done = job.execute_in_process(instance=installation.instance, partition_key=request.partition_key, tags=tags)
    assert done.success


def logged_in(browser, gateway, role, **how):
    """Return a page of a browser of its own that entered the key of a role."""
    page = browser.new_context(base_url=gateway.url, **how).new_page()
    page.goto("/worklist")
    page.get_by_label("Your key").fill(gateway.key(role))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/worklist")
    return page
