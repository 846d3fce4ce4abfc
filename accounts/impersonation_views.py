"""The way back from acting in somebody's name."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import impersonation


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Stop acting in a person's name, and go back to their page in the administration."""
    login = getattr(request, "impersonation", None)
    if login is None:
        return redirect("home")
    impersonation.end(login=login)
    del request.session[impersonation.KEY]
    messages.success(request, _("You are back in your own account."))
    return redirect("admin:accounts_user_change", login.user_id)
