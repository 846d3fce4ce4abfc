"""API views of `/instructors/*`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Teaches, signed_in
from core.access.scopes import SAFE_METHODS, ScopedMixin
from instructors import services
from instructors.dashboard import teaching_dashboard
from instructors.models import Instructor
from instructors.serializers import DashboardSerializer, InstructorSerializer


class InstructorViewSet(ScopedMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Instructor]):
    """Public instructor profiles, and the caller's own."""

    queryset = Instructor.objects.select_related("user")
    serializer_class = InstructorSerializer
    lookup_field = "user_id"
    lookup_url_kwarg = "instructor_id"

    def get_permissions(self) -> list[Any]:
        """Allow everyone to read a profile, and teachers to use their own."""
        return [AllowAny()] if self.action == "retrieve" else [Teaches()]

    @extend_schema(methods=["PUT", "PATCH"], request=InstructorSerializer(partial=True), responses=InstructorSerializer)
    @extend_schema(methods=["GET"], responses=InstructorSerializer)
    @action(detail=False, methods=["get", "put", "patch"])
    def me(self, request: Request) -> Response:
        """Return or change the caller's own profile."""
        changes: dict[str, Any] = {}
        if request.method not in SAFE_METHODS:
            serializer = self.get_serializer(data=request.data, partial=True)
            serializer.is_valid(raise_exception=True)
            changes = dict(serializer.validated_data)
        if changes:
            profile = services.update_profile(actor=signed_in(request), changes=changes)
        else:
            profile = Instructor.objects.filter(user=signed_in(request)).first() or Instructor(user=signed_in(request))
        return Response(self.get_serializer(profile).data)

    @extend_schema(responses=DashboardSerializer)
    @action(detail=False, methods=["get"], url_path="me/dashboard")
    def dashboard(self, request: Request) -> Response:
        """Return the caller's courses with students, revenue and submissions awaiting grading."""
        return Response(DashboardSerializer(teaching_dashboard(signed_in(request))).data)
