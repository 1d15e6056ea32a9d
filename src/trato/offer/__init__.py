"""What a company can vary for a customer, and which of it goes together.

`read` gives an Offer, `Offer.compile` its Diagram, which answers.
"""

from trato.offer.reading import read

__all__ = ["read"]
