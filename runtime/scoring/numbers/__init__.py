"""Numbers in text: digits, Chinese numerals and English words, with signs, multipliers, percentages and units."""
