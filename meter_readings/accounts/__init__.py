"""Accounts: sign-in, API tokens and client addresses."""
