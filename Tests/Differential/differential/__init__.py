"""Asks Synapse's own code and Apus the same questions about the same random rooms, and compares the answers."""
