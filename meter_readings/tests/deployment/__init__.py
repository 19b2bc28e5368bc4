"""Tests of the deployment scripts and of nginx."""
