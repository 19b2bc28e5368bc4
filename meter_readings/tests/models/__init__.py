"""Tests of the models and of the constraints in the database."""
