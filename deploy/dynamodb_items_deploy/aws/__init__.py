"""AWS clients, the account, failures, and the executor of a plan."""
