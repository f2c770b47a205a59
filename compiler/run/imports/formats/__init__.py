"""One reader of each tool's export."""
