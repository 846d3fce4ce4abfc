"""`/instructors/*` of the API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Teaches, signed_in
from instructors import services
from instructors.dashboard import dashboard_of
from instructors.models import Instructor
from instructors.serializers import DashboardSerializer, InstructorSerializer
from lms.lib.scoping import SAFE_METHODS, ScopedMixin


class InstructorViewSet(ScopedMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Instructor]):
    """Public profiles, and one's own."""

    queryset = Instructor.objects.select_related("user")
    serializer_class = InstructorSerializer
    lookup_field = "user_id"
    lookup_url_kwarg = "instructor_id"

    def get_permissions(self) -> list[Any]:
        """Return who may do what: anybody reads a profile, teachers have their own."""
        return [AllowAny()] if self.action == "retrieve" else [Teaches()]

    @extend_schema(methods=["PUT", "PATCH"], request=InstructorSerializer(partial=True), responses=InstructorSerializer)
    @extend_schema(methods=["GET"], responses=InstructorSerializer)
    @action(detail=False, methods=["get", "put", "patch"])
    def me(self, request: Request) -> Response:
        """The caller's own profile: read, or change."""
        changes: dict[str, Any] = {}
        if request.method not in SAFE_METHODS:
            shape = self.get_serializer(data=request.data, partial=True)
            shape.is_valid(raise_exception=True)
            changes = dict(shape.validated_data)
        if changes:
            profile = services.update_profile(actor=signed_in(request), changes=changes)
        else:
            profile = Instructor.objects.filter(user=signed_in(request)).first() or Instructor(user=signed_in(request))
        return Response(self.get_serializer(profile).data)

    @extend_schema(responses=DashboardSerializer)
    @action(detail=False, methods=["get"], url_path="me/dashboard")
    def dashboard(self, request: Request) -> Response:
        """The caller's courses with their students, progress, revenue and what waits for grading."""
        return Response(DashboardSerializer(dashboard_of(signed_in(request))).data)
