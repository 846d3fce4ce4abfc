"""Whatever is bought, declined, given back, repeated and told out of order: the ledger ends with what Stripe has
(QUALITY P15). `make experiments` runs the same machine for 500 operations."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import User
from courses.models import Course
from lms.experiments.ledger_machine import Shop, machine_of
from lms.testing.plugin import make_course
from payments.models import Payment


@pytest.mark.quality("P15")
@pytest.mark.django_db
def test_no_sequence_of_operations_parts_the_ledger_from_stripe(
    stripe_host: str, alice: User, bob: User, carol: User, dan: User, paid_course: Course
) -> None:
    yen = make_course(alice, "Cups", price_cents=500, currency="JPY")
    shop = Shop(stripe_host, buyers=[bob, carol], courses=[paid_course, yen], admin=dan)
    limits = settings(
        max_examples=3,
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine_of(shop), settings=limits)
    assert shop.operations > 20
    assert Payment.objects.count() > 0
