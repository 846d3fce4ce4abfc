"""What a new checkout shows: courses to read, people who take them, and rows by the thousand for measuring.

The texts are data: one Markdown file per course in `courses/`, the people in `people.toml`, what they say of the
courses in `reviews.toml`. `manage.py seed_demo` loads them, in development only.
"""
