"""The stored form of email addresses."""

import re
import unicodedata

from core.text.characters import remove_invisible

# White space other than a typed space: no address contains it, and it comes along with copied text.
COPIED_SPACE = re.compile(r"[^\S ]")


def normalize_email(email: str) -> str:
    """Return the stored form of an address: NFKC, without invisible characters and outer spaces, in lower case.

    Quality row U04. Inner spaces stay, so that validation refuses them.
    """
    visible = remove_invisible(COPIED_SPACE.sub("", email))
    # NFKC turns some visible characters into invisible ones.
    return remove_invisible(unicodedata.normalize("NFKC", visible)).strip().lower()
