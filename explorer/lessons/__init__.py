"""The Morse lesson: seven steps, one module each with `render(visit)`; the English text is all in `words`."""
