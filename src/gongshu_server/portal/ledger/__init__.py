"""Verifying receipts and the ledger, for anybody, without an account."""
