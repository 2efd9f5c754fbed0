"""Closed-form companions: what statistics predicts, to hold a measured curve against."""
