"""Why data may be used, what each customer granted, and the permits that alone lead to personal data."""
