-- The account that each customer last bought for, and in how many accounts they were seen.
SELECT customer, account, accounts
FROM (
    SELECT
        customer,
        account,
        row_number() OVER (PARTITION BY customer ORDER BY max("at") DESC, account) AS place,
        count(*) OVER (PARTITION BY customer) AS accounts
    FROM transactions
    GROUP BY customer, account
) AS seen
WHERE place = 1
ORDER BY customer
