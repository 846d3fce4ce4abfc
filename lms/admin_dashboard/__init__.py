"""Dashboard of the admin site: figures, health, and items that need attention, as a page and by the API."""
