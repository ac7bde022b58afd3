"""Wards: clients of the gateway that send studies as time goes on, ask after each job and fetch each result.

Belongs here: HTTP, and times as a client sees them. Not here: what is broken meanwhile (experiments/cluster_load.py).

A ward is patient: what the gateway puts off (429, 503, a line that breaks) is sent again under the same Idempotency-Key, and the
time goes on. It asks after a STAT job each half second, after others each five seconds, later (STAT too) each tenth or fifth of
the time that it has waited, each half minute at the latest: a time is too long by that much at most.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import httpx

_ENDED = {"released", "held", "rejected", "error", "set_aside"}
_ASK_STAT, _ASK_OTHERS = (0.5, 0.1), (5.0, 0.2)  # seconds at least, share of the time waited
_ASK_AT_LATEST_S = 30.0
_AGAIN_S = 1.0
Answered = Callable[[httpx.Response], bool]


@dataclass
class Sending:
    """One study on its way: what is to be sent and when, and what became of it; times are seconds since the start."""

    number: int
    priority: str
    due_s: float
    files: tuple[tuple[str, bytes], ...]
    accepted_s: float | None = None
    result_s: float | None = None
    state: str = "unsent"
    study_id: str | None = None
    put_off: int = 0  # answers that were no answer

    @property
    def latency_s(self) -> float:
        """Seconds from the answer 202 to the result in hand; infinite without one."""
        known = self.accepted_s is not None and self.result_s is not None
        return self.result_s - self.accepted_s if known else math.inf


@dataclass
class Wards:
    """All clients of one gateway: `submitter` sends and asks, `reader` fetches, held reports too."""

    url: str
    submitter: str
    reader: str
    sendings: Sequence[Sending]
    started_s: float = 0.0

    def work(self, patience_s: float) -> None:
        """Send everything when it is due and wait for every result, so long at most."""
        asyncio.run(self._work(patience_s))

    async def _work(self, patience_s: float) -> None:
        self.started_s = time.monotonic()
        limits = httpx.Limits(max_connections=20)
        async with httpx.AsyncClient(base_url=self.url, timeout=30, limits=limits, trust_env=False) as client:
            tasks = [asyncio.create_task(self._accompany(client, sending)) for sending in self.sendings]
            ended, late = await asyncio.wait(tasks, timeout=patience_s, return_when=asyncio.FIRST_EXCEPTION)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            for task in ended:
                task.result()  # raises what a client did not expect

    async def _accompany(self, client: httpx.AsyncClient, sending: Sending) -> None:
        await asyncio.sleep(sending.due_s)
        job = await self._send(client, sending)
        sending.accepted_s = self._now_s()
        await self._follow(client, sending, job["links"]["self"])
        await self._ask(client, sending, "GET", job["links"]["result"], {200, 409}, self.reader, params=_ALSO_HELD)
        sending.result_s = self._now_s()

    async def _send(self, client: httpx.AsyncClient, sending: Sending) -> dict:
        body = [("files", file) for file in sending.files]
        more = {"files": body, "params": {"priority": sending.priority}}
        named = {"Idempotency-Key": f"study-{sending.number}"}
        return (
            await self._ask(client, sending, "POST", "/studies", {202}, self.submitter, headers=named, **more)
        ).json()

    async def _follow(self, client: httpx.AsyncClient, sending: Sending, address: str) -> None:
        """Ask after a job until it has ended."""
        while True:
            waited_s = self._now_s() - (sending.accepted_s or 0.0)
            least_s, share = _ASK_STAT if sending.priority == "stat" else _ASK_OTHERS
            await asyncio.sleep(min(max(least_s, share * waited_s), _ASK_AT_LATEST_S))
            told = (await self._ask(client, sending, "GET", address, {200}, self.submitter)).json()
            sending.state, sending.study_id = told["state"], told["study_id"]
            if sending.state in _ENDED:
                return

    async def _ask(
        self, client: httpx.AsyncClient, sending: Sending, method: str, address: str, wanted: set[int], key: str, **more
    ) -> httpx.Response:
        """Ask until the gateway answers as it should; a refusal of the request itself raises."""
        headers = {**more.pop("headers", {}), "Authorization": f"Bearer {key}"}
        while True:
            try:
                answer = await client.request(method, address, headers=headers, **more)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code in wanted:
                return answer
            if answer is not None and answer.status_code not in {429, 503}:
                answer.raise_for_status()
            sending.put_off += 1
            await asyncio.sleep(_AGAIN_S)

    def _now_s(self) -> float:
        return time.monotonic() - self.started_s


_ALSO_HELD = {"unreleased": "true"}


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value that so large a share of them does not exceed (nearest rank); NaN of none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else math.nan
