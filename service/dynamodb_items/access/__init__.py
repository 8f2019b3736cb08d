"""Authentication, authorization and rate limits, without HTTP."""
