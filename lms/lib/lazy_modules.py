"""Modules that most processes never need, and that cost all of them a second and 40 MB when they are imported."""

from functools import partial
from importlib import import_module
from typing import Any

from django.utils.functional import SimpleLazyObject

_promised: set[str] = set()


def lazily(name: str) -> Any:
    """Return a module that is imported when something of it is first asked for, in whichever process that is.

    For the printers of PDFs alone: WeasyPrint and pyHanko take two seconds of CPU to import, which web and socket
    processes would pay at every start, and only workers print. What can be imported at the top of a file is.
    """
    _promised.add(name)
    return SimpleLazyObject(partial(import_module, name))


def load_promised() -> None:
    """Import all that was put off: in a worker, before it forks, so that its processes share it."""
    for name in sorted(_promised):
        import_module(name)
