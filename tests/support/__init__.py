"""What tests share: shops, models, servers, browsers, made the same each time."""
