"""How the OpenAPI document describes our ways to sign in; importing it registers it."""

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme


class BearerScheme(SimpleJWTScheme):
    """`Authorization: Bearer <access token>`."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "bearer"
