-- One row a customer, component and module, where the choices carry no time.
SELECT
    customer,
    component,
    module,
    0 AS window_index,
    SUM("count") AS chosen
FROM choices
GROUP BY
    customer,
    component,
    module
