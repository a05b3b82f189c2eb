"""Generator of what the second model is taught: knowledge as prose, and instructions.

`lessons.assemble` writes the base text, `lessons.instructions` the conversations of the adapter.
"""
