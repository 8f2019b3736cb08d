"""The authenticator that the settings choose, and the names of scopes in its credentials."""

from pathlib import Path
from typing import TYPE_CHECKING

from dynamodb_items.access.callers import Authenticator, Scope
from dynamodb_items.config.settings import Settings, SettingsError

if TYPE_CHECKING:
    from dynamodb_items.access.jwt_claims import ClaimRules


def granting_scopes(settings: Settings, scope: Scope) -> tuple[str, ...]:
    """Return the words of tokens that grant a scope; the first is the one to request."""
    return settings.read_scopes if scope is Scope.READ else settings.write_scopes


def authenticator_of(settings: Settings) -> Authenticator:
    """Return the authenticator of ``ITEMS_AUTH``.

    Raises:
        SettingsError: a file that the settings name cannot be read.
    """
    # Imported here: only the scheme in use costs memory and time.
    try:
        if settings.auth == "jwt":
            from dynamodb_items.access.jwks import jwks_source  # noqa: PLC0415
            from dynamodb_items.access.jwt import JwtVerifier  # noqa: PLC0415

            return JwtVerifier(
                jwks_source(
                    settings.jwt_issuer, settings.jwt_key_set, settings.jwt_key_set_seconds
                ),
                _claim_rules(settings),
                settings.key_schema,
                settings.jwt_algorithms,
            )
        from dynamodb_items.access.api_keys import ApiKeys  # noqa: PLC0415

        return ApiKeys(
            Path(settings.api_keys_file),
            settings.key_schema,
            tenant_required=bool(settings.tenant_claim),
        )
    except (OSError, ValueError) as error:
        variable = "ITEMS_JWT_KEY_SET" if settings.auth == "jwt" else "ITEMS_API_KEYS_FILE"
        raise SettingsError([f"{variable}: the file cannot be read: {error}."]) from error


def _claim_rules(settings: Settings) -> "ClaimRules":
    from dynamodb_items.access.jwt_claims import ClaimRules  # noqa: PLC0415

    return ClaimRules(
        issuer=settings.jwt_issuer,
        audiences=settings.jwt_audiences,
        audience_claims=settings.jwt_audience_claims,
        scope_claims=settings.jwt_scope_claims,
        scopes={scope: granting_scopes(settings, scope) for scope in Scope},
        tenant_claim=settings.tenant_claim,
        leeway_seconds=settings.jwt_leeway_seconds,
        require_nbf=settings.jwt_require_nbf,
    )
