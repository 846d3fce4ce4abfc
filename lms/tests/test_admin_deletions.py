"""Deletions in the admin are recorded, also those of several objects at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from certificates.models import CertificateTemplate
from core.models import AuditEntry
from courses.models import Category
from instructors.models import Instructor
from payments.models import Coupon


def _objects(alice: User) -> dict[str, Any]:
    return {
        "courses.deleted_by_staff": Category.objects.create(name="Pottery", slug="pottery"),
        "certificates.template_deleted": CertificateTemplate.objects.create(name="Spare"),
        "payments.coupon_deleted": Coupon.objects.create(code="SPARE", percent_off=10),
        "instructors.deleted_by_staff": Instructor.objects.get_or_create(user=alice)[0],
    }


@pytest.mark.parametrize(
    "action",
    [
        "courses.deleted_by_staff", "certificates.template_deleted", "payments.coupon_deleted",
        "instructors.deleted_by_staff",
    ],
)  # fmt: skip
def test_a_bulk_deletion_is_recorded_for_each_object(
    alice: User, dan: User, browser_of: Callable[..., Client], action: str
) -> None:
    row = _objects(alice)[action]
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    assert browser_of(dan).post(address, chosen).status_code == 302
    assert not type(row).objects.filter(pk=row.pk).exists()
    assert AuditEntry.objects.get(action=action).target_id == str(row.pk)
