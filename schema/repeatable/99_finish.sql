-- The end of every run of `hazecast migrate` that applies a file: tenants may see what readers may, of their stations.

SELECT hazecast.admit_tenants();
