"""What customers are worth: how often they buy, what a purchase brings, and what is still to come."""
