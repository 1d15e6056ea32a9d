-- A row per campaign and household that bought within the 16 weeks before it: who was mailed, what they spent a
-- week during the campaign, in the 8 weeks before and in the 8 weeks before those, and what told before.
WITH days AS (
    SELECT
        customer,
        CAST("at" AS DATE) AS bought,
        SUM(amount) AS spent,
        COUNT(DISTINCT basket) AS baskets
    FROM spending
    GROUP BY 1, 2
),
bounds AS (
    SELECT MIN(bought) AS earliest, MAX(bought) AS latest FROM days
),
judged AS (
    SELECT
        campaign,
        kind,
        CAST(begins AS DATE) AS begins,
        CAST(ends AS DATE) AS ends,
        CAST(DATE_DIFF('day', CAST(begins AS DATE), CAST(ends AS DATE)) + 1 AS DOUBLE) / 7 AS weeks
    FROM campaigns, bounds
    WHERE CAST(begins AS DATE) >= earliest + INTERVAL 112 DAY AND CAST(ends AS DATE) <= latest
),
told AS (
    SELECT
        judged.campaign,
        days.customer,
        SUM(CASE WHEN bought >= begins AND bought <= ends THEN spent ELSE 0 END) / MAX(weeks) AS during,
        SUM(CASE WHEN bought < begins AND bought >= begins - INTERVAL 56 DAY THEN spent ELSE 0 END) / 8 AS before,
        SUM(CASE WHEN bought < begins - INTERVAL 56 DAY AND bought >= begins - INTERVAL 112 DAY THEN spent ELSE 0 END) / 8
            AS earlier,
        SUM(CASE WHEN bought < begins AND bought >= begins - INTERVAL 112 DAY THEN baskets ELSE 0 END) AS baskets,
        DATE_DIFF('day', MAX(CASE WHEN bought < begins THEN bought END), MAX(begins)) AS days_since
    FROM judged, days
    WHERE bought >= begins - INTERVAL 112 DAY AND bought <= ends
    GROUP BY 1, 2
),
used AS (
    SELECT DISTINCT campaign, customer FROM redemptions
),
past AS (
    SELECT
        judged.campaign,
        mailings.customer,
        COUNT(*) AS mailed_before,
        COUNT(used.customer) AS used_before
    FROM judged, mailings
    JOIN campaigns ON campaigns.campaign = mailings.campaign
    LEFT JOIN used ON used.campaign = mailings.campaign AND used.customer = mailings.customer
    WHERE CAST(campaigns.begins AS DATE) < judged.begins
    GROUP BY 1, 2
)
SELECT
    judged.kind,
    judged.campaign,
    told.customer,
    CAST(mailings.customer IS NOT NULL AS INTEGER) AS mailed,
    CAST(used.customer IS NOT NULL AS INTEGER) AS used_a_coupon,
    CAST(told.during AS DOUBLE) AS during,
    CAST(told.before AS DOUBLE) AS before,
    CAST(told.earlier AS DOUBLE) AS earlier,
    CAST(told.baskets AS DOUBLE) AS baskets,
    CAST(told.days_since AS DOUBLE) AS days_since,
    CAST(COALESCE(past.mailed_before, 0) AS DOUBLE) AS mailed_before,
    CAST(COALESCE(past.used_before, 0) AS DOUBLE) AS used_before
FROM told
JOIN judged ON judged.campaign = told.campaign
LEFT JOIN mailings ON mailings.campaign = told.campaign AND mailings.customer = told.customer
LEFT JOIN used ON used.campaign = told.campaign AND used.customer = told.customer
LEFT JOIN past ON past.campaign = told.campaign AND past.customer = told.customer
WHERE told.days_since IS NOT NULL
ORDER BY judged.kind, judged.campaign, told.customer
