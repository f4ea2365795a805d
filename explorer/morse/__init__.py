"""Codebooks for letters and for numbers, without models and without a page: Morse, language statistics, codes, Gaussians."""
