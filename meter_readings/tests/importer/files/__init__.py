"""Tests of the files of the importer."""
