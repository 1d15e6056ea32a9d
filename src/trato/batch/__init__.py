"""Whole tables: engines that run the domains' SQL steps, and the commands built on them."""
