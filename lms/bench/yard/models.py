"""As much of a course and of an attempt as the yardsticks need."""

from django.conf import settings
from django.db import models


class Book(models.Model):
    """A row with a dozen columns: what a catalogue shows as a card."""

    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    summary = models.TextField()
    subject = models.CharField(max_length=40)
    level = models.CharField(max_length=20)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    is_published = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["is_published", "-created_at"], name="yard_book_newest")]

    def __str__(self) -> str:
        return self.title


class Sitting(models.Model):
    """An attempt at something."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    state = models.CharField(max_length=10, default="open")
    score = models.FloatField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class Reply(models.Model):
    """An answer of an attempt."""

    sitting = models.ForeignKey(Sitting, models.CASCADE)
    place = models.PositiveSmallIntegerField()
    value = models.CharField(max_length=200)
    mark = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sitting", "place"], name="yard_reply_once")]

    def __str__(self) -> str:
        return f"{self.sitting_id} {self.place}"
