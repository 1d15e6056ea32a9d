"""What a company can vary for a customer, and which of it goes together."""
