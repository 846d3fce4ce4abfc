"""Instructors: their public profile, and the rooms they teach from."""

from django.apps import AppConfig


class InstructorsConfig(AppConfig):
    """Profiles and the teaching dashboard."""

    name = "instructors"
    verbose_name = "Instructors"
