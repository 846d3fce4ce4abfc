"""The yardsticks: a Django project as small as one can be that does a like piece of work, on the same engines."""
