"""What every REST view shares: errors, credentials, batches, pages."""
