"""Work on the database that every app shares: delete in batches, build indexes while others write."""
