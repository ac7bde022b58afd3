"""A ledger with a record of every kind, and with two studies' worth of history, for the tests."""

from cardio_dagster import audit_contents as c
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.outcome import Verdict
from cardio_dagster.stores.ledger import Ledger

KEY = b"k" * 32
STUDY = "st-0123456789abcdef"
OTHER = "st-fedcba9876543210"
SENSOR = Actor(ActorKind.SENSOR, "new_study_sensor")
RUN = Actor(ActorKind.SERVICE, "study_job")
READER = Actor(ActorKind.PERSON, "mk", "cardiologist")
SUPERVISOR = Actor(ActorKind.SERVICE, "supervisor")
AUDITOR = Actor(ActorKind.PERSON, "rh", "records officer")


def sha(letter: str) -> str:
    return letter * 64


def notice(**changes):
    told = {"notice_id": "n1", "impact": "critical", "cause": "ECG_VT", "role": "cardiologist", "due_at": None}
    return c.NoticeTold(**{**told, **changes})


def contents() -> dict[Kind, tuple[Actor, object]]:
    """Return an actor and a content for every kind but those that the ledger writes itself."""
    model = ("ecg_waves", "2", sha("e"))
    passed = c.ModalityPassed("ecg", "ok", False, "key1", sha("a"), "3-f00", sha("e"))
    verdict = Verdict("ecg.quality", "1", True, 0.93, "1", 0.5, None, "ecg", "r01")
    decision = c.Decision("s01", "abnormal", ("ECG_AFIB",), "r01", ("af#rate",), sha("d"))
    score = c.ScoreGiven("cha2ds2_va", None, "{score}", "age is missing")
    return {
        Kind.STUDY_RECEIVED: (
            SENSOR,
            c.Received(sha("c"), "routine", "p-77", "c-1", (c.FileHash("r01", sha("a"), 1204, "ecg", "edf"),)),
        ),
        Kind.STUDY_SET_ASIDE: (SENSOR, c.SetAside("quarantined", "p-78", "c-2", ("E_INTAKE_003",))),
        Kind.STAGE_PASSED: (
            RUN,
            c.StagePassed("receipt", "INIT", "RECEIPT", "ok", "run-1", "study", "1", "2", sha("f"), (passed,)),
        ),
        Kind.GATES_JUDGED: (RUN, c.GatesJudged("analysis", (verdict,))),
        Kind.DECISIONS_MADE: (RUN, c.DecisionsMade((decision,), (score,), (model,))),
        Kind.ERROR_MET: (RUN, c.ErrorMet("E_QUALITY_001", "error", "medium", "VALIDATION", "ecg", "r01", "0.2 < 0.5")),
        Kind.RUN_DIED: (SENSOR, c.RunDied("run-2", "study", (STUDY,), "SIGKILL")),
        Kind.REPORT_CLOSED: (
            RUN,
            c.ReportClosed("held", "COMPLETE", "ECG_ONLY", 1, {"report.json": sha("1"), "report.html": sha("2")}),
        ),
        Kind.NOTICE_RAISED: (RUN, notice()),
        Kind.NOTICE_SENT: (SENSOR, notice(channel="mailto", delivered=False)),
        Kind.NOTICE_ACKNOWLEDGED: (READER, notice()),
        Kind.NOTICE_ESCALATED: (SENSOR, notice(level=1, role="head of department")),
        Kind.REVIEW_OPENED: (RUN, c.ReviewOpened(1, sha("2"), ("few frames",))),
        Kind.REVIEW_DECIDED: (READER, c.ReviewDecided(1, sha("2"), "amend", "AF is paroxysmal", (("replace", "s01", sha("3")),))),
        Kind.CONFIG_CHANGED: (RUN, c.ConfigChanged(sha("f"), {"threads": "2"}, "0.6")),
        Kind.MODELS_CHANGED: (RUN, c.ModelsChanged((model,))),
        Kind.ACCESS_MADE: (READER, c.AccessMade("read", f"reports/{STUDY}", "denied")),
        Kind.BREAKER_MOVED: (RUN, c.BreakerMoved("database", "open", 3, "3 failures \x01 & <more>")),
        Kind.SERVICE_RESTARTED: (SUPERVISOR, c.ServiceRestarted("daemon", "signal SIGKILL", 2, "2026-11-20T03:00:00.000+00:00")),
        Kind.EVALUATION_MADE: (RUN, c.EvaluationMade("2026-11-20", "nightly", "0.6", True, (("camus_lvef_mae_pct", 5.2), ("ludb_p_f1", None)), ("camus_lvef_mae_pct 5.2 -> 7.1",), ("age_years",))),
        Kind.PROMOTION_DECIDED: (READER, c.PromotionDecided("refused", "echo_segmentation 2 e0e0e0e0e0e0", (("camus_lvef_mae_pct", "5.2 -> 7.1", "worse"),), ("worse by 1.9",))),
        Kind.HOLD_PLACED: (AUDITOR, c.HoldMoved("case 12/26")),
        Kind.HOLD_LIFTED: (AUDITOR, c.HoldMoved("case closed")),
    }  # fmt: skip


WITHOUT_STUDY = {
    Kind.STUDY_SET_ASIDE,
    Kind.RUN_DIED,
    Kind.CONFIG_CHANGED,
    Kind.MODELS_CHANGED,
    Kind.BREAKER_MOVED,
    Kind.SERVICE_RESTARTED,
    Kind.EVALUATION_MADE,
    Kind.PROMOTION_DECIDED,
}


def entries(study_id: str = STUDY) -> list[Entry]:
    """Return an entry of every kind that others write."""
    return [
        Entry(kind, actor, content, None if kind in WITHOUT_STUDY else study_id, None if kind in WITHOUT_STUDY else 1)
        for kind, (actor, content) in contents().items()
    ]


def full_ledger(engine) -> Ledger:
    """Return a ledger with all of them, one record each."""
    ledger = Ledger(engine, KEY)
    for entry in entries():
        ledger.append(entry)
    return ledger
