-- What the models need of each customer, as known at the end of the day $origin, and what the days up to
-- $horizon_end then brought. A refund counts for the purchase before it, as far as it had come back by then.
WITH known AS (
    SELECT
        customer,
        day,
        net,
        bought,
        max(CASE WHEN bought = 1 THEN day END) OVER (PARTITION BY customer ORDER BY day) AS purchase_before,
        min(CASE WHEN bought = 1 THEN day END) OVER (PARTITION BY customer) AS first_purchase,
        min(day) OVER (PARTITION BY customer) AS first_seen
    FROM customer_days
    WHERE day <= $origin
),
purchases AS (
    SELECT
        customer,
        coalesce(purchase_before, first_purchase, first_seen) AS day,
        min(coalesce(first_purchase, first_seen)) AS first_day,
        max(bought) AS bought,
        sum(net) AS net
    FROM known
    GROUP BY customer, coalesce(purchase_before, first_purchase, first_seen)
),
past AS (
    SELECT
        customer,
        min(first_day) AS first_day,
        max(day) AS last_day,
        sum(bought) AS days,
        sum(net) AS total,
        CAST(sum(CASE WHEN day > first_day THEN net ELSE 0 END) AS DOUBLE) AS repeat_total,
        sum(CAST(net AS DOUBLE) * CAST(net AS DOUBLE)) AS squares,
        sum(CASE WHEN day > $since_1 THEN bought ELSE 0 END) AS days_1,
        sum(CASE WHEN day > $since_2 THEN bought ELSE 0 END) AS days_2,
        sum(CASE WHEN day > $since_3 THEN bought ELSE 0 END) AS days_3,
        sum(CASE WHEN day > $since_4 THEN bought ELSE 0 END) AS days_4,
        CAST(sum(CASE WHEN day > $since_1 THEN net ELSE 0 END) AS DOUBLE) AS total_1,
        CAST(sum(CASE WHEN day > $since_2 THEN net ELSE 0 END) AS DOUBLE) AS total_2,
        CAST(sum(CASE WHEN day > $since_3 THEN net ELSE 0 END) AS DOUBLE) AS total_3,
        CAST(sum(CASE WHEN day > $since_4 THEN net ELSE 0 END) AS DOUBLE) AS total_4
    FROM purchases
    GROUP BY customer
),
future AS (
    SELECT customer, sum(bought) AS days, CAST(sum(net) AS DOUBLE) AS total
    FROM customer_days
    WHERE day > $origin AND day <= $horizon_end
    GROUP BY customer
)
SELECT
    past.customer,
    past.first_day,
    past.last_day,
    CAST(past.days AS BIGINT) AS days,
    CAST(past.total AS DECIMAL(38, 4)) AS total,
    past.repeat_total,
    past.squares,
    CAST(past.days_1 AS BIGINT) AS days_1,
    CAST(past.days_2 AS BIGINT) AS days_2,
    CAST(past.days_3 AS BIGINT) AS days_3,
    CAST(past.days_4 AS BIGINT) AS days_4,
    past.total_1,
    past.total_2,
    past.total_3,
    past.total_4,
    CAST(coalesce(future.days, 0) AS BIGINT) AS future_days,
    coalesce(future.total, 0) AS future_total
FROM past
LEFT JOIN future ON future.customer = past.customer
ORDER BY past.customer
