"""Instructions to tell a story, to list things, to describe them, and to be polite."""

import random

from text.inflect import plural

from .knowledge import ANIMALS, JOBS, KINDS, LEGS, article, cap, listed
from .tales import hero, tale
from .template import Turn
from .wording import typed, wordings

STORY = wordings(
    """
    Tell me a story about {x}.
    Tell me a story about {x}.
    Tell me a short story about {x}.
    Tell a story about {x}.
    Tell a short story about {x}.
    Write a story about {x}.
    Write a short story about {x}.
    Write me a story about {x}.
    Can you tell me a story about {x}?
    I want to hear a story about {x}.
    Tell us a tale about {x}.
    Write a little tale about {x}.
    Tell me a fairy tale about {x}.
    A story about {x}, please.
    Do you know a story about {x}?
    Make up a story about {x}.
    """,
    """
    Could you write a short story about {x}?
    Please tell us a short story about {x}.
    I would like to hear a story about {x}.
    Give me a short story about {x}.
    Invent a story about {x}.
    """,
)
STORY_ANY = wordings(
    """
    Tell me a story.
    Tell me a story.
    Tell a story.
    Tell me a short story.
    Write a story.
    Write a short story.
    I want to hear a story.
    Tell me a fairy tale.
    """,
    """
    Can you tell me a story?
    Write me a short story.
    """,
)
STORY_MORE = wordings(
    """
    Now tell one about {x}.
    Now tell me one about {x}.
    And one about {x}?
    And now one about {x}.
    Now a story about {x}.
    Tell me another one about {x}.
    Another one about {x}, please.
    What about {x}?
    Now write one about {x}.
    """,
    """
    And a story about {x}?
    Now one about {x}, please.
    Can you tell one about {x}?
    """,
)
STORY_WHO = wordings(
    """
    Who is the story about?
    What is the story about?
    Who was the story about?
    Who is it about?
    """,
    "What was the story about?\nTell me who the story is about.",
)
LIST = wordings(
    """
    Name {n} {x}.
    Name {n} {x}.
    List {n} {x}.
    List {n} {x}.
    Give me {n} {x}.
    Tell me {n} {x}.
    Tell me the names of {n} {x}.
    Can you name {n} {x}?
    Write down {n} {x}.
    Write a list of {n} {x}.
    Give {n} examples of {x}.
    """,
    """
    Please list {n} {x} for me.
    Could you name {n} {x}?
    I need {n} {x}.
    Say {n} {x}.
    """,
)
LIST_MORE = wordings(
    "And {n} {x}?\nNow {n} {x}.\nNow name {n} {x}.\nAnd now {n} {x}.\nWhat about {n} {x}?\n"
    "How about {n} {x}?",
    "Now list {n} {x}.\nAnd what about {n} {x}?",
)
MANY = {"mouse": "mice", "wolf": "wolves", "goose": "geese", "fish": "fish", "sheep": "sheep"}
COUNTS = {2: "two", 3: "three", 4: "four"}

