"""Files: unpacking archives, spooling uploads, storing original files, disk space."""
