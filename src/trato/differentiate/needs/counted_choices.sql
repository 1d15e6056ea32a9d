-- One row a customer, component, module and window: 0 before $inner, 1 before $judged, 2 from then on.
-- Without a time, or without edges, all is window 0; without a count, each row is one choice.
SELECT
    customer,
    component,
    module,
    CASE WHEN "at" >= $judged THEN 2 WHEN "at" >= $inner THEN 1 ELSE 0 END AS window_index,
    CAST(SUM(COALESCE("count", 1)) AS BIGINT) AS chosen
FROM choices
GROUP BY
    customer,
    component,
    module,
    CASE WHEN "at" >= $judged THEN 2 WHEN "at" >= $inner THEN 1 ELSE 0 END
