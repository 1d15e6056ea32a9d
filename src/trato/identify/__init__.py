"""Who is who: which identifiers point to one customer, and who belongs together."""
