"""Azure Blob Storage on this machine, as far as reading goes: its listings and its blobs over HTTP.

Belongs here: the two answers of its REST API that a reader asks for, written after its reference
(List Blobs, Get Blob); there is no server of it for Python, as moto is one for S3.
Does not belong here: what is tried on it (test_object_storage.py).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCOUNT, CONTAINER = "flywheeltest", "landing"
_MODIFIED = "Sun, 28 Sep 2025 10:00:00 GMT"


class AzureStore:
    """One container. `environment` is what an operator sets so that `az://landing/…` is it."""

    def __init__(self, server: ThreadingHTTPServer, blobs: dict[str, bytes]) -> None:
        self._blobs = blobs
        self.environment = {
            "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
            "AZURE_STORAGE_ACCOUNT_KEY": "c2VjcmV0",
            "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "AZURE_ALLOW_HTTP": "true",
        }

    def put(self, key: str, content: bytes) -> None:
        """Put a blob."""
        self._blobs[key] = content


@contextmanager
def running_azure() -> Iterator[AzureStore]:
    """A store with an empty container, on a port of its own."""
    blobs: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            key = unquote(url.path).removeprefix(f"/{CONTAINER}").lstrip("/")
            if not self.headers.get("Authorization", "").startswith(f"SharedKey {ACCOUNT}:"):
                self._answer(403, b"<Error><Code>AuthenticationFailed</Code></Error>")
            elif asked.get("comp") == "list":
                self._answer(200, _listing(blobs, asked.get("prefix", "")), "application/xml")
            elif key in blobs:
                self._give(blobs[key])
            else:
                self._answer(404, b"<Error><Code>BlobNotFound</Code></Error>")

        def _give(self, content: bytes) -> None:
            wanted = self.headers.get("x-ms-range") or self.headers.get("Range")
            if wanted is None:
                self._answer(200, content, tag=_tag(content))
                return
            first, last = wanted.removeprefix("bytes=").split("-")
            part = content[int(first) : int(last) + 1]
            end = int(first) + len(part) - 1
            self._answer(206, part, tag=_tag(content), part=f"bytes {first}-{end}/{len(content)}")

        def _answer(
            self, status: int, body: bytes, kind: str = "text/plain", tag: str = "", part: str = ""
        ) -> None:
            headers = {
                "Content-Type": kind, "Content-Length": str(len(body)), "ETag": tag,
                "Last-Modified": _MODIFIED, "Content-Range": part,
            }  # fmt: skip
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """A test prints what it asserts."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield AzureStore(server, blobs)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listing(blobs: dict[str, bytes], prefix: str) -> bytes:
    """Blobs directly below a prefix, and the folders there."""
    below = {
        key.removeprefix(prefix): content
        for key, content in blobs.items()
        if key.startswith(prefix)
    }
    folders = sorted({name.split("/")[0] for name in below if "/" in name})
    listed = "".join(
        f"<Blob><Name>{escape(prefix + name)}</Name><Properties>"
        f"<Last-Modified>{_MODIFIED}</Last-Modified><Etag>{_tag(content).strip(chr(34))}</Etag>"
        f"<Content-Length>{len(content)}</Content-Length><Content-Type>text/plain</Content-Type>"
        f"<BlobType>BlockBlob</BlobType></Properties></Blob>"
        for name, content in below.items()
        if "/" not in name
    ) + "".join(
        f"<BlobPrefix><Name>{escape(prefix + name)}/</Name></BlobPrefix>" for name in folders
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Prefix>{escape(prefix)}'
        f"</Prefix><Blobs>{listed}</Blobs><NextMarker/></EnumerationResults>"
    ).encode()


def _tag(content: bytes) -> str:
    return f'"0x{hashlib.sha256(content).hexdigest()[:15].upper()}"'
