"""Whether it lives, and whether it is ready (QUALITY M06)."""

from unittest.mock import patch

import pytest
from django.db import connection

from lms.platform import health


@pytest.mark.quality("M06")
def test_it_lives_without_asking_the_database(client) -> None:
    with patch.object(connection, "cursor", side_effect=AssertionError("asked")):
        assert client.get("/livez").status_code == 200


@pytest.mark.quality("M06")
def test_ready_names_every_part_and_its_time(client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    parts = answer.json()["parts"]
    assert parts.keys() == {"database", "migrations", "cache", "channel_layer", "broker", "storage"}
    assert all(part["state"] == "ok" and part["ms"] >= 0 for part in parts.values())


@pytest.mark.quality("M06")
def test_a_part_that_is_down_is_named_and_leaks_nothing(client, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ConnectionError("redis://:secret@10.0.0.1:6379 refused")

    monkeypatch.setitem(health.PARTS, "cache", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["cache"]["error"] == "ConnectionError"
    assert "secret" not in answer.content.decode()
