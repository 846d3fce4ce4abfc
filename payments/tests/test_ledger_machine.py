"""Test that any sequence of purchases, refunds and events leaves the ledger equal to Stripe (quality row P15).

`make experiments` runs the same state machine for 500 operations.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import User
from courses.models import Course
from payments.models import Payment
from tools.experiments.ledger_machine import Shop, create_machine
from tools.testing.plugin import make_course


@pytest.mark.quality("P15")
@pytest.mark.django_db
def test_the_ledger_equals_stripe_after_any_sequence_of_operations(
    stripe_host: str, alice: User, bob: User, carol: User, dan: User, paid_course: Course
) -> None:
    yen = make_course(alice, "Cups", price_cents=500, currency="JPY")
    shop = Shop(stripe_host, buyers=[bob, carol], courses=[paid_course, yen], admin=dan)
    limits = settings(
        max_examples=5,
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(create_machine(shop), settings=limits)
    assert shop.operations > 20
    assert Payment.objects.count() > 0
