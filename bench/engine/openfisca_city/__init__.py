"""An OpenFisca extension of the country template: twelve city rules. Only the benchmark's own environment imports it."""
