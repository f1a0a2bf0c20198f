"""What an analyst uses: case reports, evidence, the web page."""
