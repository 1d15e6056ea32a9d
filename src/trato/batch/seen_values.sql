SELECT value, count(*) AS times
FROM checked
WHERE value IS NOT NULL
GROUP BY value
ORDER BY times DESC, value
