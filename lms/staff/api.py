"""`/admin/stats` of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.staff_api import IsStaff
from lms.platform.health import readiness
from lms.staff import figures


class PartSerializer(serializers.Serializer[Any]):
    """How one part stands."""

    state = serializers.ChoiceField(choices=["ok", "down"])
    error = serializers.CharField(required=False, help_text="The error's class, where it is down.")
    ms = serializers.IntegerField()


class MatterSerializer(serializers.Serializer[Any]):
    """Something that somebody should look at."""

    what = serializers.CharField()
    count = serializers.IntegerField()


class StatsSerializer(serializers.Serializer[Any]):
    """How the site stands."""

    counts = serializers.DictField(child=serializers.IntegerField())
    versions = serializers.DictField(child=serializers.CharField())
    health = serializers.DictField(child=PartSerializer())
    queues = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    jobs = serializers.DictField(child=serializers.IntegerField())
    attention = MatterSerializer(many=True)


class StatsView(APIView):
    """Counts, versions, health and what waits."""

    permission_classes = (IsStaff,)

    def permission_names(self) -> list[str]:
        """Return the Django permission that the figures need: administrators have it."""
        return ["platform.view_sitesettings"]

    @extend_schema(responses=StatsSerializer, operation_id="admin_stats")
    def get(self, request: Request) -> Response:
        """Answer 200, also when a part is down: it says which."""
        _ready, health = readiness()
        return Response(figures.stats(health=health))
