"""Accounts: who the client is and how people log in."""
