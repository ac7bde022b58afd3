"""`python -m cardio_dagster.gateway --host H --port N`: the gateway as a process.

Belongs here: uvicorn and its options. Not here: the application (app.py).

One process: buckets and counts of uploads are in its memory. More of it come by more machines behind a proxy.
"""

import argparse
import logging
import sys
from typing import Any

import uvicorn

from cardio_dagster.errors import SettingsError
from cardio_dagster.gateway.app import make_app
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.settings import gateway_settings, require_valid_settings, settings


def main() -> None:
    """Serve until a signal ends it; uploads and answers under way get ten seconds more."""
    options = _options()
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s: %(message)s")
    try:
        require_valid_settings()
    except SettingsError as error:
        sys.exit(f"the gateway does not start: {error}")
    app = make_app(Backend.of(settings()))
    uvicorn.run(app, host=options.host, port=options.port, **server_options(gateway_settings().proxies))


def server_options(proxies: str) -> dict[str, Any]:
    """Return how uvicorn serves: `proxies` are the addresses whose X-Forwarded-* are believed; empty for none."""
    return {
        "proxy_headers": bool(proxies),
        "forwarded_allow_ips": proxies or None,
        "server_header": False,
        "access_log": False,  # the ledger tells who saw what; a proxy's log tells the rest
        "log_level": "warning",
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": 10,
        "backlog": 512,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cardio_dagster.gateway", description=__doc__.partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    return parser.parse_args()


if __name__ == "__main__":
    main()
