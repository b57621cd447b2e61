"""What merchandisers keep and see: rules, edits, saved descriptions, health, gaps."""
