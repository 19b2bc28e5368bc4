"""Browser tests: appearance, accessibility, keyboard, print."""
