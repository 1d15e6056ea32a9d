SELECT value
FROM checked
WHERE regexp_matches(value, '[0-9]:[0-9]{2}(:[0-9]{2})?([.][0-9]+)?[ ]*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$')
LIMIT 1
