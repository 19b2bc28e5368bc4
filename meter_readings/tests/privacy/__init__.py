"""Tests of what is kept how long, erased and handed over."""
