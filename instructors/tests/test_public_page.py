"""Tests of the public profile."""

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
def test_the_api_returns_public_fields_only(alice: User, api_of: Callable[..., Any]) -> None:
    response = api_of(None).get(f"/api/v1/instructors/{alice.pk}")
    assert set(response.json()) == PUBLIC
    assert alice.email not in response.content.decode()


@pytest.mark.quality("I01")
def test_the_page_does_not_show_the_email_address(alice: User, course: Course, browser_of: Callable[..., Any]) -> None:
    page = browser_of(None).get(f"/instructors/{alice.pk}/").content.decode()
    assert alice.full_name in page
    assert alice.email not in page


@pytest.mark.quality("I01")
def test_html_in_the_bio_is_stripped_or_escaped(
    alice: User, api_of: Callable[..., Any], browser_of: Callable[..., Any]
) -> None:
    bio = 'I **teach** tea.<script>alert(1)</script> <img src=x onerror="alert(2)"> [here](javascript:alert(3))'
    api_of(alice).patch("/api/v1/instructors/me", {"bio": bio})
    stored = api_of(None).get(f"/api/v1/instructors/{alice.pk}").json()["bio"]
    assert "<" not in stored
    page = browser_of(None).get(f"/instructors/{alice.pk}/").content.decode()
    assert "<strong>teach</strong>" in page
    assert "<script>alert" not in page
    assert "onerror" not in page
    assert 'href="javascript' not in page


@pytest.mark.quality("I01")
@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "student"}])
def test_profiles_of_former_instructors_are_not_found(
    change: dict[str, Any], alice: User, api_of: Callable[..., Any], browser_of: Callable[..., Any]
) -> None:
    User.objects.filter(pk=alice.pk).update(**change)
    assert api_of(None).get(f"/api/v1/instructors/{alice.pk}").status_code == 404
    assert browser_of(None).get(f"/instructors/{alice.pk}/").status_code == 404


def test_the_rating_averages_all_courses_of_the_instructor(
    alice: User, bob: User, carol: User, course: Course, browser_of: Callable[..., Any]
) -> None:
    for user, stars in ((bob, 5), (carol, 4)):
        enrollments.enroll(actor=user, user=user, course=course)
        enrollments.write_review(actor=user, course=course, rating=stars, comment="")
    page = browser_of(None).get(f"/instructors/{alice.pk}/").content.decode()
    assert "4.5 · 2 ratings" in page
    assert "2 students" in page


def test_an_instructor_can_edit_their_profile(alice: User, browser_of: Callable[..., Any]) -> None:
    browser = browser_of(alice)
    response = browser.post(
        "/teach/profile/", {"title": "Tea taster", "bio": "*Slowly.*", "expertise": "Tea, Water, Tea"}
    )
    assert response.url == f"/instructors/{alice.pk}/"
    profile = Instructor.objects.get(user=alice)
    assert (profile.title, profile.bio, profile.expertise) == ("Tea taster", "*Slowly.*", ["Tea", "Water"])


def test_an_invalid_profile_form_keeps_its_values(alice: User, browser_of: Callable[..., Any]) -> None:
    words = ", ".join(f"word {number}" for number in range(13))
    page = browser_of(alice).post("/teach/profile/", {"title": "Tea taster", "expertise": words}).content.decode()
    assert "Up to 12, each of up to 60 characters." in page
    assert "Tea taster" in page


def test_a_title_with_a_line_break_is_rejected(alice: User) -> None:
    with pytest.raises(ValidationError):
        update_profile(actor=alice, changes={"title": "one\ntwo"})


def test_expertise_in_the_admin_is_comma_separated(alice: User, dan: User, browser_of: Callable[..., Any]) -> None:
    User.objects.filter(pk=dan.pk).update(is_staff=True, is_superuser=True)
    profile = update_profile(actor=alice, changes={"expertise": ["Tea"]})
    address = f"/admin/instructors/instructor/{profile.pk}/change/"
    form = browser_of(dan).get(address).context["adminform"].form
    assert form["expertise"].value() == "Tea"
    response = browser_of(dan).post(
        address, {"user": alice.pk, "title": "", "bio": "", "expertise": '{"a": 1}, Tea, Tea'}
    )
    assert response.status_code == 302, response.context["adminform"].form.errors
    profile.refresh_from_db()
    assert profile.expertise == ['{"a": 1}', "Tea"]
    assert browser_of(None).get(f"/instructors/{alice.pk}/").status_code == 200
