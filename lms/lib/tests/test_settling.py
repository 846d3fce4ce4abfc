"""The garbage collector passes over what a process keeps anyway."""

import gc
from collections.abc import Iterator

import pytest
from django.dispatch import Signal

from lms.lib import settling
from lms.lib.settling import settle_after_first_answer


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[Signal]:
    """The signal that a request is over, heard by nobody but what is tested."""
    signal = Signal()
    monkeypatch.setattr(settling, "request_finished", signal)
    gc.unfreeze()
    yield signal
    gc.unfreeze()


def test_what_is_there_after_the_first_answer_is_looked_through_no_more(answered: Signal) -> None:
    settle_after_first_answer()
    assert gc.get_freeze_count() == 0
    answered.send(sender=None)
    assert gc.get_freeze_count() > 50_000


def test_what_later_requests_make_stays_in_sight(answered: Signal) -> None:
    settle_after_first_answer()
    answered.send(sender=None)
    settled = gc.get_freeze_count()
    made_later = [[number] for number in range(1_000)]
    answered.send(sender=None)
    assert gc.get_freeze_count() <= settled
    assert any(seen is made_later for seen in gc.get_objects())
