"""Secrets come from the environment or from a file, and show nowhere.

Belongs here: settings and texts. Does not belong here: what a night writes
(integration/test_outcomes.py), what Dagster keeps (integration/test_dagster_instance.py).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.secrets import SecretFileError, redacted
from orchestration.settings import Settings, WrongSettingError

URL = "smtp://fly:p%40ssword-x@mail.example.org:587"


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYWHEEL_SMTP_URL", URL)
    secret = Settings().smtp_url
    assert secret is not None and secret.get_secret_value() == URL


def test_a_secret_comes_from_the_file_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "smtp").write_text(f"{URL}\n")
    monkeypatch.setenv("FLYWHEEL_SMTP_URL_FILE", str(tmp_path / "smtp"))
    secret = Settings().smtp_url
    assert secret is not None and secret.get_secret_value() == URL


def test_a_secret_said_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLYWHEEL_SMTP_URL", URL)
    monkeypatch.setenv("FLYWHEEL_SMTP_URL_FILE", str(tmp_path / "smtp"))
    with pytest.raises(SecretFileError, match="both set"):
        Settings()


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"", "empty"), (b"\xff\xfe", "not text")]
)
def test_a_file_that_holds_no_secret_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("FLYWHEEL_ALERT_WEBHOOK_FILE", str(path))
    with pytest.raises(SecretFileError, match=rf"FLYWHEEL_ALERT_WEBHOOK_FILE names .*{said}"):
        Settings()


def test_only_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLYWHEEL_REPORT_URL_FILE", str(tmp_path / "nowhere"))
    assert Settings().report_url == ""


@pytest.mark.parametrize("show", [repr, str, lambda settings: str(settings.model_dump())])
def test_settings_do_not_show_secrets(show: object) -> None:
    settings = Settings(smtp_url=URL, alert_webhook="https://hooks.example.org/services/token-x")
    text = show(settings)  # type: ignore[operator]
    assert "p%40ssword" not in text and "token-x" not in text


def test_a_mistaken_variable_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have put a secret under the wrong name."""
    monkeypatch.setenv("FLYWHEEL_STALE_HOURS", URL)
    with pytest.raises(WrongSettingError) as caught:
        Settings()
    assert "FLYWHEEL_STALE_HOURS" in str(caught.value) and "p%40ssword" not in str(caught.value)


@pytest.mark.parametrize("form", [URL, "p%40ssword-x", "p@ssword-x"])
def test_a_text_loses_a_secret_in_every_form(form: str) -> None:
    assert redacted(Settings(smtp_url=URL), f"no login with {form}!") == "no login with ****!"


def test_a_text_loses_the_token_of_a_webhook() -> None:
    settings = Settings(alert_webhook="https://hooks.example.org/services/T0/token-x?key=another-y")
    text = redacted(settings, "GET /services/T0/token-x failed, token-x, key=another-y")
    assert "token-x" not in text and "another-y" not in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("host=db.example.org password=s3cret-word dbname=bi", "s3cret-word"),
        (r"host=db.example.org password='s3\'cret word' dbname=bi", "s3'cret word"),
        ("postgresql://db.example.org/bi?user=fly&password=s3%23cret", "s3#cret"),
    ],
)
def test_a_password_that_is_named_is_one_too(address: str, shown: str) -> None:
    said = redacted(Settings(postgres=address), f"no login with {shown}")
    assert said == "no login with ****"


def test_a_secret_is_found_where_it_is_written_as_json_or_by_python() -> None:
    settings = Settings(postgres_reader_password='back\\slash"ed\nword')
    secret = 'back\\slash"ed\nword'
    for text in (json.dumps({"said": secret}), repr(KeyError(secret))):
        assert "slash" not in redacted(settings, text)


def test_a_command_that_breaks_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLYWHEEL_SMTP_URL", URL)

    def breaks() -> None:
        try:
            raise OSError(f"no route to {URL}")
        except OSError as cause:
            raise RuntimeError("p@ssword-x was not taken") from cause

    monkeypatch.setattr(cli, "app", breaks)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 3
    assert "RuntimeError: **** was not taken" in said and "no route to ****" in said


def test_a_text_without_secrets_stays_as_it_is(settings: Settings) -> None:
    assert redacted(settings, "a text") == "a text"
