"""How dates are written, where we do it otherwise than Django; a language without a package here has Django's."""
