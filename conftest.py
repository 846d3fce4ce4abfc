"""Loads the tests' fixtures once Django is set up; most stands in `lms/testing/plugin.py`."""

pytest_plugins = ["lms.testing.plugin", "lms.testing.emptying", "lms.testing.lasting", "lms.testing.live"]
