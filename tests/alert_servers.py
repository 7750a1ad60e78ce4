"""Real servers on loopback that take alerts: a webhook over HTTP or HTTPS, and a mail server.

Belongs here: servers, their certificate, and what they were told. Does not belong here: tests.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Webhook:
    """A server that keeps what was posted. `path` holds the token, as Slack's does."""

    url: str
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@contextmanager
def webhook(status: int = 200, location: str = "", tls: Path | None = None) -> Iterator[Webhook]:
    """A webhook that answers every post with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.posts.append((self.path, json.loads(body)))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(b"ok")

        def do_GET(self) -> None:
            told.posts.append((self.path, {}))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    told = Webhook(f"{scheme}://127.0.0.1:{server.server_port}/services/T0/plantedtoken")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class MailServer:
    """A server that keeps e-mails, and how each came in."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


@contextmanager
def mail_server(
    tls: Path | None = None,
    *,
    implicit: bool = False,
    login: tuple[str, str] | None = None,
    refuses: str = "",
) -> Iterator[MailServer]:
    """A mail server: with STARTTLS or, `implicit`, TLS from the start where `tls` is given.

    With `login` it takes e-mails after this login only; it knows nobody named `refuses`.
    """
    told = MailServer(free_port())

    class Handler:
        async def handle_RCPT(  # noqa: N802
            self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
        ) -> str:
            if address == refuses:
                return "550 nobody of this name"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(  # noqa: N802
            self, _server: Any, session: Any, envelope: Any
        ) -> str:
            told.mails.append(message_from_bytes(envelope.content, policy=policy.default))
            told.recipients += envelope.rcpt_tos
            told.was_encrypted.append(session.ssl is not None or implicit)
            return "250 taken"

    def authenticate(_: Any, __: Any, ___: Any, ____: Any, data: LoginPassword) -> AuthResult:
        told.logins.append(data.login.decode())
        is_known = login == (data.login.decode(), data.password.decode())
        return AuthResult(success=is_known, handled=is_known)

    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
    options: dict[str, Any] = {}
    if login is not None:
        options = {
            "authenticator": authenticate,
            "auth_required": True,
            "auth_require_tls": context is not None and not implicit,
        }
    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=told.port,
        **({"ssl_context": context} if implicit else {"tls_context": context}),
        **options,
    )
    controller.start()
    try:
        yield told
    finally:
        controller.stop()


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, which nobody trusts unless told to."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
