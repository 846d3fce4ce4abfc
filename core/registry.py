"""Registry with which a lower app lets the apps above it provide entries."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries by name, in the order of registration.

    A lower app defines one registry for each extension point. The apps above register their entries in
    `integrations.py`, which `core.apps` imports when all models are loaded.
    """

    def __init__(self, description: str) -> None:
        """Create an empty registry; `description` of an entry is used in error messages."""
        self.description = description
        self._entries: dict[str, Entry] = {}

    def register(self, name: str, entry: Entry) -> Entry:
        """Add an entry and return it. Raise ValueError if the name is taken by another entry."""
        if self._entries.setdefault(name, entry) is not entry:
            raise ValueError(f"{name!r} is already registered as {self.description}.")
        return entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str) -> Entry | None:
        """Return the entry called `name`, or None."""
        return self._entries.get(name)

    def items(self) -> list[tuple[str, Entry]]:
        """Return all pairs of name and entry."""
        return list(self._entries.items())
