"""What templates need to write things as people do."""

from functools import cache, lru_cache

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from lucide.templatetags.lucide import _render_icon

from lms.platform.models import SiteSettings

register = template.Library()


@cache
def _drawn(name: str, size: int, attributes: tuple[tuple[str, str], ...]) -> str:
    # Named only by templates, so there are as many as those have.
    return _render_icon(name, size, **dict(attributes))


@register.simple_tag
def lucide(name: str, *, size: int = 24, **attributes: object) -> str:
    """Return an icon as SVG, as lucide's own tag does, which draws it anew each time: a page has up to a hundred."""
    return _drawn(name + "", size, tuple((key, f"{value}") for key, value in attributes.items()))


@register.filter
def duration(minutes: int) -> str:
    """Return minutes as people say them: "25 min", "4 h", "2 h 5 min"."""
    return _said_duration(int(minutes), get_language())


@lru_cache(maxsize=1_000)
def _said_duration(minutes: int, language: str | None) -> str:
    # A page says up to a hundred, most of them the same; `language` only tells apart what is kept.
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
    """Return "3 of 9 lessons", with the number that changes in an element of its own."""
    return _said_lessons(done, total, get_language())


@lru_cache(maxsize=1_000)
def _said_lessons(done: int, total: int, language: str | None) -> str:
    said = ngettext("{done} of {total} lesson", "{done} of {total} lessons", total)
    return format_html(said, done=format_html("<span data-lessons-done>{}</span>", done), total=total)


@register.filter
def out_of_five(rating: float) -> str:
    """Return a rating in words, for those who cannot see the stars."""
    return _("%(rating)s out of 5 stars") % {"rating": rating}


@register.filter
def at(numbers: dict[str, int], name: str) -> int:
    """Return the number that stands under `name`; 0 where there is none."""
    return numbers.get(name, 0)


@register.filter
def in_words(name: str, names: str) -> bool:
    """Return whether `name` is one of `names`, which spaces part: which link of the bar leads to this page."""
    return name in names.split()


@register.simple_tag(takes_context=True)
def query_without(context: template.Context, name: str, value: str) -> str:
    """Return the query without one value of one parameter, and without the page: where a filter is taken away."""
    query = context["request"].GET.copy()
    query.setlist(name, [kept for kept in query.getlist(name) if kept != str(value)])
    query.pop("page", None)
    return f"?{query.urlencode()}"


@register.simple_tag
def site_name() -> str:
    """Return the site's name, for mails: no request makes them, so no context processor runs."""
    return SiteSettings.current().name


@register.simple_tag
def site_colour(name: str) -> str:
    """Return a colour of the site's accent, for mails: "light" and "dark", and what is written on each: "light_ink" and
    "dark_ink"."""
    mode, _part, part = name.partition("_")
    shades = getattr(SiteSettings.current().accent_pair, mode)
    return str(getattr(shades, part or "brand"))
