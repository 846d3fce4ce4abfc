"""The staff's front page: figures, health, and what needs attention; in the admin and by the API."""
