"""The worklist over HTTP: roles, forms, files of reports, pages by key."""

import pytest
import sqlalchemy as sa

from cardio_dagster.gateway.worklist.queries import Asked, Shown, page_of
from cardio_dagster.review.worklist import show
from cardio_dagster.stores.access import MAY_DECIDE, MAY_READ, Role
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.study_tables import studies
from cardio_dagster.study import Priority

HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("role", list(Role))
def test_roles(ward, role):
    study_id = ward.sent["second"]
    with ward.client(role) as client:
        client.headers.update(HTML)
        reading = 200 if role in MAY_READ else 403
        assert client.get(f"/worklist/{study_id}").status_code == reading
        assert client.get(f"/reports/{study_id}/r1/v1/report.html").status_code == reading
        form = {"choice": "accept", "reason": "Read.", "seen": "v9-0"}
        assert client.post(f"/worklist/{study_id}/decision", data=form).status_code == (
            409 if role in MAY_DECIDE else 403
        )
    assert ward.backend.reviews.decisions(study_id, 1) == ()


def test_a_browser_without_its_form_token_changes_nothing(ward):
    with ward.client(None) as client:
        client.post("/login", data={"key": ward.key(Role.REVIEWER), "next": "/worklist"})
        answer = client.post(f"/worklist/{ward.sent['second']}/decision", data={"choice": "accept", "reason": "x"})
    assert answer.status_code == 403


def test_a_report_may_run_nothing_and_one_that_was_changed_is_given_to_nobody(ward):
    study_id = ward.sent["failed"]
    with ward.client(Role.READER) as client:
        answer = client.get(f"/reports/{study_id}/r1/v1/report.html")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert client.get(f"/reports/{study_id}/r1/v1/../../x").status_code == 404
        path = ward.backend.settings.store_dir / "reports" / study_id / "r1" / "report.html"
        whole = path.read_bytes()
        try:
            path.write_bytes(whole + b" ")
            assert client.get(f"/reports/{study_id}/r1/v1/report.html").status_code == 503
        finally:
            path.write_bytes(whole)


def test_unknown_study_is_a_page_in_words(ward):
    with ward.client(Role.READER) as client:
        answer = client.get("/worklist/s-nothing", headers=HTML)
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)


@pytest.fixture
def many(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'many.db'}")
    create_tables(engine)
    rows = [
        {"study_id": f"s-{i:04d}", "revision": 1, "source": f"x{i}", "priority_rank": i % 4, "attempt": 0}
        | {"received_at": f"2026-01-01T00:00:{i % 7:02d}.000+00:00"}
        for i in range(40)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(studies), rows)
    return engine


@pytest.mark.parametrize("shown", [Shown.TODO, Shown.WAITING, Shown.ALL])
def test_pages_by_key_hold_every_study_once_in_order(many, shown):
    seen, after = [], None
    while True:
        page = page_of(many, Asked(shown, after=after), size=7)
        seen += page.rows
        after = page.next_key
        if after is None:
            break
    assert len({r.study_id for r in seen}) == len(seen) == 40
    ranks = [list(Priority).index(r.priority) for r in seen]
    if shown is Shown.ALL:
        assert [r.received_at for r in seen] == sorted((r.received_at for r in seen), reverse=True)
    else:
        assert ranks == sorted(ranks)


def test_filters(many):
    assert {r.priority for r in page_of(many, Asked(Shown.ALL, Priority.STAT)).rows} == {Priority.STAT}
    assert [r.study_id for r in page_of(many, Asked(Shown.ALL, study="s-0013")).rows] == ["s-0013"]
    assert page_of(many, Asked(Shown.ALL, study="%")).rows == ()
    assert page_of(many, Asked(Shown.RUNNING)).rows == ()


def test_a_text_that_was_typed_is_not_dropped_in_silence(ward):
    study_id = ward.sent["second"]
    seen = show(study_id, ward.backend.reviews, ward.backend.ledger).seen
    form = {"choice": "accept", "reason": "Read.", "seen": seen, "action-s01": "", "text-s01": "Another text."}
    with ward.client(Role.REVIEWER) as client:
        answer = client.post(f"/worklist/{study_id}/decision", data=form)
    assert answer.status_code == 422
    assert "Another text." in answer.text
    assert ward.backend.reviews.decisions(study_id, 1) == ()
