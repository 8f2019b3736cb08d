"""What has to change: a plan is data."""
