-- The first and the last moment at which anything was chosen.
SELECT MIN("at") AS first_at, MAX("at") AS last_at FROM choices
