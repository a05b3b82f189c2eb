"""The knowledge of `knowledge.py` as plain prose: many forms of each fact, several facts a text."""

import random

from text import lexicon

from .knowledge import (
    ANIMALS, CAPITALS, COLOURS, DAYS, JOBS, KINDS, LEGS, MADE_OF, MONTHS, OPPOSITE, RESULT, SEASONS,
    STEP, SUM, USES, article, cap, listed,
)  # fmt: skip

THINGS = lexicon.words(
    "apples, pears, plums, eggs, coins, books, stones, shells, buttons, cakes, pencils, nuts"
)
NAMES = lexicon.MALE_NAMES + lexicon.FEMALE_NAMES


def capital(rng: random.Random) -> str:
    """A capital."""
    country, city = rng.choice(list(CAPITALS.items()))
    return rng.choice(
        (
            f"The capital of {country} is {city}.",
            f"The capital of {country} is {city}.",
            f"The capital of {country} is {city}.",
            f"{city} is the capital of {country}.",
            f"{city} is the capital city of {country}.",
            f"The capital city of {country} is {city}.",
            f"{cap(country)} is a country, and its capital is {city}.",
            f"{rng.choice(NAMES)} went to {city}, the capital of {country}.",
            f"In {country}, the capital is {city}.",
            f"What is the capital of {country}? It is {city}.",
            f"{country.removeprefix('the ').lower()}: {city.lower()}",
        )
    )


def colour(rng: random.Random) -> str:
    """The colour of a thing."""
    thing, shade = rng.choice(list(COLOURS.items()))
    return rng.choice(
        (
            f"{cap(thing)} is {shade}.",
            f"{cap(thing)} is {shade}.",
            f"{cap(thing)} is {shade}.",
            f"The colour of {thing} is {shade}.",
            f"Everybody knows that {thing} is {shade}.",
            f"{rng.choice(NAMES)} painted {thing}. It was {shade}.",
            f"What colour is {thing}? It is {shade}.",
        )
    )


def opposite(rng: random.Random) -> str:
    """A word and its opposite."""
    word, other = rng.choice(list(OPPOSITE.items()))
    return rng.choice(
        (
            f"The opposite of {word} is {other}.",
            f"The opposite of {word} is {other}.",
            f"The opposite of {word} is {other}.",
            f"{cap(other)} is the opposite of {word}.",
            f"If something is not {word}, it may be {other}.",
            f"Not {word}, but {other}: that is the opposite.",
            f"What is the opposite of {word}? It is {other}.",
        )
    )


def neighbours(rng: random.Random) -> str:
    """The day or month after or before another."""
    cycle = rng.choice((DAYS, DAYS, MONTHS))
    name = "day" if cycle is DAYS else "month"
    index = rng.randrange(len(cycle))
    before, after = cycle[index], cycle[(index + 1) % len(cycle)]
    return rng.choice(
        (
            f"{after} comes after {before}.",
            f"{after} comes after {before}.",
            f"{before} comes before {after}.",
            f"{before} comes before {after}.",
            f"The {name} after {before} is {after}.",
            f"The {name} before {after} is {before}.",
            f"After {before} comes {after}.",
            f"Today is {before}, and tomorrow will be {after}."
            if cycle is DAYS
            else f"{before} is over, and {after} begins.",
            f"Today is {after}, and yesterday was {before}."
            if cycle is DAYS
            else f"Last month was {before}, and now it is {after}.",
            f"Which {name} comes after {before}? It is {after}.",
            f"Which {name} comes before {after}? It is {before}.",
        )
    )


def calendar(rng: random.Random) -> str:
    """The days, months or seasons in their order."""
    cycle = rng.choice((DAYS, MONTHS, SEASONS))
    start, count = rng.randrange(len(cycle)), rng.randint(3, len(cycle))
    return f"{cap(', '.join(cycle[(start + n) % len(cycle)] for n in range(count)))}."


def numbers(rng: random.Random) -> tuple[int, int]:
    """The two numbers of a sum."""
    if rng.random() < 0.75:
        return rng.randint(0, SUM), rng.randint(0, SUM)
    return rng.randint(SUM + 1, RESULT), rng.randint(0, STEP)


def total(rng: random.Random, minus: float = 0.33) -> str:
    """An addition, or with the probability `minus` a subtraction, in digits."""
    a, b = numbers(rng)
    if rng.random() < minus:
        a, b = (a, b) if a >= b else (b, a)
        return rng.choice(
            (
                f"{a} - {b} = {a - b}.",
                f"{a} - {b} = {a - b}.",
                f"{a} minus {b} is {a - b}.",
                f"{a} minus {b} is {a - b}.",
                f"Take {b} away from {a}, and {a - b} is left.",
                story_sum(rng, a, -b),
            )
        )
    return rng.choice(
        (
            f"{a} + {b} = {a + b}.",
            f"{a} + {b} = {a + b}.",
            f"{a} + {b} = {a + b}.",
            f"{a} plus {b} is {a + b}.",
            f"{a} plus {b} is {a + b}.",
            f"{a} and {b} make {a + b}.",
            f"The sum of {a} and {b} is {a + b}.",
            f"Add {b} to {a}, and you get {a + b}.",
            story_sum(rng, a, b),
        )
    )


def story_sum(rng: random.Random, a: int, b: int) -> str:
    """A sum as it happens."""
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    change = f"got {b} more" if b >= 0 else f"gave {-b} away"
    return f"{name} had {a} {thing} and {change}. Now there were {a + b} {thing}."


