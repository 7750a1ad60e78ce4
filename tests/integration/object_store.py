"""An object store on this machine: moto's S3 over real HTTP, with every request written down.

Belongs here: starting the store, putting objects into it, users and their rights, and answers that
go wrong on purpose.
Does not belong here: what is tried on it (test_object_storage.py, tests/unit/test_places.py).
"""

from __future__ import annotations

import json
import os
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

KEY_ID, SECRET = "AKIAFLYWHEELTEST", "secret-that-no-message-may-show"

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


@dataclass
class Request:
    """One request of the code under test, and how many bytes of body it was answered with."""

    method: str
    path: str
    query: str
    bytes: int = 0


@dataclass
class ObjectStore:
    """One bucket. `next_answers` are given, one each, to the next requests for an object."""

    endpoint: str
    bucket: str
    client: Any
    requests: list[Request] = field(default_factory=list)
    next_answers: list[Callable[[App, Environ, Callable[..., Any]], Iterable[bytes]]] = field(
        default_factory=list
    )

    def put(self, key: str, content: bytes) -> None:
        """Put an object, or another one in its place."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def delete(self, key: str) -> None:
        """Take an object away."""
        self.client.delete_object(Bucket=self.bucket, Key=key)

    def listings(self) -> list[Request]:
        """Requests that list."""
        return [each for each in self.requests if "list-type" in each.query]

    def reads(self) -> list[Request]:
        """Requests that transfer an object."""
        return [each for each in self.requests if each.method == "GET" and not each.query]

    def environment(self) -> dict[str, str]:
        """What an operator sets so that `s3://<bucket>/…` is this store."""
        return {
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "NO_PROXY": "127.0.0.1",
        }


def busy(app: App, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    """As S3 answers when it is asked too often."""
    start("503 Slow Down", [("Content-Type", "application/xml")])
    return [b"<Error><Code>SlowDown</Code></Error>"]


def broken_off(app: App, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    """Half of what was announced, then the connection ends."""
    body = b"".join(app(environ, start))
    return [body[: len(body) // 2]]


@contextmanager
def running_store() -> Iterator[ObjectStore]:
    """A store with an empty bucket, on a port of its own."""
    log: list[Request] = []
    store: ObjectStore
    moto = DomainDispatcherApplication(create_backend_app)

    def app(environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        is_ours = "botocore" not in environ.get("HTTP_USER_AGENT", "").casefold()
        if is_ours:
            log.append(request)
        # Google's client writes more characters as %XX than S3's, and moto reads the raw path.
        environ["RAW_URI"] = quote(environ["PATH_INFO"].encode("latin-1"))
        answer = None
        if is_ours and not request.query and store.next_answers:
            answer = store.next_answers.pop(0)
        body = answer(moto, environ, start) if answer else moto(environ, start)
        for chunk in body:
            request.bytes += len(chunk)
            yield chunk

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    store = ObjectStore(endpoint, f"landing-{uuid.uuid4().hex[:12]}", client, log)
    client.create_bucket(Bucket=store.bucket)
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def only_these_variables(environment: dict[str, str]) -> dict[str, str]:
    """This process' environment without any cloud's variables, and with these."""
    clouds = ("AWS_", "AZURE_", "GOOGLE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(clouds)}
    return kept | environment


def point_to(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """Let this process reach the store, and count from here on."""
    for name in os.environ.keys() - only_these_variables({}).keys():
        monkeypatch.delenv(name)
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    store.requests.clear()
    store.next_answers.clear()
    return store


@contextmanager
def rights(store: ObjectStore, *statements: dict[str, object]) -> Iterator[dict[str, str]]:
    """A user of these rights while the store asks for them; the variables of its credentials."""
    iam = boto3.client(
        "iam",
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
    name = f"flywheel-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]}
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]

    def demand_rights_after(requests: float) -> None:
        url = f"{store.endpoint}/moto-api/reset-auth"
        headers = {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(url, str(requests).encode(), headers))

    demand_rights_after(0)
    try:
        yield {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        }
    finally:
        demand_rights_after(float("inf"))


def may_list(store: ObjectStore) -> dict[str, object]:
    """The right to list the bucket."""
    return {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{store.bucket}"}


def may_read(store: ObjectStore) -> dict[str, object]:
    """The right to read its objects."""
    return {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{store.bucket}/*"}


class _Silent(MotoRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """A test prints what it asserts."""
