"""How static files are named in production: by their content, so that browsers may keep them for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

# Django can follow imports, too, but in every script: it stumbles over what packages ship minified.
OUR_IMPORTS = (
    "js/*.js",
    (
        (
            r"""(?m)(?P<matched>^import (?P<names>\{[^}]*\}) from "(?P<url>\./[^"]+)";)""",
            """import %(names)s from "%(url)s";""",
        ),
    ),
)


class HashedFiles(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which also follows the imports of our own script modules to their hashed names."""

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_IMPORTS)
