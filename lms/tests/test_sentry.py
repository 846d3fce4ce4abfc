"""Tests for error tracking: contents of the events, and that it is off by default (quality row X10)."""

import sys

import pytest
from django.conf import settings

from core.http import request_id
from core.http.errors import sentry
from lms.tests.test_settings import start


@pytest.mark.quality("X10")
def test_events_contain_no_personal_data_queries_headers_or_secrets() -> None:
    event = {
        "request": {
            "url": "https://campus.example/account/reset/",
            "query_string": "token=MTIzNDU2",
            "cookies": {"sessionid": "s3ss10n"},
            "headers": {"Authorization": "Bearer x"},
            "data": {"password": "hunter2"},
        },
        "user": {"email": "bob@example.com"},
        "exception": {"values": [{"type": "ValueError", "value": "redis://:hunter2@10.0.0.1 refused"}]},
    }
    with request_id.scope(new_id="the-request", from_address=None):
        sent = sentry.prepared(event, None)
    assert sent["request"] == {"url": "https://campus.example/account/reset/"}
    assert sent["tags"] == {"request_id": "the-request"}
    for secret in ("hunter2", "bob@example.com", "s3ss10n", "MTIzNDU2", "Bearer"):
        assert secret not in repr(sent)


def test_sentry_is_off_without_a_dsn(tmp_path) -> None:
    assert settings.SENTRY_DSN == ""
    asked = ("shell", "-c", "import sys; print('sentry_sdk' in sys.modules)")
    path = {"PYTHONPATH": ":".join(sys.path)}
    assert start(tmp_path, *asked, DATABASE_URL=None, **path).stdout.splitlines()[-1] == "False"
    on = start(tmp_path, *asked, DATABASE_URL=None, SENTRY_DSN="http://key@127.0.0.1:1/1", **path)
    assert on.stdout.splitlines()[-1] == "True", on.stderr
