"""Resources, their items and snapshots: what departments hold and have handed in."""
