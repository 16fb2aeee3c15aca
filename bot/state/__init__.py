"""Everything Redis: the store with its scripts, and the embedded server."""
