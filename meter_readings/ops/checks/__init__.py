"""Checks of an installation, one module a subject; `diagnostics` selects them."""
