"""What a request costs: the service beside its peers, on one stub backend."""
