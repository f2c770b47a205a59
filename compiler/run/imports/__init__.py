"""Import the traces that other tools export."""
