"""The landing of extracts in object storage: Amazon S3 and its likes, Google Cloud, Azure.

Belongs here: listing what stands below a prefix, copying objects to this machine, reading ranges
of them, and telling in one sentence why a store cannot be read.
Does not belong here: which file holds which object (landing.py), what is in it (readers.py).

Credentials, region and endpoint come from the environment. What a store answers is never quoted in
an error: answers repeat keys and signatures.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from urllib.parse import quote

from obstore.exceptions import BaseError, InvalidPathError, PreconditionError
from obstore.store import from_url

from orchestration.extracts.places import (
    A_FOLDER,
    Entry,
    LandingUnreachableError,
    Stray,
    night_of,
)
from orchestration.extracts.table import UnreadableFileError

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ListResult, ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_Answer = TypeVar("_Answer")

_URL = re.compile(r"(?P<scheme>s3|gs|az)://(?P<bucket>[A-Za-z0-9._-]+)(?:/(?P<prefix>[^?#]*))?")
# Without credentials in the environment the library asks the machine's own service for some.
_CREDENTIALS_SERVICE = re.compile(r"169\.254\.|/latest/(?:api|meta-data)/|token request")
_CHUNK = 8 * 1024**2
_LEAST_AHEAD = 256 * 1024
# A night is listed by one request, and a year of them one after another would take half a minute.
_LISTINGS_AT_ONCE = 16

# A store that is not there is told of within seconds; one that stumbles is asked again.
_RETRY: RetryConfig = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=200),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}
# The default of 30 seconds is for a whole answer, and an extract may take hours.
_CLIENT: ClientConfig = {"connect_timeout": "3s", "read_timeout": "10s", "timeout": "1day"}


@dataclass(frozen=True)
class _Vendor:
    """What a vendor's variables are called."""

    prefix: str
    endpoints: tuple[str, ...]
    credentials: str


