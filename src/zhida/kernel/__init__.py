"""Money, periods, identifiers, clock and errors. Knows neither Django nor any department."""
