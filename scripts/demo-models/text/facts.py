"""Simple facts: animals, colours, capitals, days, counting, seasons, jobs, materials, uses."""

import random

from . import lexicon
from .engine import Word, finish
from .inflect import number_word, plural

DAYS = lexicon.CLASSES["weekday"]
MONTHS = lexicon.CLASSES["month"]
ANIMAL_LEGS = {0: "no legs", 2: "two legs", 4: "four legs", 6: "six legs", 8: "eight legs"}


def _cap(text: str) -> str:
    return text[0].upper() + text[1:]


def animal_facts(rng: random.Random) -> list[str]:
    """What an animal does, eats, and where it lives."""
    name, (sound, home, food, young, legs) = rng.choice(list(lexicon.ANIMAL_FACTS.items()))
    many = {"mouse": "mice", "wolf": "wolves", "goose": "geese", "fish": "fish", "sheep": "sheep"}
    animals = many.get(name, plural(name))
    return [
        rng.choice(
            (f"A {name} {sound}.", f"The {name} {sound}.", f"A {name} is an animal that {sound}.")
        ),
        rng.choice(
            (
                f"A {name} lives {home}.",
                f"The {name} lives {home}.",
                f"{_cap(animals)} live {home}.",
            )
        ),
        rng.choice((f"It eats {food}.", f"{_cap(animals)} eat {food}.", f"A {name} eats {food}.")),
        rng.choice(
            (f"A young {name} is called a {young}.", f"The young of a {name} is a {young}.")
        ),
        rng.choice(
            (f"A {name} has {ANIMAL_LEGS[legs]}.", f"{_cap(animals)} have {ANIMAL_LEGS[legs]}.")
        ),
    ]


def country_facts(rng: random.Random) -> list[str]:
    """Capital, language and continent of a country."""
    country, capital = rng.choice(list(lexicon.CAPITALS.items()))
    out = [
        rng.choice(
            (
                f"The capital of {country} is {capital}.",
                f"The capital of {country} is {capital}.",
                f"The capital of {country} is {capital}.",
                f"{capital} is the capital of {country}.",
                f"{country} is a country. Its capital is {capital}.",
            )
        )
    ]
    if country in lexicon.LANGUAGES:
        language = lexicon.LANGUAGES[country]
        out.append(
            rng.choice(
                (
                    f"People in {country} speak {language}.",
                    f"In {country}, people speak {language}.",
                )
            )
        )
    if country in lexicon.CONTINENTS:
        out.append(f"{country} is in {lexicon.CONTINENTS[country]}.")
    return out


def colour_facts(rng: random.Random) -> list[str]:
    """Colours of things."""
    out = []
    for thing, colour in rng.sample(list(lexicon.THING_COLOURS.items()), 4):
        out.append(
            rng.choice(
                (
                    f"{thing} is {colour}.",
                    f"{thing} is {colour}.",
                    f"The colour of {thing[0].lower() + thing[1:]} is {colour}.",
                )
            )
        )
    return out


def calendar_facts(rng: random.Random) -> list[str]:
    """Days, months, seasons."""
    day, month = rng.randrange(7), rng.randrange(12)
    season = rng.choice(list(lexicon.SEASON_FACTS))
    first, second = rng.sample(lexicon.SEASON_FACTS[season], 2)
    return [
        rng.choice(
            (
                f"{DAYS[(day + 1) % 7]} comes after {DAYS[day]}.",
                f"The day after {DAYS[day]} is {DAYS[(day + 1) % 7]}.",
                f"The day before {DAYS[(day + 1) % 7]} is {DAYS[day]}.",
            )
        ),
        rng.choice(
            (
                f"{MONTHS[(month + 1) % 12]} comes after {MONTHS[month]}.",
                f"The month after {MONTHS[month]} is {MONTHS[(month + 1) % 12]}.",
            )
        ),
        f"In {season}, {first}.",
        f"In {season}, {first}, and {second}.",
        rng.choice(
            (
                "There are seven days in a week: " + ", ".join(DAYS[:6]) + " and Sunday.",
                "There are twelve months in a year.",
                "There are four seasons: spring, summer, autumn and winter.",
                "A year has three hundred and sixty-five days.",
                "A day has twenty-four hours.",
                "An hour has sixty minutes, and a minute has sixty seconds.",
                "The first month of the year is January, and the last month is December.",
                "Saturday and Sunday are the weekend.",
            )
        ),
    ]


def number_facts(rng: random.Random) -> list[str]:
    """Counting and small sums."""
    start, a, b = rng.randrange(0, 15), rng.randrange(1, 11), rng.randrange(1, 11)
    high, low = max(a, b), min(a, b)
    count = ", ".join(number_word(n) for n in range(start + 1, start + rng.randint(5, 10)))
    noun = Word.read(rng.choice(lexicon.CLASSES["fruit"]))
    total = a + b

    def of(n: int) -> str:
        return f"{number_word(n)} {noun.base if n == 1 else noun.plural}"

    return [
        f"{_cap(count)}.",
        f"{_cap(number_word(a))} plus {number_word(b)} is {number_word(total)}.",
        f"{_cap(number_word(high))} minus {number_word(low)} is {number_word(high - low)}.",
        f"{_cap(number_word(a + 1))} comes after {number_word(a)}.",
        f"If you have {of(a)} and get {of(b)} more, you have {of(total)}.",
        f"{a} + {b} = {total}.",
    ]


