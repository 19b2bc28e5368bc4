"""Pages as a browser shows them: to eyes, to screen readers, to a keyboard."""
