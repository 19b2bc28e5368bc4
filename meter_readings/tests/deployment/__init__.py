"""The scripts that set a site up, look at it, and keep it safe."""
