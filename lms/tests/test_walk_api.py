"""Test of the complete flow through the API: registration, course, certificate, verification."""

from io import BytesIO

import pytest
from pypdf import PdfReader
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course

pytestmark = pytest.mark.django_db(transaction=True)


def log_in(email: str) -> APIClient:
    client = APIClient()
    tokens = client.post("/api/v1/auth/token", {"email": email, "password": "a long walk home"}).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
    return client


def write_a_course(teacher: APIClient) -> str:
    """Write and publish a free course of two lessons through the API; return its id."""
    course = teacher.post("/api/v1/courses/", {"title": "Walking", "is_free": True, "tags": ["feet"]}).json()
    assert teacher.post(f"/api/v1/courses/{course['id']}/publish").status_code == 409
    for title in ("Left", "Right"):
        lesson = {"title": title, "content": f"# {title}\n\nPut the *{title.lower()}* foot forward."}
        assert teacher.post(f"/api/v1/courses/{course['id']}/lessons/", lesson).status_code == 201
    assert teacher.post(f"/api/v1/courses/{course['id']}/publish").json()["is_published"] is True
    return str(course["id"])


def test_from_registration_to_a_verified_certificate(alice: User) -> None:
    visitor = APIClient()
    alice.set_password("a long walk home")
    alice.save()
    registration = {"email": "Walker@Example.com", "password": "a long walk home", "full_name": "Wanda Walker"}
    assert visitor.post("/api/v1/users/", registration).status_code == 201

    course_id = write_a_course(log_in(alice.email))
    student = log_in("walker@example.com")
    assert [row["id"] for row in visitor.get("/api/v1/courses/").json()["results"]] == [course_id]
    closed = student.get(f"/api/v1/courses/{course_id}").json()
    assert [lesson["content"] for lesson in closed["lessons"]] == [None, None]

    enrollment = student.post("/api/v1/enrollments/", {"course_id": course_id}).json()
    opened = student.get(f"/api/v1/courses/{course_id}").json()
    assert "<em>left</em>" in opened["lessons"][0]["content_html"]

    percents = []
    for lesson in opened["lessons"]:
        answer = student.put(f"/api/v1/enrollments/{enrollment['id']}/progress", {"lesson_id": lesson["id"]})
        percents.append(answer.json()["progress_percentage"])
    assert percents == [50, 100]
    completed = student.post(f"/api/v1/enrollments/{enrollment['id']}/complete")
    assert completed.status_code == 200
    assert completed.json()["completed_at"]

    certificate = student.get("/api/v1/certificates/").json()["results"][0]
    assert certificate["status"] == "issued"
    pdf = b"".join(student.get(f"/api/v1/certificates/{certificate['id']}/download").streaming_content)
    printed = " ".join(PdfReader(BytesIO(pdf)).pages[0].extract_text().split())
    assert "Wanda Walker" in printed
    assert "Walking" in printed

    verified = visitor.get(f"/api/v1/certificates/verify/{certificate['certificate_number']}").json()
    assert verified["valid"] is True
    assert verified["student_name"] == "Wanda Walker"
    assert Course.objects.get(pk=course_id).enrollments_count == 1
