"""What Lighthouse says of the five pages that people read most: `make lighthouse` writes docs/lighthouse.md."""
