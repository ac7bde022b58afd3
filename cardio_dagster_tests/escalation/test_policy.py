"""The escalation file: what holds without one, and what is refused with the cure and without the secret."""

import subprocess
import sys

import pytest

from cardio_dagster.errors import SettingsError
from cardio_dagster.escalation.policy import load_policy, policy_in_force
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Audience, Channel

SECRET = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
GOOD = f"""
[audiences]
clinical = ["reader", "head"]
technical = ["operator"]
[roles]
reader = ["slack://{SECRET}/#cardio", "mailto://u:hunter2@example.org?to=reader@example.org"]
head = ["workflows://prod-1.westeurope.logic.azure.com:443/abcd/sig"]
operator = ["json://localhost:8080/hook", "file:///var/notices"]
[impacts.critical]
answer_within_min = [5, 10]
reminders = 2
[impacts.high]
answer_within_min = [15]
[impacts.medium]
answer_within_min = [240]
[impacts.low]
answer_within_min = []
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "escalation.toml"
        path.write_text(text)
        return path

    return write


def test_the_packaged_policy_is_the_one_that_the_documents_promise():
    policy = load_policy(None)
    assert policy.chains[Audience.CLINICAL] == ("reader", "senior_reader", "head")
    assert policy.chains[Audience.TECHNICAL] == ("operator", "administrator")
    first = {impact.value: policy.within_s(impact, 0) for impact in Impact}
    assert first == {"critical": 300.0, "high": 900.0, "medium": 14400.0, "low": None}
    assert {c.url for channels in policy.channels.values() for c in channels} == {"file:"}


def test_a_sites_own_file_is_read(written):
    policy = load_policy(written(GOOD))
    assert [c.scheme for c in policy.channels["reader"]] == ["slack", "mailto"]
    assert [policy.role(Audience.CLINICAL, level) for level in range(4)] == ["reader", "head", "head", "head"]
    assert [policy.within_s(Impact.CRITICAL, level) for level in range(3)] == [300.0, 600.0, 600.0]
    assert policy.last_level(Audience.CLINICAL, Impact.CRITICAL) == 3


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ('technical = ["operator"]', "", "technical names no role"),
        ('technical = ["operator"]', 'technical = ["oprator"]', "oprator is named by an audience and has no channel"),
        ('["reader", "head"]', '["reader", "reader"]', "names a role twice"),
        ('"json://localhost:8080/hook"', f'"slak://{SECRET}"', "operator, channel 1 (slak)"),
        ('"json://localhost:8080/hook"', f'"{SECRET}"', "operator, channel 1 (no scheme)"),
        ('"json://localhost:8080/hook"', '"file:notices"', "operator, channel 1 (file)"),
        ('"file:///var/notices"', '"file:", "file:", "file:"', "operator has 4 channels; at most 3"),
        ("answer_within_min = [5, 10]", "answer_within_min = []", "nobody would ever be asked again"),
        ("answer_within_min = [15]", "answer_within_min = [0]", "[impacts.high] answer_within_min must lie above 0"),
        ("reminders = 2", "reminders = 900", "reminders must lie within 0 and 20"),
        ("[impacts.low]", "[impacts.tiny]", "tiny"),
        ("[impacts.low]\nanswer_within_min = []", "", "[impacts.low] is missing"),
        ("reminders = 2", "remindrs = 2", "remindrs"),
        ("[audiences]", "[audiences", "is not TOML: at line 2"),
        (f'"slack://{SECRET}', f'"slack://{SECRET}\n', "is not TOML: at line 6"),
        ('"json://localhost:8080/hook"', "5", "docs/escalation.md shows the form"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place_and_without_the_secret(written, before, after, names):
    assert before in GOOD
    with pytest.raises(SettingsError) as refused:
        load_policy(written(GOOD.replace(before, after)))
    assert names in str(refused.value)
    assert str(refused.value).startswith("CARDIO_ESCALATION_FILE")
    assert not any(part in str(refused.value) for part in (*SECRET.split("/"), "hunter2"))


def test_all_faults_are_named_at_once(written):
    spoilt = GOOD.replace("reminders = 2", "reminders = 900").replace("[15]", "[-1]")
    with pytest.raises(SettingsError, match=r"(?s)reminders.*above 0|above 0.*reminders"):
        load_policy(written(spoilt))


def test_a_missing_file_is_refused_and_the_packaged_policy_stands_in(tmp_path):
    missing = tmp_path / "nowhere.toml"
    with pytest.raises(SettingsError, match="cannot be read"):
        load_policy(missing)
    policy, fault, _ = policy_in_force(missing)
    assert policy == load_policy(None)
    assert "cannot be read" in fault


def test_raising_a_notice_does_not_wait_for_apprise(written):
    path = written(GOOD)
    code = f"""
import sys
from pathlib import Path
from cardio_dagster.escalation.policy import policy_in_force
policy, fault, _ = policy_in_force(Path({str(path)!r}), check_channels=False)
print(fault, policy.chains and "apprise" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "None False"


def test_a_channel_never_shows_its_url():
    shown = repr(Channel(f"slack://{SECRET}"))
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in shown


def test_the_example_is_a_policy_and_the_page_shows_the_packaged_times():
    from pathlib import Path

    root = Path(__file__).parents[2]
    example = load_policy(root / "deploy" / "escalation.example.toml")
    packaged = load_policy(None)
    assert (example.chains, example.waiting) == (packaged.chains, packaged.waiting)
    page = (root / "docs" / "escalation.md").read_text()
    spans = {300.0: "5 min", 600.0: "10 min", 900.0: "15 min", 1800.0: "30 min", 14400.0: "4 h"}
    for impact in (Impact.CRITICAL, Impact.HIGH, Impact.MEDIUM):
        times = " | ".join(spans[packaged.within_s(impact, level)] for level in range(3))
        assert f"| {impact.value.upper()} | {times} | {packaged.waiting[impact].reminders} |" in page
