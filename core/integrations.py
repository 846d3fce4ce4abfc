"""Registrations of the kernel: the mail texts that staff edited."""

from core.mail.mail_types import set_site_text_source
from core.mail.texts import get_site_text

set_site_text_source(get_site_text)
