"""Models of the yardsticks, similar to a course and an attempt."""

from django.conf import settings
from django.db import models


class Book(models.Model):
    """A row of a dozen columns, like a course in the catalog."""

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
    """A row like a quiz attempt."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    state = models.CharField(max_length=10, default="open")
    score = models.FloatField(null=True)

    def __str__(self) -> str:
        return str(self.pk)


class Reply(models.Model):
    """A row like an answer of an attempt."""

    sitting = models.ForeignKey(Sitting, models.CASCADE)
    place = models.PositiveSmallIntegerField()
    value = models.CharField(max_length=200)
    mark = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sitting", "place"], name="yard_reply_once")]

    def __str__(self) -> str:
        return f"{self.sitting_id} {self.place}"
