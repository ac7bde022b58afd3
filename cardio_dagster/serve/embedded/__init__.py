"""PostgreSQL and Redis from pip packages, run in the foreground as services, with their data in the data folder."""
