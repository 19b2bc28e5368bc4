"""How the project is put together: settings, addresses, and the way it is started."""
