"""The template engine: choices, slots, entities with their pronouns, and verb phrases.

Template language
    [a|b|]          one of the alternatives (they may be empty and may nest)
    <rule>          one line of the rule of that name, see `RULES`
    {food.a}        a word of a lexicon class, in a form: bare, a, the, s (plural), er, est
    {x=food.a}      the same, and keep the word as `x`; {x.the}, {x.s} use it again
    {h}, {h.his}    a mention of an entity of the scene, or one of its pronouns
    {h:like}        a verb in the present that agrees with the entity h ({h:was} for was/were)
    {h!past:home}   a verb phrase of the catalogue `home` with h as its subject, in the past;
                    forms are base, pres, past, ing, pp. Inside a catalogue `*walk` is the verb and
                    {s} is the subject.
"""

import random
import re
from dataclasses import dataclass
from functools import cache

from . import inflect, lexicon

RULES: dict[str, list[str]] = {}
PHRASES: dict[str, list[str]] = {}


def lines(text: str) -> list[str]:
    """The non-empty lines of a block, stripped; lines that start with # are comments."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def rule(name: str, text: str) -> None:
    """Define a rule: every line of `text` is one alternative."""
    assert name not in RULES, name
    RULES[name] = lines(text)


def phrases(name: str, text: str) -> None:
    """Define a catalogue of verb phrases."""
    assert name not in PHRASES, name
    PHRASES[name] = lines(text)


# --- parsing ------------------------------------------------------------------------------------


@cache
def parse(template: str) -> tuple:
    """Parse a template into a tuple of nodes: str, ("choice", ...), ("slot", ...), ("rule", ...)."""
    nodes, position = _parse_sequence(template, 0, top=True)
    assert position == len(template), template
    return nodes


def _parse_sequence(text: str, position: int, top: bool = False) -> tuple[tuple, int]:
    nodes: list = []
    plain: list[str] = []

    def flush() -> None:
        if plain:
            nodes.append("".join(plain))
            plain.clear()

    while position < len(text):
        char = text[position]
        if char == "[":
            flush()
            options = []
            position += 1
            while True:
                option, position = _parse_sequence(text, position)
                options.append(option)
                if text[position] == "]":
                    break
                position += 1
            nodes.append(("choice", tuple(options)))
        elif char in "{<":
            flush()
            end = text.index("}" if char == "{" else ">", position)
            nodes.append(("slot" if char == "{" else "rule", text[position + 1 : end]))
            position = end
        elif char in "|]" and not top:
            break
        else:
            assert char not in "|]}", (text, position)
            plain.append(char)
        position += 1
    flush()
    return tuple(nodes), position


# --- words and entities -------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """A word of the lexicon and its forms."""

    base: str
    plural: str
    mass: bool = False

    @staticmethod
    @cache
    def read(entry: str) -> "Word":
        """Read an entry such as `fox`, `wolf/wolves` or `~bread`."""
        if entry.startswith("~"):
            return Word(entry[1:], entry[1:], True)
        base, _, many = entry.partition("/")
        return Word(base, many or inflect.plural(base))

    def form(self, name: str) -> str:
        """The word in a form; see the module text."""
        if name == "":
            return self.base
        if name == "a":
            return f"some {self.base}" if self.mass else f"a {self.base}"
        if name == "the":
            return f"the {self.base}"
        if name == "s":
            return self.plural
        if name in ("er", "est"):
            return inflect.compare(self.base, name == "est")
        if name == "ly":
            return self.base
        if name == "-":
            return ""
        if name == "cap":
            return self.base[0].upper() + self.base[1:]
        raise KeyError(name)


PRONOUNS = {
    "I": ("I", "me", "my", "mine", "myself"),
    "we": ("we", "us", "our", "ours", "ourselves"),
    "you": ("you", "you", "your", "yours", "yourself"),
    "he": ("he", "him", "his", "his", "himself"),
    "she": ("she", "her", "her", "hers", "herself"),
    "it": ("it", "it", "its", "its", "itself"),
    "they": ("they", "them", "their", "theirs", "themselves"),
}
PRONOUN_FORMS = ("he", "him", "his", "hers", "himself")


@dataclass
class Entity:
    """A person, animal or thing that a text speaks about."""

    kind: str  # a key of PRONOUNS
    noun: str = ""
    name: str = ""
    adjective: str = ""
    known: bool = True  # a named animal that is not known yet is introduced as "Pip the fox"

    @property
    def third(self) -> bool:
        """Whether verbs in the present take -s."""
        return self.kind in ("he", "she", "it")

    @property
    def pronoun_only(self) -> bool:
        return self.kind in ("I", "we", "you")

    def mention(self) -> str:
        """The name, or `the` and the noun, or the pronoun of the first and second person."""
        if self.pronoun_only:
            return PRONOUNS[self.kind][0]
        if not self.known:
            self.known = True
            if self.name:
                return f"{self.name} the {self.noun}"
        return self.name or f"the {self.noun}"

    def form(self, name: str, rng: random.Random) -> str:
        """A mention or pronoun by the name of its form."""
        if name == "":
            return self.mention()
        if name[0].isupper():
            text = self.form(name[0].lower() + name[1:], rng)
            return text[0].upper() + text[1:]
        if name in PRONOUN_FORMS:
            return PRONOUNS[self.kind][PRONOUN_FORMS.index(name)]
        if name == "obj":
            return PRONOUNS[self.kind][1] if self.pronoun_only else self.mention()
        if name == "poss":
            return PRONOUNS[self.kind][2] if self.pronoun_only else self.mention() + "'s"
        if name == "a":
            known, self.known = self.known, True
            called = "" if known or not self.name else f"called {self.name}"
            return " ".join(part for part in ("a", self.adjective, self.noun, called) if part)
        if name == "the":
            return PRONOUNS[self.kind][0] if self.pronoun_only else f"the {self.noun}"
        if name == "noun":
            return self.noun
        if name == "name":
            return self.name or self.noun
        if name == "r":  # a subject that was the subject just before
            if self.pronoun_only or rng.random() < 0.6:
                return PRONOUNS[self.kind][0]
            return self.mention() if rng.random() < 0.6 or not self.noun else f"the {self.noun}"
        raise KeyError(name)

    def verb(self, base: str) -> str:
        """A verb in the present (or was/were) that agrees with the entity."""
        if base == "be":
            return "am" if self.kind == "I" else "is" if self.third else "are"
        if base == "was":
            return "was" if self.third or self.kind == "I" else "were"
        if base in ("isn't", "wasn't", "doesn't"):
            if base == "isn't":
                return "am not" if self.kind == "I" else base if self.third else "aren't"
            if base == "wasn't":
                return base if self.third or self.kind == "I" else "weren't"
            return base if self.third else "don't"
        return inflect.third_person(base) if self.third else base


# --- the scene ----------------------------------------------------------------------------------


class Scene:
    """The state of one text: its random generator, entities, bound words, words used so far."""

    def __init__(self, rng: random.Random, **entities: Entity):
        self.rng = rng
        self.bound: dict[str, Entity | Word] = dict(entities)
        self.used: set[str] = set()
        self.local: dict[str, list[str]] = {}  # rules of this text only; they hide those of RULES

    def pick(self, class_name: str) -> Word:
        """A word of a class, avoiding words that the text has used."""
        choices = lexicon.CLASSES[class_name]
        for _ in range(5):
            entry = self.rng.choice(choices)
            if entry not in self.used:
                break
        self.used.add(entry)
        return Word.read(entry)

    def line(self, options: list[str]) -> str:
        """One of the lines of a rule, avoiding lines that the text has used."""
        for _ in range(5):
            choice = self.rng.choice(options)
            if choice not in self.used or len(options) < 4:
                break
        self.used.add(choice)
        return choice

    def expand(self, template: str) -> str:
        """Expand a template without the finishing touches."""
        out: list[str] = []
        self._expand(parse(template), out)
        return "".join(out)

    def text(self, template: str) -> str:
        """Expand a template into finished text."""
        return finish(self.expand(template))

    def _expand(self, nodes: tuple, out: list[str]) -> None:
        for node in nodes:
            if isinstance(node, str):
                out.append(node)
            elif node[0] == "choice":
                self._expand(self.rng.choice(node[1]), out)
            elif node[0] == "rule":
                self._expand(parse(self.line(self.local.get(node[1]) or RULES[node[1]])), out)
            else:
                out.append(self._slot(node[1]))

    def _slot(self, slot: str) -> str:
        if "!" in slot:
            return self._phrase(slot)
        if ":" in slot:
            key, verb = slot.split(":")
            return self.bound[key].verb(verb)
        key, equals, value = slot.partition("=")
        if equals:
            class_name, _, form = value.partition(".")
            self.bound[key] = word = self.pick(class_name)
            return word.form(form)
        key, _, form = slot.partition(".")
        item = self.bound.get(key)
        if item is None:
            return self.pick(key).form(form)
        return item.form(form, self.rng) if isinstance(item, Entity) else item.form(form)

    def _phrase(self, slot: str) -> str:
        key, rest = slot.split("!")
        form, catalogue = rest.split(":")
        subject = self.bound[key]
        outer = self.bound.get("s")
        self.bound["s"] = subject
        catalogue = self.rng.choice(catalogue.split("+"))
        text = self.expand(self.line(PHRASES[catalogue]))
        if outer is not None:
            self.bound["s"] = outer
        return _VERB.sub(lambda m: inflect.verb_form(m.group(1), form, subject.third), text)


_VERB = re.compile(r"\*([a-z]+)")
_SPACES = re.compile(r" {2,}")
_SPACE_BEFORE = re.compile(r" +([,.;:?!])")
_SENTENCE_START = re.compile(r'((?:^|[.!?]\s+|\."\s+|\n)"?)([a-z])')


def finish(text: str) -> str:
    """Spaces, articles and capital letters of an expanded template."""
    text = _SPACES.sub(" ", text.strip())
    text = _SPACE_BEFORE.sub(r"\1", text)
    text = text.replace("\n ", "\n").replace(" \n", "\n")
    text = inflect.fix_articles(text)
    return _SENTENCE_START.sub(lambda m: m.group(1) + m.group(2).upper(), text)


# --- making entities ----------------------------------------------------------------------------


def person(rng: random.Random, young: bool = False, kind: str = "", job: bool = False) -> Entity:
    """A named person; `kind` fixes the gender."""
    kind = kind or rng.choice(("he", "she"))
    names = lexicon.MALE_NAMES if kind == "he" else lexicon.FEMALE_NAMES
    if young:
        noun = "boy" if kind == "he" else "girl"
    elif job:
        noun = Word.read(rng.choice(lexicon.CLASSES["job"])).base
        if kind == "she" and noun in ("fisherman", "postman"):
            noun = "teacher"
    else:
        noun = "man" if kind == "he" else "woman"
    adjective = rng.choice(lexicon.CLASSES["petadj" if young else "personadj"])
    return Entity(kind, noun, rng.choice(names), adjective)


def other_person(rng: random.Random, first: Entity, young: bool = False) -> Entity:
    """A person with another name, most often of the other gender."""
    if first.kind in ("he", "she") and rng.random() < 0.7:
        return person(rng, young, "she" if first.kind == "he" else "he")
    while (result := person(rng, young)).name == first.name:
        pass
    return result


def nameless(rng: random.Random, kind: str = "") -> Entity:
    """A person known by a noun only: the old man, the nurse, the stranger."""
    kind = kind or rng.choice(("he", "she"))
    if rng.random() < 0.4:
        noun = person(rng, kind=kind, job=True).noun
    else:
        group = "malenoun" if kind == "he" else "femalenoun"
        noun = Word.read(rng.choice(lexicon.CLASSES[group])).base
    return Entity(kind, noun)


def relative(rng: random.Random, kind: str = "") -> Entity:
    """A member of the speaker's family: my brother."""
    kind = kind or rng.choice(("he", "she"))
    group = "malekin" if kind == "he" else "femalekin"
    partner = "husband" if kind == "he" else "wife"
    noun = rng.choice([Word.read(word).base for word in lexicon.CLASSES[group]] + [partner])
    return Entity(kind, noun, f"my {noun}")


def animal(rng: random.Random, named: bool | None = None, group: str = "storyanimal") -> Entity:
    """An animal, with or without a name."""
    noun = Word.read(rng.choice(lexicon.CLASSES[group])).base
    named = rng.random() < 0.5 if named is None else named
    kind = rng.choice(("he", "she")) if named or rng.random() < 0.5 else "it"
    name = rng.choice(lexicon.PET_NAMES) if named else ""
    return Entity(kind, noun, name, rng.choice(lexicon.CLASSES["petadj"]))


I_SELF = Entity("I")
WE = Entity("we")


def couple(rng: random.Random) -> Entity:
    """Two people spoken of together."""
    first = person(rng)
    second = other_person(rng, first)
    return Entity("they", "two friends", f"{first.name} and {second.name}")