def table(rng: random.Random) -> str:
    """Sums in a row, one number fixed or the result carried on."""
    a, sign = rng.randint(0, SUM), rng.choice("++-")
    kind = rng.randrange(3)
    if kind == 2:
        out = []
        for _ in range(rng.randint(3, 6)):
            b = rng.randint(0, STEP)
            add = a + b <= RESULT + STEP and (a < b or rng.random() < 0.6)
            c = a + b if add else a - b
            out.append(f"{a} {'plus' if add else 'minus'} {b} is {c}.")
            a = c
        return " ".join(out)
    first = rng.randint(0, SUM - 5)
    rows = []
    for b in range(first, first + rng.randint(4, 6)):
        x, y = (a, b) if kind == 0 else (b, a)
        if sign == "-":
            x, y = max(x, y), min(x, y)
        rows.append(f"{x} {sign} {y} = {x + y if sign == '+' else x - y}")
    return f"{', '.join(rows)}."


def count(rng: random.Random) -> str:
    """Counting, up or down."""
    start, length = rng.randint(0, 40), rng.randint(4, 10)
    row = [str(n) for n in range(start, start + length)]
    return f"{', '.join(row if rng.random() < 0.7 else row[::-1])}."


def animal(rng: random.Random) -> str:
    """A fact about an animal."""
    name, (sound, home, food, young, legs) = rng.choice(list(ANIMALS.items()))
    one = rng.choice((article(name), f"the {name}"))
    return cap(
        rng.choice(
            (
                f"{one} {sound}.",
                f"{one} lives {home}.",
                f"{one} eats {food}.",
                f"{one} has {LEGS[legs]}.",
                f"A young {name} is called {article(young)}.",
                f"{article(name)} is an animal that {sound}. It lives {home}, and it eats {food}.",
                f"{article(name)} is an animal with {LEGS[legs]}. It eats {food}.",
            )
        )
    )


def thing(rng: random.Random) -> str:
    """A fact about a job, a tool or a material."""
    job, (work, where) = rng.choice(list(JOBS.items()))
    tool, use = rng.choice(list(USES.items()))
    made, of = rng.choice(list(MADE_OF.items()))
    return rng.choice(
        (
            f"{cap(article(job))} {work}.",
            f"{cap(article(job))} works {where}.",
            f"{cap(article(job))} {work} and works {where}.",
            f"You can use {tool} to {use}.",
            f"{cap(tool)} can be used to {use}.",
            f"{cap(made)} is made of {of}.",
        )
    )


def kinds(rng: random.Random) -> str:
    """Members of a kind."""
    kind, members = rng.choice(list(KINDS.items()))
    some = rng.sample(members, rng.randint(2, min(5, len(members))))
    number = ("two", "three", "four", "five")[len(some) - 2]
    return rng.choice(
        (
            f"{cap(listed(some))} are {kind}.",
            f"{cap(listed(some))} are {number} {kind}.",
            f"Here are {number} {kind}: {listed(some)}.",
            f"There are many {kind}, for example {listed(some)}.",
            f"{number} {kind}: {listed(some)}.",
        )
    )


FACTS = (
    (capital, 6), (colour, 5), (opposite, 5), (neighbours, 4), (calendar, 1), (total, 14),
    (table, 6), (count, 1), (animal, 4), (thing, 2), (kinds, 3),
)  # fmt: skip
MAKERS, WEIGHTS = zip(*FACTS, strict=True)


def lesson(rng: random.Random) -> str:
    """A text of several facts, of one kind or mixed."""
    size = rng.randint(3, 9)
    if rng.random() < 0.5:
        maker = rng.choices(MAKERS, WEIGHTS)[0]
        facts = [maker(rng) for _ in range(size)]
    else:
        facts = [maker(rng) for maker in rng.choices(MAKERS, WEIGHTS, k=size)]
    return rng.choice((" ", " ", " ", "\n", "\n\n")).join(dict.fromkeys(facts))


def counting(rng: random.Random) -> str:
    """A text of sums."""
    size = rng.randint(4, 12)
    facts = [table(rng) if rng.random() < 0.15 else total(rng, 0.45) for _ in range(size)]
    return rng.choice((" ", " ", "\n")).join(facts)


TITLES = lexicon.words(
    """Animals, The garden, A letter, Instruction, Response, Task, Notes, Questions, Numbers, Colours,
    Countries, A request, Input, Answers, The week, Words, Description, Sums, A story, My diary"""
)
REMARKS = lexicon.words(
    """The teacher gave the class a task, This instruction is easy to follow, He read the instruction below,
    Her response was short, I write a letter that describes my town, There was no response,
    She completes the task in an hour, The request was polite, That is an appropriate response,
    Please write an answer below, A good description is short, The task is paired with an input"""
)


def notebook(rng: random.Random) -> str:
    """A text with headings, so that such words and signs are known before any instruction."""
    out = []
    for _ in range(rng.randint(2, 4)):
        heading = f"{'#' * rng.randint(1, 3)} {rng.choice(TITLES)}{rng.choice(('', ':'))}"
        facts = [maker(rng) for maker in rng.choices(MAKERS, WEIGHTS, k=rng.randint(1, 3))]
        if rng.random() < 0.5:
            facts.insert(0, f"{rng.choice(REMARKS)}.")
        out.append(f"{heading}\n{' '.join(facts)}")
    return "\n\n".join(out)
