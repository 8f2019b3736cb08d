"""AWS credentials: where they are looked up, why none are found, and their renewal."""
