-- Run once by the image of PostgreSQL on an empty volume. Ours is the image's own database (POSTGRES_DB=cardio).
CREATE DATABASE dagster;
