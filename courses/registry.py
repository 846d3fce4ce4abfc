"""Registry for course material that other apps attach to their own models."""

from collections.abc import Callable

from django.db.models import Q

from core.registry import Registry

# Each entry returns a condition for the files that are attached to a model of its app. The access rules of that app
# decide who may download them.
other_attachments: Registry[Callable[[], Q]] = Registry("course material of another app")
