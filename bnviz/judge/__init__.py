"""What numbers say: intervals over seeds, findings, verdicts."""
