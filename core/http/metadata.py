"""What the API answers to OPTIONS."""

from typing import Any

from rest_framework.metadata import SimpleMetadata


class ViewMetadata(SimpleMetadata):
    """Describe a view to OPTIONS without its fields, which are in the OpenAPI document.

    Django REST framework finds the fields by loading the view's object as for a PUT. Views without an object in their
    path, such as `/users/me`, fail there, and the fields of some views are not for everyone who may send OPTIONS.
    """

    def determine_actions(self, request: Any, view: Any) -> dict[str, Any]:
        """Return no fields."""
        return {}
