import re
import secrets

from django.db import migrations

CHUNK = 500
POSITIONAL = re.compile(r"[lr]\d{1,4}")


def randomize_option_ids(apps, schema_editor):
    """Replace the ids l0, l1 … and r0, r1 … of matching questions, which state the pairs, by random ones.

    An id gets the same replacement in all versions of its question and in all answers, so that a regrade computes the
    same points. The journals of submitted attempts are not changed: students have receipts of them, and grading reads
    `Attempt.answers`.
    """
    QuestionVersion = apps.get_model("quizzes", "QuestionVersion")
    ids = {}
    for version in QuestionVersion.objects.filter(question_type="matching").iterator(CHUNK):
        new = ids.setdefault(str(version.question_id), {})
        found = _find_positional_ids(version.options)
        if not found:
            continue
        for old in found:
            new.setdefault(old, secrets.token_hex(6))
        version.options = {side: [_rename(one, new) for one in options] for side, options in version.options.items()}
        version.correct_answer = _replace(version.correct_answer, new)
        version.save(update_fields=["options", "correct_answer"])
    ids = {question_id: new for question_id, new in ids.items() if new}
    if ids:
        _replace_in_attempts(apps.get_model("quizzes", "Attempt"), ids)
        _replace_in_running_journals(apps.get_model("quizzes", "AnswerEvent"), ids)


def _find_positional_ids(options):
    ids = [one["id"] for side in ("left", "right") for one in options[side]]
    return [one for one in ids if POSITIONAL.fullmatch(one)]


def _rename(option, new):
    return {**option, "id": new.get(option["id"], option["id"])}


def _replace(answer, new):
    """Return a key or an answer with the new ids. Answers to a version of another type have another shape."""
    if not isinstance(answer, dict):
        return answer
    return {new.get(left, left): new.get(right, right) for left, right in answer.items()}


def _replace_in_attempts(Attempt, ids):
    quizzes = Attempt.objects.filter(quiz__questions__in=list(ids)).values("quiz")
    for attempt in Attempt.objects.filter(quiz__in=quizzes).only("answers").order_by("pk").iterator(CHUNK):
        answers = {key: _replace(answer, ids.get(key, {})) for key, answer in attempt.answers.items()}
        if answers != attempt.answers:
            attempt.answers = answers
            attempt.save(update_fields=["answers"])


def _replace_in_running_journals(AnswerEvent, ids):
    events = AnswerEvent.objects.filter(attempt__submitted_at=None, question_id__in=list(ids))
    for event in events.order_by("pk").iterator(CHUNK):
        event.answer = _replace(event.answer, ids[str(event.question_id)])
        event.save(update_fields=["answer"])


class Migration(migrations.Migration):
    dependencies = [("quizzes", "0003_plain_labels")]

    operations = [migrations.RunPython(randomize_option_ids, migrations.RunPython.noop, elidable=True)]
