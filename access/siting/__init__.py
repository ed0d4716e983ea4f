"""Where hubs should go: exact facility location with a certificate."""