_VENDORS = {
    "s3": _Vendor(
        "AWS",
        ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    "gs": _Vendor("GOOGLE", ("GOOGLE_BASE_URL",), "GOOGLE_APPLICATION_CREDENTIALS"),
    "az": _Vendor(
        "AZURE",
        ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
        "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    ),
}


class ObjectPlace:
    """`<url>/<source>/<YYYY-MM-DD>/<file>` in a bucket.

    Every night is listed once in the life of a place. What is read later must be what was listed:
    of another size or with another e-tag, it is an UnreadableFileError. Raises
    LandingUnreachableError where the store itself cannot be asked.
    """

    def __init__(self, url: str) -> None:
        match = _URL.fullmatch(url)
        prefix = (match["prefix"] or "").rstrip("/") if match else ""
        if match is None or (prefix and {"", ".", ".."} & set(prefix.split("/"))):
            raise LandingUnreachableError(
                "FLYWHEEL_LANDING is no place that can be read: write s3://bucket/prefix, "
                "gs://bucket/prefix or az://container/prefix, and nothing else into it"
            )
        self._url = f"{match['scheme']}://{match['bucket']}/{prefix}".rstrip("/")
        self._vendor = _VENDORS[match["scheme"]]
        self._store = self._open(f"{match['scheme']}://{match['bucket']}/{quote(prefix)}")
        self._listed: dict[tuple[str, date], tuple[list[Entry], dict[str, ObjectMeta]]] = {}
        self._strays: dict[str | None, list[Stray]] = {}

    def nights(self, source: str) -> list[date]:
        """Prefixes that are named like a day."""
        try:
            listing = self._list(source)
        except InvalidPathError as error:
            raise self._unreachable(f"{_odd_key(error)}: rename or delete it") from None
        names = sorted(map(_base_name, listing["common_prefixes"]))
        nights = [night for name in names if (night := night_of(name))]
        # The object that bears the name of the folder itself is how consoles make empty folders.
        files = sorted(
            _base_name(meta["path"]) for meta in listing["objects"] if meta["path"] != source
        )
        self._strays[source] = [
            *(Stray(name, is_folder=True) for name in names if not night_of(name)),
            *(Stray(name, is_folder=False) for name in files),
        ]
        with ThreadPoolExecutor(_LISTINGS_AT_ONCE) as pool:
            list(pool.map(partial(self.entries, source), nights))
        return nights

    def strays(self, source: str | None = None) -> list[Stray]:
        """What the listing of a source's nights gave besides. What stands beside the sources would
        cost a request of its own.
        """
        return self._strays.get(source, [])

    def entries(self, source: str, night: date) -> list[Entry]:
        """Objects directly below the prefix of the night, and what stands deeper by its folder."""
        if (source, night) not in self._listed:
            self._listed[source, night] = self._look(f"{source}/{night.isoformat()}")
        return self._listed[source, night][0]

    def changed_ns(self, source: str, night: date) -> int:  # noqa: ARG002
        """A prefix has no time of its own."""
        return 0

    def open(self, source: str, night: date, name: str) -> AbstractContextManager[BinaryIO]:
        """The object, read by ranges: what is not asked for is not transferred."""
        listed = self._object(source, night, name)

        def read(start: int, end: int) -> bytes:
            result = self._get(listed, {"range": (start, end)})
            return self._ask(lambda: bytes(result.bytes()))

        return io.BufferedReader(_RangedReader(read, listed["size"]), _LEAST_AHEAD)

    def fetch(self, source: str, night: date, name: str, scratch: Path) -> Path:
        """A copy in `scratch`, under a name of its own: a key may be called anything."""
        listed = self._object(source, night, name)
        with tempfile.NamedTemporaryFile(prefix="landed-", dir=scratch, delete=False) as file:
            for chunk in self._chunks(listed):
                file.write(chunk)
        return Path(file.name)

    def _open(self, url: str) -> ObjectStore:
        variable = f"{self._vendor.prefix}_ALLOW_HTTP"
        allow_http = os.environ.get(variable, "").casefold() in ("1", "true", "yes", "on")
        for name in self._vendor.endpoints:
            endpoint = os.environ.get(name, "https://")
            # Without a scheme the library panics; without leave its error does not say what for.
            if not endpoint.startswith(("https://", "http://")):
                raise self._unreachable(f"{name} has to begin with https://")
            if endpoint.startswith("http://") and not allow_http:
                raise self._unreachable(
                    f"{name} is not encrypted: write https://, or set {variable}=true"
                )
        try:
            return from_url(
                url, client_options={**_CLIENT, "allow_http": allow_http}, retry_config=_RETRY
            )
        except BaseError:
            raise self._unreachable(self._wrong_settings()) from None

    def _look(self, folder: str) -> tuple[list[Entry], dict[str, ObjectMeta]]:
        try:
            listing = self._list(folder)
        except InvalidPathError as error:
            problem = f"{_odd_key(error)}, so that the night cannot be listed: rename or delete it"
            return [Entry(_base_name(folder), 0, 0, problem, hides_others=True)], {}
        # The object that bears the name of the folder itself is how consoles make empty folders.
        objects = {
            _base_name(meta["path"]): meta for meta in listing["objects"] if meta["path"] != folder
        }
        entries = {
            name: Entry(name, meta["size"], _nanoseconds(meta["last_modified"]))
            for name, meta in objects.items()
        }
        for path in listing["common_prefixes"]:
            entries[_base_name(path)] = Entry(_base_name(path), 0, 0, A_FOLDER)
        return [entries[name] for name in sorted(entries)], objects

    def _list(self, folder: str) -> ListResult[Sequence[ObjectMeta]]:
        try:
            return self._store.list_with_delimiter(folder)
        except InvalidPathError:
            raise
        except (BaseError, FileNotFoundError) as error:
            raise self._unreachable(self._reason(str(error))) from None

    def _object(self, source: str, night: date, name: str) -> ObjectMeta:
        self.entries(source, night)
        try:
            return self._listed[source, night][1][name]
        except KeyError:
            raise UnreadableFileError("it is not in the listing of its night") from None

    def _chunks(self, listed: ObjectMeta) -> Iterator[bytes]:
        stream = iter(self._get(listed, {}).stream(min_chunk_size=_CHUNK))
        while (chunk := self._ask(lambda: next(stream, None))) is not None:
            yield chunk

    def _get(self, listed: ObjectMeta, options: GetOptions) -> GetResult:
        tag = _tag(listed)
        if tag is not None:
            options["if_match"] = tag
        result = self._ask(lambda: self._store.get(listed["path"], options=options))
        # Not every store that speaks S3 heeds conditions.
        if result.meta["size"] != listed["size"] or None is not tag != _tag(result.meta):
            raise _changed()
        return result

    def _ask(self, ask: Callable[[], _Answer]) -> _Answer:
        try:
            return ask()
        except FileNotFoundError:
            raise UnreadableFileError(
                "it vanished after it was listed: land it again, or run the night again"
            ) from None
        except BaseError as error:
            # A condition that fails where a broken transfer is taken up comes as another class.
            if isinstance(error, PreconditionError) or "412 Precondition" in str(error):
                raise _changed() from None
            raise self._unreachable(self._reason(str(error))) from None

    def _reason(self, text: str) -> str:
        """Why a store gave no answer that helps, by the text of the library's error."""
        status = re.search(r"status code: (\d{3})", text)
        code = re.search(r"<Code>(\w+)</Code>", text)
        answer = " ".join(found[1] for found in (status, code) if found)
        if _CREDENTIALS_SERVICE.search(text):
            return self._wrong_settings()
        if status is None:
            if "HTTP error" in text:
                return "it does not answer: check the endpoint, and the network between"
            return "what answers is no object store: check the endpoint"
        if status[1] == "404":
            return f"there is no bucket or container of this name ({answer})"
        if status[1] in ("401", "403"):
            return f"access is denied ({answer}): the credentials must allow to list and to read"
        if status[1] == "429" or status[1] >= "500":
            return f"it is busy or broken ({answer}), asked several times: try again later"
        return f"the request is not accepted ({answer}): check the region and the endpoint"

    def _wrong_settings(self) -> str:
        return (
            f"the environment holds no credentials, or settings ({self._vendor.prefix}_…) that "
            f"are not valid: set {self._vendor.credentials}"
        )

    def _unreachable(self, reason: str) -> LandingUnreachableError:
        return LandingUnreachableError(f"{self._url} cannot be read: {reason}")


class _RangedReader(io.RawIOBase):
    """An object as a seekable file.

    A jump fetches little: the directory at the end of a zip comes in one request. Reading on
    fetches twice as much each time, so that a long member needs few requests.
    """

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read = read
        self._size = size
        self._position = 0
        self._start = 0
        self._block = b""
        self._ahead = _LEAST_AHEAD

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"no byte {base + offset} in a file")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self._size:
            return 0
        if not self._start <= self._position < self._start + len(self._block):
            self._fetch()
        offset = self._position - self._start
        part = self._block[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _fetch(self) -> None:
        reads_on = self._block and self._position == self._start + len(self._block)
        self._ahead = min(2 * self._ahead, _CHUNK) if reads_on else _LEAST_AHEAD
        last = max(0, self._size - self._ahead)
        self._start = self._position if reads_on else min(self._position, last)
        self._block = self._read(self._start, min(self._start + self._ahead, self._size))


def _base_name(path: str) -> str:
    return path.rpartition("/")[2]


def _nanoseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _tag(meta: ObjectMeta) -> str | None:
    """A strong e-tag as HTTP writes it: listings of Azure leave the quotes out."""
    tag = meta["e_tag"]
    return None if tag is None or tag.startswith("W/") else f'"{tag.strip(chr(34))}"'


def _odd_key(error: InvalidPathError) -> str:
    key = re.search(r'[Pp]ath "(.*?)"(?: contained|:)', str(error), re.DOTALL)
    return f"the key {key[1]!r} is no path" if key else "a key is no path"


def _changed() -> UnreadableFileError:
    return UnreadableFileError("it changed after it was listed: run the night again")
