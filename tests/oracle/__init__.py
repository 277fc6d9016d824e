"""True values to compare with: textbook formulas in ball arithmetic, test points, errors in ulps."""
