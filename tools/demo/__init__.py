"""Demo data for development: courses, users and their activity, and generated rows for benchmarks.

The texts are data files: a Markdown file for each course in `courses/`, users in `people.toml`, reviews in
`reviews.toml`, quizzes in `quizzes.toml`, and announcements and messages in `conversations.toml`. `manage.py seed_demo`
loads them, in development only.
"""
