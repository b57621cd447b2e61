"""Real servers on loopback for tests: picture hosts, brokers, hubs, collectors."""
