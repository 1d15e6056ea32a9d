-- Baskets in all, and per household its shopping days and the last of them.
SELECT
    customer,
    COUNT(DISTINCT basket) AS baskets,
    COUNT(DISTINCT CAST("at" AS DATE)) AS days,
    MAX(CAST("at" AS DATE)) AS last_day
FROM purchases
GROUP BY customer
ORDER BY customer
