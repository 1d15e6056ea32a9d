-- The days that the table covers, its customers, and how many of their days brought less than nothing.
SELECT
    min(day) AS first_day,
    max(day) AS last_day,
    count(DISTINCT customer) AS customers,
    CAST(sum(CASE WHEN net < 0 THEN 1 ELSE 0 END) AS BIGINT) AS negative_days
FROM customer_days