def world_facts(rng: random.Random) -> list[str]:
    """Opposites, jobs, uses, materials and a few things everybody knows."""
    first, second = rng.choice(lexicon.OPPOSITES)
    if rng.random() < 0.5:
        first, second = second, first
    job, (work, where) = rng.choice(list(lexicon.JOB_WORK.items()))
    tool, use = rng.choice(list(lexicon.USES.items()))
    thing, made = rng.choice(list(lexicon.MADE_OF.items()))
    return [
        rng.choice(
            (f"The opposite of {first} is {second}.", f"{_cap(first)} is the opposite of {second}.")
        ),
        rng.choice(
            (f"A {job} {work}.", f"A {job} works {where}.", f"A {job} is a person who {work}.")
        ),
        rng.choice(
            (
                f"We use {tool} to {use}.",
                f"You can use {tool} to {use}.",
                f"With {tool}, you can {use}.",
            )
        ),
        f"{thing} is made of {made}." if made != "frozen water" else "Ice is frozen water.",
        rng.choice(GENERAL),
        rng.choice(GENERAL),
    ]


GENERAL = [
    "The sun rises in the east and sets in the west.",
    "The earth moves around the sun, and the moon moves around the earth.",
    "Water freezes when it is very cold, and it boils when it is very hot.",
    "Fish can swim, and most birds can fly.",
    "A penguin is a bird that cannot fly.",
    "The whale is the largest animal in the sea.",
    "The elephant is the largest animal on land.",
    "The giraffe is the tallest animal in the world.",
    "We see with our eyes and hear with our ears.",
    "People have ten fingers and ten toes.",
    "A spider has eight legs, and an insect has six.",
    "Plants need water, air and light.",
    "Bees make honey, and cows give milk.",
    "Hens lay eggs.",
    "A rainbow can be seen when the sun shines through the rain.",
    "A triangle has three sides, and a square has four.",
    "The sea is full of salt water.",
    "The heart pumps blood through the body.",
    "At night, we can see the moon and the stars.",
    "Trees have roots, a trunk, branches and leaves.",
    "An apple is a fruit, and a carrot is a vegetable.",
    "A bicycle has two wheels, and a car has four.",
    "Owls sleep during the day and hunt at night.",
    "A caterpillar turns into a butterfly.",
    "Stones are heavy, and feathers are light.",
    "Fire is hot, and ice is cold.",
    "The river flows down from the mountains to the sea.",
    "Iron is heavier than wood.",
    "There are seven colours in the rainbow: red, orange, yellow, green, blue, indigo and violet.",
    "There are many languages in the world.",
    "A doctor helps you when you are ill.",
    "A dog is an animal, a rose is a plant, and a stone is neither.",
]

TOPICS = (
    animal_facts,
    country_facts,
    country_facts,
    colour_facts,
    calendar_facts,
    number_facts,
    world_facts,
)


def facts(rng: random.Random) -> str:
    """Some facts about one or two topics."""
    out: list[str] = []
    for topic in rng.sample(TOPICS, rng.choice((1, 1, 2, 3))):
        found = topic(rng)
        rng.shuffle(found)
        out += found[: rng.randint(1, 4)]
    return finish(" ".join(dict.fromkeys(out)))


def quiz(rng: random.Random) -> str:
    """Questions with their answers."""
    country, capital = rng.choice(list(lexicon.CAPITALS.items()))
    animal, (sound, home, food, young, legs) = rng.choice(list(lexicon.ANIMAL_FACTS.items()))
    thing, colour = rng.choice(list(lexicon.THING_COLOURS.items()))
    first, second = rng.choice(lexicon.OPPOSITES)
    job, (work, where) = rng.choice(list(lexicon.JOB_WORK.items()))
    a, b, day = rng.randrange(1, 11), rng.randrange(1, 11), rng.randrange(7)
    thing = thing[0].lower() + thing[1:]
    pairs = [
        (f"What is the capital of {country}?", f"The capital of {country} is {capital}."),
        (f"What colour is {thing}?", f"{_cap(thing)} is {colour}."),
        (f"What does a {animal} eat?", f"A {animal} eats {food}."),
        (f"Where does a {animal} live?", f"A {animal} lives {home}."),
        (f"How many legs does a {animal} have?", f"A {animal} has {ANIMAL_LEGS[legs]}."),
        (f"What is a young {animal} called?", f"It is called a {young}."),
        (f"What is the opposite of {first}?", f"The opposite of {first} is {second}."),
        (f"Where does a {job} work?", f"A {job} works {where}."),
        (f"What does a {job} do?", f"A {job} {work}."),
        (f"How much is {number_word(a)} plus {number_word(b)}?", f"It is {number_word(a + b)}."),
        (f"Which day comes after {DAYS[day]}?", f"{DAYS[(day + 1) % 7]} comes after {DAYS[day]}."),
    ]
    style = rng.randrange(3)
    out = []
    for question, answer in rng.sample(pairs, rng.randint(1, 4)):
        if style == 0:
            out.append(f"{question} {answer}")
        elif style == 1:
            out.append(f"Question: {question}\nAnswer: {answer}")
        else:
            out.append(f"Q: {question}\nA: {answer}")
    return finish((" " if style == 0 else "\n\n").join(out))


MAKERS = [(facts, 11), (quiz, 4)]
