"""What everybody sees of an instructor."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from instructors.models import Instructor
from instructors.services import update_profile

PUBLIC = {"id", "full_name", "title", "bio", "expertise", "created_at", "updated_at"}


@pytest.mark.quality("I01")
def test_the_api_names_no_address_and_nothing_else(alice: User, api_of: Callable[..., Any]) -> None:
    answer = api_of(None).get(f"/api/v1/instructors/{alice.pk}")
    assert set(answer.json()) == PUBLIC
    assert alice.email not in answer.content.decode()


@pytest.mark.quality("I01")
def test_the_page_names_no_address(alice: User, course: Course, browser_of: Callable[..., Any]) -> None:
    page = browser_of(None).get(f"/instructors/{alice.pk}/").content.decode()
    assert alice.full_name in page
    assert alice.email not in page


@pytest.mark.quality("I01")
def test_what_they_say_of_themselves_runs_nowhere(
    alice: User, api_of: Callable[..., Any], browser_of: Callable[..., Any]
) -> None:
    bio = 'I **teach** tea.<script>alert(1)</script> <img src=x onerror="alert(2)"> [here](javascript:alert(3))'
    api_of(alice).patch("/api/v1/instructors/me", {"bio": bio})
    said = api_of(None).get(f"/api/v1/instructors/{alice.pk}").json()["bio"]
    assert "<" not in said
    page = browser_of(None).get(f"/instructors/{alice.pk}/").content.decode()
    assert "<strong>teach</strong>" in page
    assert "<script>alert" not in page
    assert "onerror" not in page
    assert 'href="javascript' not in page


@pytest.mark.quality("I01")
@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "student"}])
def test_who_teaches_no_more_is_not_found(
    change: dict[str, Any], alice: User, api_of: Callable[..., Any], browser_of: Callable[..., Any]
) -> None:
    User.objects.filter(pk=alice.pk).update(**change)
    assert api_of(None).get(f"/api/v1/instructors/{alice.pk}").status_code == 404
    assert browser_of(None).get(f"/instructors/{alice.pk}/").status_code == 404


def test_the_rating_is_that_of_all_their_courses(
    alice: User, bob: User, carol: User, course: Course, browser_of: Callable[..., Any]
) -> None:
    for user, stars in ((bob, 5), (carol, 4)):
        enrollments.enroll(actor=user, user=user, course=course)
        enrollments.write_review(actor=user, course=course, rating=stars, comment="")
    page = browser_of(None).get(f"/instructors/{alice.pk}/").content.decode()
    assert "4.5 · 2 ratings" in page
    assert "2 students" in page


def test_an_instructor_changes_their_page(alice: User, browser_of: Callable[..., Any]) -> None:
    browser = browser_of(alice)
    answer = browser.post(
        "/teach/profile/", {"title": "Tea taster", "bio": "*Slowly.*", "expertise": "Tea, Water, Tea"}
    )
    assert answer.url == f"/instructors/{alice.pk}/"
    profile = Instructor.objects.get(user=alice)
    assert (profile.title, profile.bio, profile.expertise) == ("Tea taster", "*Slowly.*", ["Tea", "Water"])


def test_nothing_typed_is_lost_when_the_page_refuses(alice: User, browser_of: Callable[..., Any]) -> None:
    words = ", ".join(f"word {number}" for number in range(13))
    page = browser_of(alice).post("/teach/profile/", {"title": "Tea taster", "expertise": words}).content.decode()
    assert "Up to 12, each of up to 60 characters." in page
    assert "Tea taster" in page


def test_a_title_has_one_line(alice: User) -> None:
    with pytest.raises(ValidationError):
        update_profile(actor=alice, changes={"title": "one\ntwo"})


def test_what_staff_write_as_expertise_is_words_between_commas(
    alice: User, dan: User, browser_of: Callable[..., Any]
) -> None:
    User.objects.filter(pk=dan.pk).update(is_staff=True, is_superuser=True)
    profile = update_profile(actor=alice, changes={"expertise": ["Tea"]})
    address = f"/admin/instructors/instructor/{profile.pk}/change/"
    shown = browser_of(dan).get(address).context["adminform"].form
    assert shown["expertise"].value() == "Tea"
    saved = browser_of(dan).post(address, {"user": alice.pk, "title": "", "bio": "", "expertise": '{"a": 1}, Tea, Tea'})
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    profile.refresh_from_db()
    assert profile.expertise == ['{"a": 1}', "Tea"]
    assert browser_of(None).get(f"/instructors/{alice.pk}/").status_code == 200
