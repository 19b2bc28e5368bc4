"""Every command that the documentation shows is run, as its readers run it."""
