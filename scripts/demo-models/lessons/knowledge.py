"""What the model shall know: capitals, colours, opposites, the calendar, kinds of things.

Extends the tables of `text.lexicon` by what has exactly one right answer.
"""

from text import lexicon
from text.lexicon import words

CAPITALS: dict[str, str] = lexicon.CAPITALS | {
    "the Netherlands": "Amsterdam", "Switzerland": "Bern", "Ukraine": "Kyiv",
    "Thailand": "Bangkok", "Morocco": "Rabat", "Brazil": "Brasilia", "South Korea": "Seoul",
    "the United States": "Washington",
}  # fmt: skip

# thing (with its article, if it has one): colour
COLOURS: dict[str, str] = {
    thing[0].lower() + thing[1:]: colour for thing, colour in lexicon.THING_COLOURS.items()
} | {
    "cotton": "white", "sugar": "white", "salt": "white", "rice": "white", "a cloud": "white",
    "a pea": "green", "a leaf": "green", "a plum": "purple", "a brick": "red",
    "a pumpkin": "orange", "a raven": "black", "butter": "yellow", "a sunflower": "yellow", "a blueberry": "blue",
    "a bear": "brown", "a mouse": "grey", "a pig": "pink", "a panda": "black and white",
    "a zebra": "black and white", "a penguin": "black and white", "a raspberry": "red",
    "a potato": "brown", "a donkey": "grey", "flour": "white", "a fire engine": "red",
}  # fmt: skip

# Words with one opposite only; `light`, `old` and the like are asked in one direction.
OPPOSITES: list[tuple[str, str]] = [
    tuple(pair.split("/"))
    for pair in words(
        """hot/cold, big/small, fast/slow, rich/poor, happy/sad, high/low, wet/dry, strong/weak,
        open/closed, full/empty, early/late, hard/soft, long/short, day/night, love/hate, war/peace,
        up/down, left/right, clean/dirty, thick/thin, loud/quiet, near/far, easy/difficult,
        sweet/sour, black/white, begin/end, cheap/expensive, good/bad, win/lose, push/pull,
        give/take, buy/sell, laugh/cry, inside/outside, above/below, first/last, always/never,
        front/back, top/bottom, yes/no, north/south, east/west, remember/forget, asleep/awake,
        deep/shallow, wide/narrow, smooth/rough, polite/rude, safe/dangerous, clever/stupid,
        beautiful/ugly, true/false, same/different, more/less, before/after, alive/dead"""
    )
]
ONE_WAY = [
    tuple(pair.split("/")) for pair in words("young/old, heavy/light, new/old, dark/light, tall/short")
]
OPPOSITE: dict[str, str] = dict(OPPOSITES) | {b: a for a, b in OPPOSITES} | dict(ONE_WAY)

DAYS = lexicon.CLASSES["weekday"]
MONTHS = lexicon.CLASSES["month"]
SEASONS = ["spring", "summer", "autumn", "winter"]

# kind: its members
KINDS: dict[str, list[str]] = {
    "animals": words(
        """a dog, a cat, a horse, a cow, a fox, a bear, a wolf, a rabbit, a lion, an elephant,
        a mouse, a goat, a pig, a sheep, a monkey, a tiger, a zebra, a donkey"""
    ),
    "birds": words(
        "a robin, a crow, an eagle, a swan, a sparrow, an owl, a duck, a stork, a raven"
    ),
    "fruits": words(
        """an apple, a pear, a plum, an orange, a banana, a cherry, a strawberry, a peach, a lemon,
        a melon"""
    ),
    "vegetables": words(
        "a carrot, a potato, an onion, a cabbage, a tomato, a bean, a pea, a pumpkin, a cucumber"
    ),
    "colours": words("red, blue, green, yellow, white, black, brown, grey, orange, purple, pink"),
    "flowers": words(
        "a rose, a tulip, a daisy, a sunflower, a lily, a violet, a daffodil, a poppy"
    ),
    "trees": words("an oak, a pine, a willow, a birch, a fir tree, an elm, an apple tree"),
    "countries": words("France, Italy, Spain, Germany, Poland, Greece, Japan, China, India, Egypt"),
    "instruments": words("a piano, a guitar, a violin, a flute, a drum, a trumpet, a cello"),
    "tools": words("a hammer, a saw, a spade, an axe, a rake, a ladder, a broom"),
    "days": DAYS,
    "months": MONTHS,
}  # fmt: skip

# animal: (sound, home, food, young, legs)
ANIMALS = lexicon.ANIMAL_FACTS
LEGS = {0: "no legs", 2: "two legs", 4: "four legs", 6: "six legs", 8: "eight legs"}
JOBS = lexicon.JOB_WORK
USES = lexicon.USES
MADE_OF = {thing[0].lower() + thing[1:]: made for thing, made in lexicon.MADE_OF.items()}

# A sum has two numbers up to SUM, or continues from a result up to RESULT with at most STEP.
SUM, RESULT, STEP = 20, 40, 10


def cap(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[0].upper() + text[1:]


def article(noun: str) -> str:
    """The noun with `a` or `an`."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def listed(items: list[str]) -> str:
    """The items with commas and `and`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
