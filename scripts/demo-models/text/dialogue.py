"""Conversations: questions and answers with correct punctuation, and what happens between them."""

import random
import re

from .engine import I_SELF, Scene, lines, nameless, other_person, person, relative, rule

ASKED = lines(
    """
    asked {a}
    {a} asked
    asked {a} {moodsaid}
    {a} wanted to know
    asked {a}, {lookaction}
    """
)
SAID = lines(
    """
    said {a}
    {a} said
    said {a} {moodsaid}
    {a} told {b.obj}
    said {a}
    said {a}, {lookaction}
    """
)
# Question and possible answers, separated by =>.
EXCHANGES = lines(
    """
    "Where are you going?" <asked>. => "[To the {townplace}|To {city}|Home|Nowhere|I am going to the {shop}|To see my {femalekin}]," <saidb>.
    "Where have you been?" <asked>. => "[At the {townplace}|In {city}|In the {room}|Out|I was with {job.a}]," <saidb>.
    "What are you doing[ here| there|]?" <asked>. => "[Nothing|I am looking for my {smallthing}|I am waiting for the {ride}|I'm just thinking|I am making {drink.a}]," <saidb>.
    "What is your name?" <asked>. => "[My name is {b.name}|{b.name}|I'd rather not say]," <saidb>.
    "Who are you?" <asked>. => "[I am {job.a}|I'm your new neighbour|A friend|Nobody you know]," <saidb>.
    "What time is it?" <asked>. => "[It is {clock}|Almost {clock}|I don't know|It's late]," <saidb>.
    "Are you [hungry|thirsty|tired|ill|all right|ready|angry|sure]?" <asked>. => "[Yes|No|A little|Not really|Yes, very|Not any more|Of course]," <saidb>.
    "Do you like {dish}?" <asked>. => "[Yes, very much|No, I prefer {dish}|Only with {dish}|I have never tried it|It's my favourite food]," <saidb>.
    "Can you help me?" <asked>. => "[Of course|What can I do for you|I'm sorry, I have no time|I'll try|Yes, if I can]," <saidb>.
    "Have you seen my {smallthing}?" <asked>. => "[It's on the {furniture}|No, I haven't|Look under the {furniture}|I think the [cat|dog|baby] took it|You had it yesterday]," <saidb>.
    "Why are you so {feeling}?" <asked>. => "[I don't know|Because it is {weekday}|I had a strange dream|I have lost my {smallthing}|It's a long story|I'm not]," <saidb>.
    "How was your day?" <asked>. => "[Long|Not bad|Terrible|Better than yesterday|Quiet, thank goodness|I {i!past:work}]," <saidb>.
    "What did you do yesterday?" <asked>. => "[I {i!past:leisure+town}|Nothing special|I {i!past:home}, and then I {i!past:leisure}|I don't remember]," <saidb>.
    "What are you going to do {futuretime}?" <asked>. => "[I will {i!base:leisure+travel+town}|I don't know yet|Nothing|I want to {i!base:leisure+home}|That depends on the weather]," <saidb>.
    "Would you like {drink.a}?" <asked>. => "[Yes, please|No, thank you|I'd love one|Do you have any {liquid2}|That would be nice]," <saidb>.
    "How much is this {smallthing}?" <asked>. => "[{capnum} pounds|It's not for sale|{capnum} dollars, but for you only {smallnumber}|It is very old]," <saidb>.
    "Is it still far?" <asked>. => "[Only a few minutes|Yes, I'm afraid so|We are almost there|Just behind that hill]," <saidb>.
    "Did you hear that?" <asked>. => "[Hear what|It was only the wind|Yes|Be quiet|It came from the {room}]," <saidb>.
    "Do you remember {topic}?" <asked>. => "[How could I forget|Of course I do|Not very well|I was too young]," <saidb>.
    "Who told you that?" <asked>. => "[Everybody knows it|My {malekin}|I read it in the newspaper|The {job}]," <saidb>.
    "When does the {ride} leave?" <asked>. => "[At {clock}|In {number} minutes|It has just left|You should ask the {job}]," <saidb>.
    "What is [in that box|behind that door|in your bag]?" <asked>. => "[Only a {thingadj} {smallthing}|Nothing|You will see|My {smallthing}|A present for my {femalekin}]," <saidb>.
    "I think {doing} is {judgement}," <said>. => "[So do I|I don't|You always say that|Perhaps you are right|Have you ever tried it|I prefer {doing}]," <saidb>.
    "I have never seen such a {thingadj} {smallthing}," <said>. => "[It belonged to my {femalekin}|I made it myself|You can have it|It is older than it looks]," <saidb>.
    "It's [cold|late|hot|getting dark|raining]," <said>. => "[Then let's go home|Close the window, please|I hadn't noticed|It's always like that in {season}]," <saidb>.
    "I am {feeling}," <said>. => "[So am I|Why|Have some {liquid2}|Sit down for a while|You will feel better tomorrow]," <saidb>.
    "I have to tell you something," <said>. => "[I'm listening|Is it bad news|Not now|Go on|I know already]," <saidb>.
    "I'm sorry," <said>. => "[It doesn't matter|It's too late|What for|I know|Never mind]," <saidb>.
    "Wait for me!" [cried|shouted|called] {a}. => "[Hurry up, then|I can't|The {ride} is leaving|There is no time]!" {b} [called back|shouted].
    "Good morning," <said>. => "[Good morning|Is it|You're late|Did you sleep well]," <saidb>.
    "[Stop|Look out|Be careful|Don't move]!" [cried|shouted|called] {a}. => {b} [stood still|turned around|did not hear it|laughed].
    "[I love you|I miss you|I believe you|I trust you]," <said>. => "[I know|Do you|I love you, too|That is good to hear]," <saidb>.
    "We have to {we!base:home+work+travel}," <said>. => "[Not again|Why|Now|You are right|Can't it wait]," <saidb>.
    "You should {we!base:leisure+home+work}," <said>. => "[Perhaps|I have no time|That's easy to say|You sound like my {femalekin}]," <saidb>.
    """
)
rule(
    "between",
    """
    {a} [nodded|smiled|said nothing|looked away|laughed|shook {a.his} head|thought about it].
    {b} [looked at the floor|closed the door|sat down|took a deep breath|looked out of the window|put the {smallthing} on the {furniture}].
    There was a long silence.
    <sensepast>
    {a} {a!past:home}.
    For a moment, nobody said anything.
    The [cat|dog] lifted its head.
    """,
)
LOOK = (
    "smiling", "without looking up", "looking at the clock", "closing the book", "still half asleep",
    "putting down the newspaper", "taking off a wet coat", "with a laugh", "with a sigh",
    "without turning around", "pointing at the window", "a little surprised",
)  # fmt: skip
QUESTION_WORDS = (
    "What can", "Do you", "How could", "Have you", "Hear what", "Is it", "What for", "Why", "Can't",
    "Did you",
)  # fmt: skip


