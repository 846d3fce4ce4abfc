"""The kinds of mail about what happened; importing it registers them."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.mails import name_of, sample_reader
from lms.lib.mail_kinds import Context, Kind, given, register

SAMPLE_LINES = (
    "“Three questions to a real table” is graded",
    "Ines Okafor wrote to the course “A working introduction to SQL”",
    "“Joins, drawn” is due tomorrow",
)


def _news(context: Context) -> str:
    count = context["count"]
    return ngettext("One thing happened", "%(count)d things happened", count) % {"count": count}


def _one() -> dict[str, Any]:
    return {
        "user": sample_reader(),
        "sentence": "News in “A working introduction to SQL”: the live hour moves to Thursday",
        "text": "Hello everybody,\n\nthe live hour moves to Thursday at six, for this week only. Bring a query that "
        "you could not get to work.\n\nInes",
        "address": settings.SITE_URL,
    }


def _several() -> dict[str, Any]:
    lines = [(sentence, settings.SITE_URL) for sentence in SAMPLE_LINES]
    return {"user": sample_reader(), "lines": lines, "count": len(lines) + 2, "more": 2}


register(
    Kind(
        name="notification",
        title=_("Something that happened, at once"),
        subject="{what}",
        text="{text}",
        address=given("address"),
        label=_("See it"),
        why=_("You get this mail because you chose to hear of such things by mail."),
        values={
            "name": name_of,
            "what": given("sentence"),
            "text": given("text"),
        },
        sample=_one,
        can_be_refused=True,
    ),
    Kind(
        name="digest",
        title=_("What happened, once a day"),
        subject="{news}",
        teaser=_("What is new in your courses."),
        text=_("Hello {name}, this is new:"),
        why=_("You get this mail because you chose a daily mail for such things."),
        values={"name": name_of, "news": _news},
        sample=_several,
        can_be_refused=True,
    ),
)
