"""Real receivers on this machine: a webhook over HTTP or HTTPS and a mail server, each keeping what it was given."""

import email
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


@dataclass
class Receiver:
    """What came, and how many of the next requests it refuses."""

    port: int = 0
    got: list = field(default_factory=list)
    refuse: int = 0

    @property
    def bodies(self) -> list[dict]:
        return [body for _, body in self.got]


@contextmanager
def webhook(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Serve a webhook on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            refused = receiver.refuse > 0
            receiver.refuse -= refused
            if not refused:
                receiver.got.append((self.path, json.loads(body)))
            self.send_response(503 if refused else 200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mail_server() -> Iterator[Receiver]:
    """Serve SMTP on a free port; each mail that comes is parsed."""
    receiver = Receiver()

    class Handler:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 (the library's name)
            parsed = email.message_from_bytes(envelope.content, policy=policy.default)
            receiver.got.append((tuple(envelope.rcpt_tos), parsed))
            return "250 taken"

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        receiver.port = probe.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=receiver.port)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
