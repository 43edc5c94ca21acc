"""What files hold, as digests: read once, remembered, and compared with what is read later."""