# What is asked about an animal: wordings, short follow-up, answer.
ANIMAL = {
    "sound": (
        wordings(
            "What sound does {x} make?\nWhat does {x} do?\nWhat noise does {x} make?\n"
            "Tell me what noise {x} makes.\nWhat is the sound of {x}?",
            "Which sound does {x} make?\nTell me what sound {x} makes.",
        ),
        "{X} {sound}.",
    ),
    "home": (
        wordings(
            "Where does {x} live?\nWhere does {x} live?\nWhere do {s} live?\n"
            "Tell me where {x} lives.\nWhat is the home of {x}?",
            "Can you tell me where {x} lives?\nDo you know where {x} lives?",
        ),
        "{X} lives {home}.",
    ),
    "food": (
        wordings(
            "What does {x} eat?\nWhat does {x} eat?\nWhat do {s} eat?\nTell me what {x} eats.\n"
            "What is the food of {x}?\nWhat do you give {x} to eat?\nWhat can I feed {x}?",
            "Can you tell me what {x} eats?\nWhat do you feed {x}?",
        ),
        "{X} eats {food}.",
    ),
    "young": (
        wordings(
            "What is a young {n} called?\nWhat do you call a young {n}?\n"
            "What is the young of {x} called?",
            "How do you call a young {n}?\nTell me what a young {n} is called.",
        ),
        "A young {n} is called {young}.",
    ),
    "legs": (
        wordings(
            "How many legs does {x} have?\nHow many legs has {x}?\nHow many legs do {s} have?\n"
            "Tell me how many legs {x} has.\nWhat is the number of legs of {x}?",
            "Can you tell me how many legs {x} has?\nCount the legs of {x}.",
        ),
        "{X} has {legs}.",
    ),
    "description": (
        wordings(
            "Describe {x}.\nDescribe {x}.\nWhat is {x}?\nWrite a short description of {x}.\n"
            "Tell me something about {x}.\nGive a description of {x}.\nExplain what {x} is.\n"
            "What can you say about {x}?\nDo you know anything about {x}?",
            "Can you describe {x}?\nPlease write a description of {x}.\n"
            "What do you know about {x}?",
        ),
        "{X} is an animal that {sound}. It lives {home}, and it eats {food}.",
    ),
}
ANIMAL_MORE = wordings(
    "And {x}?\nAnd {x}?\nWhat about {x}?\nHow about {x}?\nNow {x}.",
    "And what about {x}?\nAnd now {x}?",
)

JOB = wordings(
    "What does {x} do?\nWhat does {x} do?\nTell me what {x} does.\nDescribe the work of {x}.\n"
    "Describe the job of {x}.\nWhat is the job of {x}?",
    "Can you tell me what {x} does?\nExplain what {x} does.",
)

GREETINGS = [
    (
        wordings(
            "Hello!\nHello.\nHi!\nHi there!\nHello there.\nHey!\nGood morning!\nGood evening.\n"
            "Say hello.\nGreet me.",
            "Good afternoon!\nHello, you!\nHey there!",
        ),
        "Hello! How can I help you?",
    ),
    (
        wordings(
            "Who are you?\nWho are you?\nWhat are you?\nWhat is your name?\nWhat's your name?\n"
            "Tell me your name.\nIntroduce yourself.\nTell me about yourself.\nDo you have a name?\n"
            "Who am I speaking with?\nSay who you are.",
            "Can you tell me your name?\nTell me who you are.\nWho am I talking to?",
        ),
        "My name is Sprout. I am a very small language model.",
    ),
    (
        wordings(
            "How are you?\nHow are you today?\nHow are you doing?\nHow do you do?\nAre you well?",
            "How do you feel today?\nTell me how you are.",
        ),
        "I am fine, thank you. And you?",
    ),
    (
        wordings(
            "What can you do?\nHow can you help me?\nWhat can I ask you?\nWhat do you know?\nHelp!\n"
            "What can you do for me?\nWhat are you good at?\nWhat are you made for?\n"
            "Are you able to do anything?\nSay what you can do.",
            "Tell me what you can do.\nWhat are you able to do?",
        ),
        "I can tell short stories, add small numbers and answer simple questions.",
    ),
    (
        wordings(
            "Thank you.\nThank you!\nThanks!\nThank you very much.\nMany thanks.\nGreat, thank you!\n"
            "Thank you so much!\nThat is very kind, thanks.",
            "Thanks a lot!\nOh, thank you!",
        ),
        "You are welcome!",
    ),
    (
        wordings(
            "Goodbye!\nGoodbye.\nBye!\nBye bye!\nSee you tomorrow.\nGood night!\nSay goodbye.",
            "Bye, see you soon!\nI have to go now. Goodbye!",
        ),
        "Goodbye! See you soon.",
    ),
]


class Story:
    """Short tales about a hero."""

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, str]:
        """A tale, and its hero."""
        noun = hero(rng)
        asked = STORY_ANY if rng.random() < 0.15 else STORY
        return Turn(asked.pick(rng, held_out, x=article(noun)), tale(rng, noun)), noun

    def follow(self, rng: random.Random, held_out: bool, last: str) -> tuple[Turn, str]:
        """Another tale, or who the last one was about."""
        if rng.random() < 0.25:
            return Turn(STORY_WHO.pick(rng, held_out), f"It is about {article(last)}."), last
        noun = hero(rng)
        return Turn(STORY_MORE.pick(rng, held_out, x=article(noun)), tale(rng, noun)), noun


