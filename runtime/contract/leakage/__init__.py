"""Questions that training and evaluation share: equal, contained in other text, or nearly the same."""
