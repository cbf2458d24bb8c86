"""Evidence: Microsoft's records, as they came and as the screens show them."""
