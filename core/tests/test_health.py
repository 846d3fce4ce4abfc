"""Tests for /livez and /readyz (quality row M06)."""

from unittest.mock import patch

import pytest
from django.db import connection

from core.site import health


@pytest.mark.quality("M06")
def test_livez_does_not_use_the_database(client) -> None:
    with patch.object(connection, "cursor", side_effect=AssertionError("used the database")):
        assert client.get("/livez").status_code == 200


@pytest.mark.quality("M06")
def test_readyz_lists_every_service_with_its_response_time(client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert parts.keys() == {"database", "migrations", "cache", "channel_layer", "broker", "storage"}
    assert all(part["state"] == "ok" and part["ms"] >= 0 for part in parts.values())


@pytest.mark.quality("M06")
def test_readyz_does_not_expose_the_error_message_of_a_failed_service(
    client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ConnectionError("redis://:secret@10.0.0.1:6379 refused")

    monkeypatch.setitem(health.PARTS, "cache", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["cache"]["error"] == "ConnectionError"
    assert "secret" not in answer.content.decode()
