INSERT INTO hazecast.live_day (station_id, day, n, outside80, outside95, factors80, factors95, model_id, scored, model_sse,
persistence_sse, persistence, since, verdict, memory, change_factors, change_products, change_squares, change_counts)
SELECT id, d::date, array_fill(24, ARRAY[24]), array_fill(4, ARRAY[24]),
array_fill(1, ARRAY[24]), array_fill(1.1::real, ARRAY[24]), array_fill(1.1::real, ARRAY[24]), (SELECT max(id) FROM
hazecast.model), array_fill(24, ARRAY[24]), array_fill(9::float8, ARRAY[24]), array_fill(12::float8, ARRAY[24]), false, d::date,
'model', ARRAY[4, 30, 90, 120, 700, 20]::real[] || array_fill(0.05::real, ARRAY[24]), array_fill(1::real, ARRAY[24]),
array_fill(9::real, ARRAY[24]), array_fill(9::real, ARRAY[24]), array_fill(700::real, ARRAY[24])
FROM hazecast.station, generate_series(current_date - 3, current_date - 2, interval '1 day') AS d
-- For Benchmarks/hour --sql: every station with two settled days and a memory, as after a few weeks of work.
