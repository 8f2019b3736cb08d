"""Who calls and what they may do; knows no HTTP."""
