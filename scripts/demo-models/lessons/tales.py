"""Very short tales about a given hero, the same as prose for the base and as answers."""

import random

from text import lexicon
from text.engine import Entity, Scene, Word, rule

from .knowledge import article

# Heroes by what they are: he, she or it, and how the tale goes.
ANIMALS = sorted(
    {Word.read(w).base for group in ("storyanimal", "wildanimal", "pet", "farmanimal", "bird")
     for w in lexicon.CLASSES[group]}
)  # fmt: skip
PEOPLE = sorted(
    {Word.read(w).base for w in lexicon.CLASSES["job"]} - {"porter", "guard", "manager"}
    | {"king", "queen", "prince", "princess", "boy", "girl", "old man", "old woman", "giant",
       "witch", "wizard", "knight", "pirate", "fairy", "dragon", "robot", "ghost", "dwarf"}
)  # fmt: skip
THINGS = lexicon.words(
    """star, cloud, tree, boat, train, kite, teapot, clock, lamp, snowman, river, mountain, leaf, ball,
    little house, lighthouse, umbrella, candle, key, moon, spoon, book, flower, bell, stone, shoe"""
)
SHE = {"queen", "princess", "girl", "old woman", "witch", "fairy", "nurse", "hen", "cow", "secretary"}
HE = {"king", "prince", "boy", "old man", "knight", "pirate", "wizard", "rooster", "giant"}

rule(
    "taleday",
    """
    One day
    One morning
    One evening
    One cold winter day
    One sunny day
    """,
)
rule(
    "taleend",
    """
    From that day on, they were best friends.
    {h} was very happy and went home.
    And {h} never forgot that day.
    That night, {h} slept very well.
    And they all lived happily ever after.
    {h} smiled, because it had been a good day.
    """,
)

# {h} the hero, {o} a friend.
PLOTS = {
    "living": [
        """<talestart> {h} was very {badfeeling}, because {h.he} had no friends. <taleday>, {h.he} met
        {o.a} in the {natureplace}. "Do you want to play with me?" asked {o}. "Yes," said {h}. <taleend>""",
        """<talestart> <taleday>, {h} lost {h.his} {x=treasure}. {h.he} looked for it near the {natureplace}
        and near the {townplace}, but it was not there. Then {o.a} came and said, "Is this yours?" It was the
        {x}. "Thank you so much!" said {h}. <taleend>""",
        """<talestart> {h} wanted {goal}, but everybody laughed at {h.him}. "You can do it," said {o.a}.
        <taleday>, {h} tried it again, and it worked. <taleend>""",
        """<talestart> <taleday>, {h} found {x=treasure.a} in the {natureplace}. "Whose is this?" {h.he} asked.
        "It is mine," said {o.a}. {h} gave it back, and {o} said, "You are very honest." <taleend>""",
        """<talestart> {h} was always hungry. <taleday>, {h.he} saw {o.a} with a big {food=snack}. "May I have
        some?" asked {h}. They shared the {food} and talked until the evening. <taleend>""",
        """<talestart> <taleday>, there was a great storm, and {h} was afraid. {h.he} ran to the {home}
        of {o.a}. "Come in," said {o}. They sat by the fire and waited. <taleend>""",
        """<talestart> <taleday>, {h} heard a small voice in the {natureplace}. "Help me!" it cried. It was
        {o.a}. {h} pulled as hard as {h.he} could, and soon {o} was free. <taleend>""",
        """<talestart> {h} could not sleep. {h.he} went to {o.a} and asked, "What can I do?" "Count the stars,"
        said {o}. {h} counted to {number} and fell asleep. <taleend>""",
    ],
    "thing": [
        """Once upon a time, there was {h.a}. {h.he} was very lonely. <taleday>, {o.a} came and looked at
        {h.him}. "You are beautiful," said {o}. {h} was very happy. From that day on, they were best friends.""",
        """Once there was {h.a} near the {natureplace}. Everybody said that {h.he} was too {thingadj2}. <taleday>,
        {o.a} was lost in the dark, and only {h} could help. "Thank you," said {o}. After that, nobody
        laughed at {h} any more.""",
        """Once upon a time, {h.a} wanted {goal}. "You are only {h.a}," said {o.a}. But {h} did not give
        up. <taleday>, a strong wind came and carried {h.him} over the {natureplace}. And {h} was happy.""",
        """There was once {h.a} that could speak. <taleday>, {o.a} found {h.him} in the {natureplace} and took
        {h.him} home. Every night, {h} told {o.him} a story. And they all lived happily ever after.""",
    ],
}  # fmt: skip
HOMES = lexicon.words(
    """in a small house, in the forest, near a river, in an old tower, in a little village, on a farm,
    in a cottage by the sea, in a dark wood, on a hill, in a far country, in a quiet valley"""
)


def gender(noun: str, rng: random.Random) -> str:
    """he, she or it for a hero."""
    if noun in SHE:
        return "she"
    if noun in HE:
        return "he"
    return "it" if noun in THINGS else rng.choice(("he", "she"))


def hero(rng: random.Random) -> str:
    """A noun that a tale can be about, most often an animal."""
    return rng.choice(rng.choice((ANIMALS, ANIMALS, ANIMALS, PEOPLE, PEOPLE, THINGS)))


def tale(rng: random.Random, noun: str) -> str:
    """A tale of four to six sentences about the hero; other nouns than those above work too."""
    adjective = rng.choice(("little", "little", "small", "young", "old", "clever", "", "", ""))
    if " " in noun or (noun in THINGS and adjective in ("young", "clever")):
        adjective = ""
    friend = rng.choice([other for other in ANIMALS if other != noun])
    first = Entity(gender(noun, rng), noun, adjective=adjective)
    second = Entity(rng.choice(("he", "she")), friend, adjective="")
    scene = Scene(rng, h=first, o=second, s=first)
    plot = rng.choice(PLOTS["thing" if noun in THINGS else "living"])
    who = "that" if noun in THINGS or noun in ANIMALS else "who"
    scene.local["talestart"] = [
        f"Once upon a time, there was {{h.a}} {who} lived {rng.choice(HOMES)}.",
        f"Once upon a time, {{h.a}} lived {rng.choice(HOMES)}.",
        f"Once there was {{h.a}} {who} lived {rng.choice(HOMES)}.",
    ]
    return scene.text(" ".join(plot.replace("{thingadj2}", rng.choice(("small", "old"))).split()))


def announced(rng: random.Random) -> str:
    """A tale as prose, often with words that say what it is about."""
    noun = hero(rng)
    one = article(noun)
    before = rng.choice(
        (
            "", "", "",
            f"This is a story about {one}. ", f"A story about {one}.\n\n", f"The {noun}\n\n",
            f"Here is a tale about {one}: ", f'"Tell us about {one}," said the children. ',
        )
    )  # fmt: skip
    return before + tale(rng, noun)
