"""People, as staff find them from anywhere."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from lms.platform import searching


def find_people(user: Any, text: str) -> Iterator[searching.Hit]:
    """Yield the people of that name or address, for those who may look at people in the admin."""
    if not user.has_perm("accounts.view_user"):
        return
    named = User.objects.filter(Q(full_name__icontains=text) | Q(email__icontains=text)).order_by("full_name", "id")
    for person in named[: searching.HITS_OF_A_KIND]:
        yield searching.Hit(person.full_name, person.email, reverse("admin:accounts_user_change", args=[person.pk]))


searching.register(searching.Source("people", _("People"), "user-round", find_people))
