"""Lighthouse scores of the five most visited pages: `make lighthouse` writes docs/lighthouse.md."""