_INVERTED_I = re.compile(r"\b(asked|said|answered|replied|cried|shouted|called) I\b")


def _punctuate(text: str) -> str:
    """Question marks for answers that are questions, and `I asked` for `asked I`."""
    text = _INVERTED_I.sub(r"I \1", text)
    inner = text[1:] if text.startswith('"') else text
    if inner.startswith(QUESTION_WORDS) and '," ' in text:
        head, _, tail = text.partition('," ')
        tail = (
            tail.replace("answered", "asked").replace("replied", "asked").replace("said", "asked")
        )
        return f'{head}?" {tail}'
    return text


def dialogue(rng: random.Random) -> str:
    """Two to five exchanges between two people."""
    roll = rng.random()
    if roll < 0.5:
        first = person(rng)
        second = other_person(rng, first)
    elif roll < 0.7:
        first = nameless(rng)
        second = person(rng, kind="he" if first.kind == "she" else "she")
    elif roll < 0.85:
        first, second = person(rng), I_SELF
    else:
        first = relative(rng)
        second = person(rng, kind="he" if first.kind == "she" else "she")
    if rng.random() < 0.3:
        first, second = second, first
    scene = Scene(rng, a=first, b=second, h=first, s=first, i=I_SELF, we=I_SELF)
    out = []
    if rng.random() < 0.35:
        scene.bound["s"] = first
        out.append(
            scene.text(
                "[<weatherpast>|{a} and {b.obj} were [sitting in the {room}|waiting for the {ride}"
                "|walking along the {natureplace}|on the way to the {townplace}]."
                "|{a} met {b.obj} at the {townplace}.|It was {clock} when {a} came into the {room}.]"
            )
            if first is not I_SELF
            else scene.text("<weatherpast>")
        )
    for _ in range(rng.randint(1, 4)):
        template = scene.line(EXCHANGES)
        scene.bound["a"], scene.bound["b"] = (
            (first, second) if rng.random() < 0.6 else (second, first)
        )
        for part in template.split(" => "):
            part = part.replace("<saidb>", SAID_B)
            part = part.replace("{liquid2}", rng.choice(("tea", "water", "milk", "coffee")))
            part = part.replace("{capnum}", rng.choice(("Five", "Ten", "Twenty", "Three", "Nine")))
            scene.local["asked"] = [r.replace("{lookaction}", rng.choice(LOOK)) for r in ASKED]
            scene.local["said"] = [r.replace("{lookaction}", rng.choice(LOOK)) for r in SAID]
            out.append(_punctuate(scene.text(part)))
        if rng.random() < 0.35:
            out.append(scene.text("<between>"))
    separator = "\n\n" if rng.random() < 0.6 else " "
    return separator.join(out)


SAID_B = "[said {b}|{b} said|{b} answered|answered {b}|{b} replied|said {b} {moodsaid}]"


MAKERS = [(dialogue, 14)]
