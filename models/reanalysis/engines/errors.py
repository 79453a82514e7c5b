"""What an engine says when it cannot give a number worth having."""


class EngineError(RuntimeError):
    """An engine could not compute a posterior to its stated accuracy."""


class QuadratureError(EngineError):
    """A grid could not hold or resolve a posterior."""
