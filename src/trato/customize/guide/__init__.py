"""The guide: from what is known of a customer to the offer that fits, by the fewest questions."""
