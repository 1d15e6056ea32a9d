-- What households came for: the year as one basket, a row a purchase, with the categories to choose from.
WITH named AS (
    SELECT
        purchases.customer,
        purchases."at",
        CASE WHEN products.module = $fuel THEN 'FUEL' ELSE products.component END AS module
    FROM purchases
    INNER JOIN products ON products.product = purchases.product
    WHERE products.component IS NOT NULL
)
SELECT customer, "at", 'BASKET' AS component, module
FROM named
WHERE module <> $left_out
ORDER BY customer, "at", module
