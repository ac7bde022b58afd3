"""Running the services of an installation: code server, daemon, UI, report pages."""
