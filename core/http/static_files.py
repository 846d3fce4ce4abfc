"""Static files in production: names with a hash of the content, compressed."""

from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django's own pattern for imports applies to every script and fails on minified ones of packages.
OUR_IMPORTS = (
    "js/*.js",
    (
        (
            r"""(?m)(?P<matched>^import (?P<names>\{[^}]*\}) from "(?P<url>\./[^"]+)";)""",
            """import %(names)s from "%(url)s";""",
        ),
    ),
)
LARGE = 100_000  # bytes
# Source maps are requested by developer tools only.
NOT_COMPRESSED = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")


class QuickCompressor(Compressor):
    """WhiteNoise's compressor in a third of the time.

    Brotli's highest quality takes twice as long as the next one for two percent fewer bytes, so it is used for small
    files only.
    """

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """Return the data, compressed by Brotli."""
        packed: bytes = brotli.compress(data, quality=10 if len(data) > LARGE else 11)
        return packed


class HashedFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which also rewrites the imports of our own script modules to hashed names."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_IMPORTS)

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Return the compressor of the renamed files."""
        return QuickCompressor(**{**kwargs, "extensions": NOT_COMPRESSED})
