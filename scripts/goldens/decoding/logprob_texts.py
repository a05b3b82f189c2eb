"""Texts that are scored: what the shipped models were made for, and what they never saw."""

from typing import Any

#: so many of the first texts have a greedy continuation
CONTINUED = 10

TEXTS = [
    "Once upon a time there was a little dog who lived by the river.",
    "Q: What is the capital of France?\nA: The capital of France is Paris.",
    "In the morning the farmer went to the market and bought a goat, two hens and a basket of plums.",
    "My dear friend,\nI am writing to tell you that the roof is mended at last.",
    '"Where is the silver key?" asked the old woman. "I put it in the blue box," said the boy.',
    "The cat sat on the wall. The dog sat on the wall. The cat sat on the wall. The dog sat",
    "A bee is a small animal that",
    "It rained.\n\nNobody was in the garden but the cat, who did not mind.",
    "1, 2, 3, 4, 5, 6, 7, 8, 9,",
    "Café, naïve – 2 + 3 = 5, isn’t it?",
    "the the the the the the the the the the the the",
    "A",
    " ",
    "\n",
    "\t\t\n\n  \n",
    "a b",
    ".",
    "?!?!?!",
    "Why?",
    "ends with spaces   ",
    "   begins with spaces",
    "3.14159265358979323846264338327950288",
    "2 + 2 = 4; 12 x 12 = 144; 7 / 8 = 0.875; -40 °F = -40 °C",
    "Tel. +44 20 7946 0958, 12/31/1999, 23:59:59.999",
    "0x7fff ffff 0000 1111 deadbeef",
    "def add(a, b):\n    return a + b\n\nprint(add(2, 3))  # 5\n",
    '{"name": "glossa", "sizes": [1, 2, 3], "ok": true, "none": null}',
    "<p>A &amp; B</p><br/><!-- no -->",
    "https://example.org/a/b?c=d&e=%20f#g",
    "SHOUTING AT THE TOP OF HER VOICE, SHE RAN.",
    "aLtErNaTiNg CaSe Is HaRd To ReAd",
    "Ünïcödé, 猫と犬, 🐈‍⬛ and 👩🏽‍🚀 and\tTabs",
    "Οὐχὶ ταὐτὰ παρίσταταί μοι γιγνώσκειν, ὦ ἄνδρες ᾿Αθηναῖοι",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "نص عربي من اليمين إلى اليسار، ثم English وعودة",
    "zero\u200bwidth, soft\u00adhyphen, no\u00a0break, combining e\u0301, \ufeffmark and \ufffd itself",
]

REPEATED = "The king had three sons, and the youngest of them was said to be a fool. "


def repeated(tokenizer: Any, tokens: int) -> str:
    """A sentence as often as a context holds it."""
    text = REPEATED
    while len(tokenizer(text + REPEATED).input_ids) <= tokens:
        text += REPEATED
    return text
