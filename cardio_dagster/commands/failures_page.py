"""docs/failures.md, written from the tables of errors/: `python -m cardio_dagster.commands.failures_page > docs/failures.md`.

Belongs here: the page. Not here: the tables. A test compares the page in the repository with what this writes.
"""

import sys

from cardio_dagster.errors import CODES, POLICIES, FailureClass, Policy

_HEAD = """# Failures

Written from the tables in `cardio_dagster/errors/` by `python -m cardio_dagster.commands.failures_page`; do not edit it by hand.

A study's failure is data: it stands in the report with its code, and the study goes on with what is left. A machine's
failure is an exception: it is classified, tried again as the table says, and what cannot be had after the last attempt
becomes data too. So every study ends with a response.

## What each class of failure leads to

Attempts count the first. Those of a *run* are `CARDIO_MAX_ATTEMPTS`. Each further attempt also works with half the batch of
images: whoever asks for it does not know what failed before. `impact` decides who is told and how soon.
"""
_DEADLINES = """
## Deadlines

| what | setting | code |
|---|---|---|
| VALIDATION, PREPROCESSING, DETECTION, ANALYSIS, for one modality | `CARDIO_IMAGE_DEADLINE_S`, and `CARDIO_IMAGE_DEADLINE_S_PER_MB` for each megabyte of its files | `E_TIMEOUT_<STAGE>` |
| RECEIPT, FUSION, SCORING, FORMATTING | `CARDIO_DECISION_DEADLINE_S` | `E_TIMEOUT_<STAGE>` |
| one run of a study | `CARDIO_STUDY_DEADLINE_S` | `E_TIMEOUT_STUDY` |

What is left of the study caps each stage but FORMATTING: a response is written however late it is. Work that hangs in
foreign code is left behind in a thread that no process waits for. Code that never lets go of Python's interpreter is ended with
its process: by `dagster/max_runtime`, which follows the settings, and in the bulk job by the worker itself.

## What all studies need

Database, disk, checkpoint store and report store each have a circuit breaker. `CARDIO_BREAKER_FAILURES` failures in a row, or one
run that gave it up, open it: nothing is taken from the landing folder and no run is asked for, and the sensor says what is down since
when. After `CARDIO_BREAKER_RESET_S` it is looked at once; if it answers, all goes on. A run that died of it is no attempt of its study.
Each opening and closing is in the ledger (`breaker.moved`).
People are told once of an outage, however often it is looked at in vain and whether or not somebody answered; a store that takes
nothing because its disk is full is told as an outage of the disk. The command line says what failed and its cure in a line, and ends with exit code 1.

## Codes
"""


def failures_page() -> str:
    """Return the page as Markdown."""
    policies = "\n".join(_policy(name, policy) for name, policy in POLICIES.items())
    codes = "\n".join(
        f"| `{code}` | {spec.title} | {spec.severity.value} | {spec.failure_class.value} | {spec.cure} |"
        for code, spec in sorted(CODES.items())
    )
    columns = "| class | of | attempts | wait | changed at the next | then | code | severity | impact | response |"
    return "".join(
        (
            _HEAD,
            f"\n{columns}\n{_rule(10)}\n{policies}\n",
            _DEADLINES,
            f"\n| code | what | severity | class | cure |\n{_rule(5)}\n{codes}\n",
        )
    )


def _rule(columns: int) -> str:
    return "|" + "---|" * columns


def _policy(name: FailureClass, policy: Policy) -> str:
    of = "a run" if policy.level.value == "run" else "a piece of work"
    code = f"`{policy.code}`" if policy.code else "its own"
    return (
        f"| {name.value} | {of} | {policy.retry.attempts} | {_wait(policy)} | {policy.change.value} | {policy.then.value} "
        f"| {code} | {policy.severity.value} | {policy.impact.value} | {policy.response} |"
    )


def _wait(policy: Policy) -> str:
    rule = policy.retry
    if rule.attempts == 1:
        return "-"
    waits = ", ".join(f"{rule.delay_before(n):g}" for n in range(2, rule.attempts + 1))
    return f"{waits} s" + (", give or take half" if rule.jitter else "")


if __name__ == "__main__":
    sys.stdout.write(failures_page())
