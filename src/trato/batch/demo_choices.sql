-- What households chose: a row a purchase, of the categories bought often enough, and of fuel.
WITH named AS (
    SELECT
        purchases.customer,
        purchases."at",
        CASE WHEN products.module = $fuel THEN 'FUEL' ELSE products.component END AS component,
        products.module
    FROM purchases
    INNER JOIN products ON products.product = purchases.product
    WHERE products.component IS NOT NULL AND products.module IS NOT NULL
),
often AS (
    SELECT component
    FROM named
    WHERE component <> $left_out
    GROUP BY component
    HAVING COUNT(*) >= $fewest OR component = 'FUEL'
)
SELECT named.customer, named."at", named.component, named.module
FROM named
INNER JOIN often ON often.component = named.component
ORDER BY named.customer, named."at", named.component, named.module
