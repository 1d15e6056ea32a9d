-- One row a customer and day: what the day brought, refunds and costs taken off, and whether anything was bought.
SELECT
    customer,
    CAST("at" AS DATE) AS day,
    CAST(sum(amount - coalesce(cost, 0)) AS DECIMAL(38, 4)) AS net,
    max(CASE WHEN amount >= 0 THEN 1 ELSE 0 END) AS bought
FROM transactions
GROUP BY customer, CAST("at" AS DATE)
