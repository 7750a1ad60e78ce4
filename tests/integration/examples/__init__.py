"""What the worked examples of docs/examples say, without Flywheel."""
