"""The stores: registry of studies, checkpoints in Parquet, results in SQL, reports as files."""
