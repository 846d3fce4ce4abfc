"""A filter for error reports: Django's debug page and the mail to administrators."""

import re
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Hide secrets by their names in settings, headers, forms and the local variables of every frame.

    It is active in development too, so that views need no decorator.
    """

    hidden_settings = re.compile(
        "API|AUTH|CODE|COOKIE|HASH|KEY|PASS|RAW|SECRET|SIGNATURE|TICKET|TOKEN|CHALLENGE", re.IGNORECASE
    )

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return the posted fields with secrets hidden."""
        sent = request.POST.items() if request is not None else ()
        return {name: self.cleanse_setting(name, value) for name, value in sent}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        """Return a frame's variables as pairs with secrets hidden, nested ones too."""
        return [(name, self.cleanse_setting(name, value)) for name, value in tb_frame.f_locals.items()]
