"""Auth: who asks, whether they may, and the record of it.

Belongs here: the dependencies that every route takes, and what an access leaves in the ledger. Not here: keys and sessions
(stores/access.py) or the page for logging in (login.py).

A key comes as `Authorization: Bearer`, a session as a cookie. A browser sends its cookie with every request, also with one that
another site made it send; so what changes anything must repeat the session's form token as well (SameSite=Strict is the
other guard).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from cardio_dagster.audit_contents import AccessMade
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.gateway.backend import Backend, BackendHere
from cardio_dagster.gateway.errors import GatewayError
from cardio_dagster.stores.access import Caller, Role

COOKIE, FORM_FIELD, FORM_HEADER = "cardio_session", "csrf_token", "X-CSRF-Token"
STRANGER = "unknown"
_SAFE = {"GET", "HEAD", "OPTIONS"}
KEY_SCHEME = HTTPBearer(scheme_name="key", auto_error=False, description="A key made with `cardio key add`.")
SESSION_SCHEME = APIKeyCookie(
    name=COOKIE, scheme_name="session", auto_error=False, description="A session made on /login."
)


async def caller(
    request: Request,
    backend: BackendHere,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(KEY_SCHEME)],
    session: Annotated[str | None, Security(SESSION_SCHEME)],
) -> Caller:
    """Return who asks.

    Raises GatewayError: 401 without a valid key or session, 403 where a session changes something without its form token,
    429 for a key that asks too often or an address that tries too many keys. All but the last are recorded.
    """
    found = await run_in_threadpool(_identify, backend, credentials, session)
    if found is None:
        await run_in_threadpool(_turn_away, backend, request)
        raise _no_key()
    wait_s = backend.requests.take(found.key_id)
    if wait_s:
        raise _too_often(wait_s)
    if found.csrf is not None and request.method not in _SAFE and not await _has_form_token(request, found.csrf):
        await run_in_threadpool(record, backend, found, _action(request), _place(request), "refused")
        raise GatewayError("E_ACCESS_003", "the request does not repeat the form token of the session")
    return found


CallerHere = Annotated[Caller, Depends(caller)]


def allowed(roles: Iterable[Role]) -> Callable[..., Awaitable[Caller]]:
    """Return the dependency that lets these roles pass and refuses others with 403, recorded.

    Use it as `Annotated[Caller, Depends(allowed(MAY_READ))]`.
    """
    named = frozenset(roles)

    async def check(request: Request, backend: BackendHere, found: CallerHere) -> Caller:
        if found.role not in named:
            await run_in_threadpool(record, backend, found, _action(request), _place(request), "refused")
            may = ", ".join(role.value for role in Role if role in named)
            raise GatewayError("E_ACCESS_002", "the role may not do that", seen=found.role.value, allowed=may)
        return found

    return check


def record(
    backend: Backend,
    who: Caller | None,
    action: str,
    resource: str,
    outcome: str,
    *,
    study_id: str | None = None,
    revision: int | None = None,
    once: bool = False,
) -> None:
    """Record an access in the ledger, before what was asked for is answered; raises what the database raises.

    `resource` is an address without a query or the name of a thing, never that of a file; `outcome` is `given`, `changed`
    or `refused`. With `once` a repetition by the same caller leaves nothing more: for what is polled.
    """
    actor = Actor(ActorKind.PERSON, who.name if who else STRANGER, who.role.value if who else None)
    content = AccessMade(action, resource, outcome)
    key = f"access:{actor.name}:{action}:{resource}:{outcome}:{study_id}:{revision}" if once else None
    backend.ledger.append(Entry(Kind.ACCESS_MADE, actor, content, study_id, revision, key))


def identify(backend: Backend, key: str | None, session: str | None) -> Caller | None:
    """Return whose key or session this is, the key first; None without a valid one."""
    backend.prepare()
    if key is not None:
        return backend.access.check(key)
    return backend.access.check_session(session) if session else None


def _identify(backend: Backend, credentials: HTTPAuthorizationCredentials | None, session: str | None) -> Caller | None:
    return identify(backend, credentials.credentials if credentials else None, session)


def _turn_away(backend: Backend, request: Request) -> None:
    """Record a wrong key; raise 429 instead for an address that tried too many, so that nobody fills the ledger."""
    wait_s = backend.failures.take(request.client.host if request.client else "")
    if wait_s:
        raise _too_often(wait_s)
    record(backend, None, _action(request), _place(request), "refused")


async def _has_form_token(request: Request, csrf: str) -> bool:
    from hmac import compare_digest

    told = request.headers.get(FORM_HEADER)
    if told is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        field = (await request.form()).get(FORM_FIELD)
        told = field if isinstance(field, str) else None
    return told is not None and compare_digest(told.encode(), csrf.encode())


def _no_key() -> GatewayError:
    challenge = {"WWW-Authenticate": 'Bearer realm="cardio"'}
    return GatewayError("E_ACCESS_001", "the request has no key, or none that is valid", headers=challenge)


def _too_often(wait_s: float) -> GatewayError:
    headers = {"Retry-After": str(int(wait_s) + 1)}
    return GatewayError("E_ACCESS_004", "this key or address asks too often", headers=headers)


def _action(request: Request) -> str:
    return request.method


def _place(request: Request) -> str:
    """Return the pattern of the address, so that nothing that a stranger typed enters the ledger."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "/"))
