"""How a decision depends on its evidence: what would flip it, and which measurement could."""
