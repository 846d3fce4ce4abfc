"""What a report of an error may show: Django's debug page, and the mail to the site's administrators."""

import re
from types import FrameType
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter


class ReportFilter(SafeExceptionReporterFilter):
    """Hides by its name whatever opens something: in settings, headers, forms and the variables of every frame, in
    development too, so that no view has to remember it."""

    hidden_settings = re.compile(
        "API|AUTH|CODE|COOKIE|HASH|KEY|PASS|RAW|SECRET|SIGNATURE|TICKET|TOKEN|CHALLENGE", re.IGNORECASE
    )

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return what a form sent, without what must not be seen."""
        sent = request.POST.items() if request is not None else ()
        return {name: self.cleanse_setting(name, value) for name, value in sent}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        """Return a frame's variables as pairs, without what must not be seen, however deep it stands."""
        return [(name, self.cleanse_setting(name, value)) for name, value in tb_frame.f_locals.items()]
