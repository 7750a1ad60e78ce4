"""Extracts in a bucket: what is asked of the store, and how it fails.

Belongs here: requests over real HTTP to moto's S3, counted; broken transfers; wrong settings.
Does not belong here: what a bucket has in common with a folder (unit/test_places.py), whole nights
(test_nights_from_a_bucket.py).
"""

from __future__ import annotations

import io
import random
import sys
import threading
import traceback
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from orchestration.bronze.due import survey
from orchestration.bronze.night import load_night
from orchestration.extracts.ledger import Ledger
from orchestration.extracts.objects import ObjectPlace
from orchestration.extracts.places import LandingUnreachableError
from orchestration.extracts.table import UnreadableFileError
from orchestration.settings import Settings
from tests.integration.azure_store import running_azure
from tests.integration.object_store import (
    SECRET,
    App,
    Environ,
    ObjectStore,
    broken_off,
    busy,
    may_list,
    may_read,
    point_to,
    rights,
    running_store,
)

FIRST = date(2025, 9, 28)
SECOND = FIRST + timedelta(days=1)
FLYWHEEL = Path(sys.executable).with_name("flywheel")
NOISE = random.Random(5).randbytes(3_000_000)


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(running: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    return point_to(running, monkeypatch)


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A prefix for one test alone."""
    return request.node.name


@pytest.fixture
def place(store: ObjectStore, prefix: str) -> ObjectPlace:
    return ObjectPlace(f"s3://{store.bucket}/{prefix}/")


def put_night(store: ObjectStore, prefix: str, names: Iterable[str], night: date = FIRST) -> None:
    for name in names:
        store.put(f"{prefix}/crm/{night}/{name}", b"x")


# What is asked of the store


def test_a_listing_costs_a_request_a_night_and_reads_no_object(
    store: ObjectStore, place: ObjectPlace, prefix: str
) -> None:
    nights = [FIRST + timedelta(days=number) for number in range(20)]
    for night in nights:
        put_night(store, prefix, ["a.csv", "deep/b.csv", "deep/c.csv"], night)
    assert place.nights("crm") == nights
    assert [entry.name for entry in place.entries("crm", FIRST)] == ["a.csv", "deep"]
    assert len(store.listings()) == 1 + len(nights)
    assert store.reads() == []


def test_a_listing_goes_on_over_many_pages(
    store: ObjectStore, place: ObjectPlace, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of S3 holds a thousand keys; here it holds ten."""
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    names = [f"part-{number:02}.csv" for number in range(35)]
    put_night(store, prefix, names)
    assert [entry.name for entry in place.entries("crm", FIRST)] == names
    assert len(store.listings()) == 4


def test_a_file_is_read_once_and_only_when_it_is_fetched(
    store: ObjectStore, place: ObjectPlace, prefix: str, tmp_path: Path
) -> None:
    put_night(store, prefix, ["other.csv"])
    store.put(f"{prefix}/crm/{FIRST}/a.csv", NOISE)
    assert place.fetch("crm", FIRST, "a.csv", tmp_path).read_bytes() == NOISE
    assert [request.bytes for request in store.reads()] == [len(NOISE)]


def test_a_zip_is_listed_by_its_end_and_a_member_read_by_its_part(
    store: ObjectStore, place: ObjectPlace, prefix: str
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("first.csv", NOISE)
        archive.writestr("second.csv", b"small")
        archive.writestr("third.csv", NOISE)
    store.put(f"{prefix}/crm/{FIRST}/export.zip", packed.getvalue())
    with place.open("crm", FIRST, "export.zip") as file, zipfile.ZipFile(file) as archive:
        assert archive.namelist() == ["first.csv", "second.csv", "third.csv"]
        assert [request.bytes for request in store.reads()] == [256 * 1024]
        assert archive.read("second.csv") == b"small"
        assert sum(request.bytes for request in store.reads()) <= 1024**2
        assert archive.read("third.csv") == NOISE
        assert len(store.reads()) < 10


def test_markers_that_consoles_make_for_empty_folders_are_no_files(
    store: ObjectStore, place: ObjectPlace, prefix: str
) -> None:
    store.put(f"{prefix}/", b"")
    store.put(f"{prefix}/crm/", b"")
    store.put(f"{prefix}/crm/{FIRST}/", b"")
    store.put(f"{prefix}/crm/{FIRST}/_SUCCESS", b"")
    assert place.nights("crm") == [FIRST]
    assert [entry.name for entry in place.entries("crm", FIRST)] == ["_SUCCESS"]


@pytest.mark.parametrize("prefix", ["", "deep/er", "with blank", "a%20b", "größe"])
def test_any_prefix_is_taken_as_it_is_written(store: ObjectStore, prefix: str) -> None:
    store.put(f"{prefix}/source/{FIRST}/a.csv".lstrip("/"), b"x")
    place = ObjectPlace(f"s3://{store.bucket}/{prefix}")
    assert place.nights("source") == [FIRST]


def load_from(url: str, put: Callable[[str, bytes], None], folder: Path) -> None:
    """A night of a file and of a zip is listed, loaded, and not due again."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("UserRole_2.csv", "Id,Name,ParentRoleId\n00E000000000002AAA,Boss,\n")
    role = b"Id,Name,ParentRoleId\n00E000000000001AAA,Rep,00E000000000002AAA\n"
    for name, content in {
        "UserRole.csv": role,
        "a b.zip": packed.getvalue(),
        "_SUCCESS": b"",
    }.items():
        put(f"deep/er/salesforce/{FIRST}/{name}", content)
    settings = Settings(home=folder / "home", landing_url=f"{url}/deep/er")
    loads = load_night(settings, FIRST, "run", "salesforce")
    assert {load.file: (load.error, load.rows_accepted) for load in loads} == {
        "UserRole.csv": (None, 1),
        "a b.zip/UserRole_2.csv": (None, 1),
    }
    assert survey(settings, Ledger(settings.ledger)).files == {}
    put(f"deep/er/salesforce/{FIRST}/UserRole.csv", role + b"00E000000000003AAA,New,\n")
    (due,) = survey(settings, Ledger(settings.ledger)).files[FIRST]
    assert due.name == "UserRole.csv"


def test_amazon_s3_goes_this_way(store: ObjectStore, tmp_path: Path) -> None:
    load_from(f"s3://{store.bucket}", store.put, tmp_path)


def test_google_cloud_storage_goes_the_same_way(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its XML interface lists and reads as S3 does, so that the same store can stand in for it."""
    monkeypatch.setenv("GOOGLE_BASE_URL", store.endpoint)
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "anything")
    monkeypatch.setenv("GOOGLE_ALLOW_HTTP", "true")
    load_from(f"gs://{store.bucket}", store.put, tmp_path)


def test_azure_blob_storage_goes_the_same_way(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_azure() as azure:
        for name, value in azure.environment.items():
            monkeypatch.setenv(name, value)
        load_from("az://landing", azure.put, tmp_path)


# Keys that are no paths


@pytest.mark.parametrize("key", ["/b.csv", "../b.csv", "..", "./b.csv", "tab\tb.csv"])
def test_a_key_that_is_no_path_is_named_and_hides_its_night_only(
    store: ObjectStore, place: ObjectPlace, prefix: str, key: str
) -> None:
    put_night(store, prefix, ["a.csv", key])
    put_night(store, prefix, ["a.csv"], SECOND)
    assert place.nights("crm") == [FIRST, SECOND]
    (entry,) = place.entries("crm", FIRST)
    assert entry.hides_others
    assert "is no path, so that the night cannot be listed: rename or delete it" in entry.problem
    assert [entry.name for entry in place.entries("crm", SECOND)] == ["a.csv"]


def test_a_key_that_is_no_path_beside_the_nights_is_an_error_that_names_it(
    store: ObjectStore, place: ObjectPlace, prefix: str
) -> None:
    store.put(f"{prefix}/crm//{FIRST}/a.csv", b"x")
    with pytest.raises(LandingUnreachableError, match=r"the key '.*/crm//' is no path"):
        place.nights("crm")


# Transfers that go wrong


def test_a_transfer_that_breaks_off_is_taken_up_where_it_ended(
    store: ObjectStore, place: ObjectPlace, prefix: str, tmp_path: Path
) -> None:
    store.put(f"{prefix}/crm/{FIRST}/a.csv", NOISE)
    store.next_answers += [broken_off, busy, broken_off]
    assert place.fetch("crm", FIRST, "a.csv", tmp_path).read_bytes() == NOISE
    assert len(store.reads()) == 4


@pytest.mark.parametrize(
    ("answer", "words"),
    [(busy, r"busy or broken \(503 SlowDown\)"), (broken_off, "it does not answer")],
)
def test_a_store_that_keeps_failing_is_told_of(
    store: ObjectStore,
    place: ObjectPlace,
    prefix: str,
    tmp_path: Path,
    answer: Callable[..., Iterable[bytes]],
    words: str,
) -> None:
    """Not as a fault of the file: what is unreadable is due again only when it has changed."""
    store.put(f"{prefix}/crm/{FIRST}/a.csv", NOISE)
    store.next_answers += [answer] * 20
    with pytest.raises(LandingUnreachableError, match=words):
        place.fetch("crm", FIRST, "a.csv", tmp_path)


def heedless(app: App, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
    """As some stores answer that know no conditions."""
    environ.pop("HTTP_IF_MATCH", None)
    return app(environ, start)


@pytest.mark.parametrize("answers", [[], [heedless] * 2], ids=["S3", "no conditions"])
@pytest.mark.parametrize("content", [b"another", b"y"], ids=["other size", "same size"])
def test_an_object_that_was_re_sent_after_the_listing_is_not_read(
    store: ObjectStore,
    place: ObjectPlace,
    prefix: str,
    tmp_path: Path,
    content: bytes,
    answers: list[Callable[..., Iterable[bytes]]],
) -> None:
    put_night(store, prefix, ["a.csv"])
    place.entries("crm", FIRST)
    store.put(f"{prefix}/crm/{FIRST}/a.csv", content)
    store.next_answers += answers
    with pytest.raises(UnreadableFileError, match="changed after it was listed"):
        place.fetch("crm", FIRST, "a.csv", tmp_path)
    with (
        pytest.raises(UnreadableFileError, match="changed after it was listed"),
        place.open("crm", FIRST, "a.csv") as file,
    ):
        file.read()


def test_an_object_that_is_re_sent_in_mid_transfer_is_not_put_together_of_both(
    store: ObjectStore, place: ObjectPlace, prefix: str, tmp_path: Path
) -> None:
    key = f"{prefix}/crm/{FIRST}/a.csv"
    store.put(key, NOISE)

    def re_sent(app: App, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        half = broken_off(app, environ, start)
        store.put(key, NOISE[::-1])
        return half

    store.next_answers.append(re_sent)
    with pytest.raises(UnreadableFileError, match="changed after it was listed"):
        place.fetch("crm", FIRST, "a.csv", tmp_path)


# A store that cannot be read


def complaint(url: str) -> str:
    """What is said of a store that cannot be listed; never the secret, in whatever is printed."""
    with pytest.raises(LandingUnreachableError) as caught:
        ObjectPlace(url).nights("crm")
    printed = "".join(traceback.format_exception(caught.value))
    assert SECRET not in printed
    assert "Debug source" not in printed, "the library's own error repeats the store's answer"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_bucket_is_told_by_its_name(store: ObjectStore) -> None:
    assert complaint("s3://nowhere/crm") == (
        "s3://nowhere/crm cannot be read: there is no bucket or container of this name "
        "(404 NoSuchBucket)"
    )


@pytest.mark.parametrize(
    "url",
    [
        "s3:/bucket",
        "s3://",
        "ftp://bucket/x",
        "https://bucket.s3.amazonaws.com/x",
        f"s3://key:{SECRET}@bucket/x",
        f"s3://bucket/x?signature={SECRET}",
        "s3://bucket/../x",
        "s3://bucket//x",
    ],
)
def test_a_url_that_is_none_is_never_repeated(store: ObjectStore, url: str) -> None:
    said = complaint(url)
    assert said == (
        "FLYWHEEL_LANDING is no place that can be read: write s3://bucket/prefix, "
        "gs://bucket/prefix or az://container/prefix, and nothing else into it"
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "it does not answer: check the endpoint"),
        ({"AWS_ENDPOINT_URL": "127.0.0.1:9"}, "AWS_ENDPOINT_URL has to begin with https://"),
        ({"AWS_ALLOW_HTTP": "no"}, "write https://, or set AWS_ALLOW_HTTP=true"),
        ({"AWS_SECRET_ACCESS_KEY": None}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        (
            {
                "AWS_ACCESS_KEY_ID": None,
                "AWS_SECRET_ACCESS_KEY": None,
                "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9",
            },
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        ({"AWS_SKIP_SIGNATURE": "perhaps"}, "settings (AWS_…) that are not valid"),
    ],
    ids=["closed port", "no scheme", "http", "half a credential", "no credentials", "nonsense"],
)
def test_wrong_settings_are_told_with_what_to_set(
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str | None],
    words: str,
) -> None:
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    assert words in complaint(f"s3://{store.bucket}/crm")


def test_azure_without_an_account_says_what_to_set(store: ObjectStore) -> None:
    assert "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_" in complaint("az://container/crm")


def test_an_endpoint_that_is_no_object_store_is_told_of(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "up"}')

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    said = complaint("s3://bucket/crm")
    server.shutdown()
    server.server_close()
    assert "what answers is no object store: check the endpoint" in said


def test_the_rights_to_list_and_to_read_are_enough(
    store: ObjectStore, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/object-storage.md promises."""
    put_night(store, prefix, ["a.csv"])
    with rights(store, may_list(store), may_read(store)) as credentials:
        for name, value in credentials.items():
            monkeypatch.setenv(name, value)
        place = ObjectPlace(f"s3://{store.bucket}/{prefix}")
        assert place.nights("crm") == [FIRST]
        assert place.fetch("crm", FIRST, "a.csv", tmp_path).read_bytes() == b"x"


def test_a_wrong_secret_and_missing_rights_are_told_apart_by_the_code_of_the_store(
    store: ObjectStore, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_night(store, prefix, ["a.csv"])
    url = f"s3://{store.bucket}/{prefix}"
    with rights(store, may_list(store)) as credentials:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AWS_ACCESS_KEY_ID"])
        assert "access is denied (403 SignatureDoesNotMatch)" in complaint(url)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["AWS_SECRET_ACCESS_KEY"])
        place = ObjectPlace(url)
        assert place.nights("crm") == [FIRST]
        with pytest.raises(LandingUnreachableError, match=r"denied \(403 AccessDenied\)"):
            place.fetch("crm", FIRST, "a.csv", tmp_path)
    with rights(store, may_read(store)) as credentials:
        for name, value in credentials.items():
            monkeypatch.setenv(name, value)
        assert "access is denied (403 AccessDenied)" in complaint(url)
