"""From a table's name to an instance that serves with its role's credentials."""
