"""What tests share: reproducible shops, models, servers and browsers."""
