-- What a choice of each module brings on average, in money.
SELECT
    component,
    module,
    SUM(CAST(margin AS DOUBLE) * COALESCE("count", 1)) / NULLIF(SUM(COALESCE("count", 1)), 0) AS margin
FROM choices
GROUP BY
    component,
    module
