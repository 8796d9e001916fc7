"""What the suites in this folder share: servers on loopback, and a plain Matrix client."""