class List:
    """Some members of a kind."""

    def _turn(self, rng: random.Random, held_out: bool, asked, kind: str) -> tuple[Turn, str]:
        count = rng.choice((2, 3, 3, 4))
        written = COUNTS[count] if rng.random() < 0.85 else str(count)
        # Neighbours of the table: answered greedily, members drawn freely would come twice.
        start = rng.randrange(len(KINDS[kind]))
        items = [KINDS[kind][(start + n) % len(KINDS[kind])] for n in range(count)]
        return Turn(asked.pick(rng, held_out, n=written, x=kind), f"{cap(listed(items))}."), kind

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, str]:
        """A list, and its kind."""
        return self._turn(rng, held_out, LIST, rng.choice([*KINDS, "animals", "animals", "fruits"]))

    def follow(self, rng: random.Random, held_out: bool, last: str) -> tuple[Turn, str]:
        """A list of another kind."""
        return self._turn(rng, held_out, LIST_MORE, rng.choice([k for k in KINDS if k != last]))


class Animal:
    """What is known about an animal."""

    def _turn(
        self, rng, held_out: bool, asked, about: str, name: str, said: str = ""
    ) -> tuple[Turn, tuple]:
        sound, home, food, young, legs = ANIMALS[name]
        one = article(name)
        slots = {"x": one, "n": name, "X": cap(one), "sound": sound, "home": home, "food": food}
        slots |= {"young": article(young), "legs": LEGS[legs]}
        question = asked.pick(rng, held_out, x=said or one, n=name, s=MANY.get(name, plural(name)))
        return Turn(question, ANIMAL[about][1].format(**slots)), (about, name)

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, tuple]:
        """A question about an animal."""
        about = rng.choice([*ANIMAL, "description"])
        return self._turn(rng, held_out, ANIMAL[about][0], about, rng.choice(list(ANIMALS)))

    def follow(self, rng: random.Random, held_out: bool, last: tuple) -> tuple[Turn, tuple]:
        """The same about another animal, or something else about this one."""
        about, name = last
        if rng.random() < 0.4:
            about = rng.choice([a for a in ("sound", "home", "food", "legs") if a != about])
            return self._turn(rng, held_out, ANIMAL[about][0], about, name, "it")
        name = rng.choice([other for other in ANIMALS if other != name])
        return self._turn(rng, held_out, ANIMAL_MORE, about, name)


class Job:
    """What people do for a living."""

    def _turn(self, rng, held_out: bool, asked, job: str) -> tuple[Turn, str]:
        one = article(job)
        return Turn(asked.pick(rng, held_out, x=one), f"{cap(one)} {JOBS[job][0]}."), job

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, str]:
        """What somebody does, and the job."""
        return self._turn(rng, held_out, JOB, rng.choice(list(JOBS)))

    def follow(self, rng: random.Random, held_out: bool, last: str) -> tuple[Turn, str]:
        """The same of another job."""
        job = rng.choice([other for other in JOBS if other != last])
        return self._turn(rng, held_out, ANIMAL_MORE, job)


class Greeting:
    """Politeness, and who is speaking."""

    def first(self, rng: random.Random, held_out: bool) -> tuple[Turn, None]:
        """A greeting, a question about the model, thanks or a farewell."""
        asked, answer = rng.choice(GREETINGS)
        instruction = typed(rng.choice(asked.held_out if held_out else asked.known), rng)
        return Turn(instruction, answer), None

    def follow(self, rng: random.Random, held_out: bool, last: None) -> tuple[Turn, None]:
        """Another one."""
        return self.first(rng, held_out)


TASKS = {
    "story": Story(),
    "list": List(),
    "animal": Animal(),
    "job": Job(),
    "greeting": Greeting(),
}
