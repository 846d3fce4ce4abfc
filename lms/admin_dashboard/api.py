"""API view of `/admin/stats`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.staff_api import IsStaff
from core.access.impersonation import hide_while_impersonating
from core.site.health import readiness
from lms.admin_dashboard import figures


class PartSerializer(serializers.Serializer[Any]):
    """State of one service."""

    state = serializers.ChoiceField(choices=["ok", "down"])
    error = serializers.CharField(required=False, help_text="Class of the error; only if the state is down.")
    ms = serializers.IntegerField()


class MatterSerializer(serializers.Serializer[Any]):
    """Item that needs attention."""

    what = serializers.CharField()
    count = serializers.IntegerField()


class StatsSerializer(serializers.Serializer[Any]):
    """Statistics of the site."""

    counts = serializers.DictField(child=serializers.IntegerField())
    versions = serializers.DictField(child=serializers.CharField())
    health = serializers.DictField(child=PartSerializer())
    queues = serializers.DictField(child=serializers.IntegerField(allow_null=True))
    jobs = serializers.DictField(child=serializers.IntegerField())
    attention = MatterSerializer(many=True)


@hide_while_impersonating
class StatsView(APIView):
    """Counts, versions, health and queues of the site."""

    permission_classes = (IsStaff,)

    def permission_names(self) -> list[str]:
        """Return the required permissions; administrators have them."""
        return ["platform.view_sitesettings"]

    @extend_schema(responses=StatsSerializer, operation_id="admin_stats")
    def get(self, request: Request) -> Response:
        """Return the statistics. The status is 200 even if a service is down; `health` names it."""
        _ready, health = readiness()
        return Response(figures.get_stats(health=health))
