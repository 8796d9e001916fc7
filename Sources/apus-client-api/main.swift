// Replaced by the real one.
