"""What the data authority watches: open and late cases, limits, alarms, and how far things went."""
