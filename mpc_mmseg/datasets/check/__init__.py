"""What is wrong with data sets, found in their pixels and between their lists."""
