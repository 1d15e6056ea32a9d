"""What is made of all that is known about a customer: their page, a greeting, the next proposal."""
