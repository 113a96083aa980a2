"""Pages of the catalogue: finding, looking, filing, levels, opening."""
