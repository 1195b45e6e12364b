"""The public pages: /sign, /verify and /privacy, on a lean template of their own."""
