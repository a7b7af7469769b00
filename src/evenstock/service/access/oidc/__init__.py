"""Signing in through the company's identity provider: OpenID Connect, code flow with PKCE."""
