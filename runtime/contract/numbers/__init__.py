"""Numbers in a text, in English and Chinese: what an answer and a reference say."""
