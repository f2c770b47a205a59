"""What metrics compute from a reference and an answer, as plain functions of text."""
