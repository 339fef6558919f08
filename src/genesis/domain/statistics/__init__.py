"""What a report says about a run."""
