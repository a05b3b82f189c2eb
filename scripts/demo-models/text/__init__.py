"""Generator of simple English text: stories, everyday scenes, descriptions, facts, dialogue.

Everything is drawn from hand-written word lists and templates with a seeded random generator, so
the same seed always gives the same text. The entry point is `text.assemble`.
"""
