"""Template tags and filters of the site: icons, durations, counts, colors."""

from datetime import datetime
from functools import cache, lru_cache

from django import template
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from lucide import IconDoesNotExist

from core.models import SiteSettings
from core.site.icons import ICONS, build_sprite

register = template.Library()


@register.simple_tag
def lucide(name: str, *, size: int = 24, stroke_width: float = 2, **attributes: object) -> str:
    """Return an icon as an SVG that refers into the sprite of `core.site.icons`; `size` is in pixels.

    Further arguments are attributes of the `<svg>`: `aria_hidden="true"`, `class="forward"`. Raise IconDoesNotExist for
    a name that the sprite lacks.
    """
    if name not in ICONS:
        raise IconDoesNotExist(f"{name!r} is not in core.site.icons.ICONS.")
    given = {key.replace("_", "-"): value for key, value in attributes.items()}
    return format_html(
        '<svg width="{}" height="{}" stroke-width="{}"{}><use href="{}#{}"/></svg>',
        size, size, stroke_width, flatatt(given), icons_url(), name,
    )  # fmt: skip


@cache
def icons_url() -> str:
    """Return the sprite's address, which changes with its content."""
    return reverse("icons", args=[build_sprite().version])


@register.filter
def duration(minutes: int) -> str:
    """Return minutes as text: "25 min", "4 h", "2 h 5 min"."""
    return _format_duration(int(minutes), get_language())


@lru_cache(maxsize=1_000)
def _format_duration(minutes: int, language: str | None) -> str:
    # A page has up to a hundred, most of them equal. `language` is part of the cache key only.
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)d min") % {"minutes": rest}
    if not rest:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


@register.filter
def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def lesson_count(count: int) -> str:
    """Return "1 lesson" or "9 lessons"."""
    return ngettext("%(n)d lesson", "%(n)d lessons", count) % {"n": count}


@register.filter
def lessons_of(done: int, total: int) -> str:
    """Return "3 of 9 lessons", with the number of completed ones in its own element, for scripts to update."""
    return _format_lessons(done, total, get_language())


@lru_cache(maxsize=1_000)
def _format_lessons(done: int, total: int, language: str | None) -> str:
    text = ngettext("{done} of {total} lesson", "{done} of {total} lessons", total)
    return format_html(text, done=format_html("<span data-lessons-done>{}</span>", done), total=total)


@register.filter
def out_of_five(rating: float) -> str:
    """Return a rating as text, for screen readers."""
    return _("%(rating)s out of 5 stars") % {"rating": rating}


@register.filter
def at(numbers: dict[str, int], name: str) -> int:
    """Return the number with the key `name`, or 0."""
    return numbers.get(name, 0)


@register.filter
def in_words(name: str, names: str) -> bool:
    """Return whether `name` is one of `names`, which are separated by spaces."""
    return name in names.split()


@register.simple_tag(takes_context=True)
def query_without(context: template.Context, name: str, value: str) -> str:
    """Return the query string without one value of one parameter and without the page, to remove a filter."""
    query = context["request"].GET.copy()
    query.setlist(name, [one for one in query.getlist(name) if one != str(value)])
    query.pop("page", None)
    return f"?{query.urlencode()}"


@register.simple_tag
def site_name() -> str:
    """Return the site's name, for mails, which are rendered without a request and its context processors."""
    return SiteSettings.current().name


@register.simple_tag
def site_color(name: str) -> str:
    """Return a color of the site's theme, for mails: "light", "dark", or their text colors "light_ink", "dark_ink"."""
    mode, _part, part = name.partition("_")
    shades = getattr(SiteSettings.current().accent_pair, mode)
    return str(getattr(shades, part or "brand"))


@register.filter
def deadline(moment: datetime | None) -> str:
    """Return a due date or closing time with the name of the reader's time zone; an empty string for None."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    name = local.tzname() or ""
    # The time zone database has no abbreviation for some zones, only an offset such as "+03".
    zone = f"UTC{name}" if name.startswith(("+", "-")) else name
    return f"{date_format(local, 'DATETIME_FORMAT')} {zone}".strip()
