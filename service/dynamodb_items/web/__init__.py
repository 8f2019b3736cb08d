"""HTTP: routes, media types, preconditions and problems around an item repository."""
