"""standing: only what says released is released."""

from dataclasses import replace

import pytest

from cardio_dagster.reporting.pages.standing import standing
from cardio_dagster_tests.reporting import samples


@pytest.mark.parametrize(
    ("status", "kind", "reasons"),
    [
        ("released: every gate passed", "released", ("every gate passed",)),
        ("held for review: a; b", "held", ("a", "b")),
        ("error response: c", "failed", ("c",)),
        ("not released", "pending", ("not released",)),
        ("something new", "pending", ("something new",)),
    ],
)
def test_the_kind_follows_the_status(status, kind, reasons):
    found = standing(replace(samples.full(), release_status=status))
    assert (found.kind, found.reasons) == (kind, reasons)
    assert found.warns == (kind != "released")


def test_an_error_is_never_released_whatever_its_status_says():
    assert standing(replace(samples.failed(), release_status="released: every gate passed")).kind == "failed"
