"""AWS credentials: lookup, the causes of a failed lookup, and renewal in the background."""
