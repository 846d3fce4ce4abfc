"""Loads the tests' fixtures once Django is set up; everything stands in `lms/testing/plugin.py`."""

pytest_plugins = ["lms.testing.plugin"]
