SELECT DISTINCT component, module
FROM checked
WHERE component IS NOT NULL AND module IS NOT NULL
ORDER BY component, module
