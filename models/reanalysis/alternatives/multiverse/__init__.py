"""Does the answer depend on the choices? All of them crossed."""
