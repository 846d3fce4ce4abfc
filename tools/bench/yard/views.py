"""The yardsticks of pages and API: Y2a a page of twenty cards, Y3a a list of twenty, Y7a ten submitted answers."""

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from rest_framework import generics, serializers

from tools.bench.yard.models import Book, Reply, Sitting

ANSWERS = 10


@login_required
def cards(request: HttpRequest) -> HttpResponse:
    """Render twenty rows as cards, with session and user (Y2a)."""
    books = Book.objects.filter(is_published=True).order_by("-created_at")[:20]
    return render(request, "yard/books.html", {"books": books})


class BookSerializer(serializers.ModelSerializer[Book]):
    class Meta:
        model = Book
        fields = "__all__"


class Books(generics.ListAPIView[Book]):
    """List twenty rows with their total (Y3a)."""

    queryset = Book.objects.filter(is_published=True).order_by("-created_at")
    serializer_class = BookSerializer


def submit(request: HttpRequest) -> HttpResponse:
    """Insert an attempt and ten graded answers in one transaction (Y7a)."""
    user = request.user
    if not isinstance(user, AbstractBaseUser):
        return HttpResponse(status=403)
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=Sitting.objects.create(user_id=user.pk).pk)
        Reply.objects.bulk_create(
            [Reply(sitting=sitting, place=place, value=str(place), mark=1.0) for place in range(ANSWERS)],
            update_conflicts=True,
            unique_fields=["sitting", "place"],
            update_fields=["value", "mark"],
        )
        sitting.state, sitting.score = "graded", 100.0
        sitting.save(update_fields=["state", "score"])
    return HttpResponse(str(sitting.pk))


urlpatterns = [path("cards/", cards), path("list/", Books.as_view()), path("submit/", submit)]
