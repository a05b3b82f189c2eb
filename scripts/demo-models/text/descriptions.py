"""Descriptions of people, places, seasons and weather, and simple instructions."""

import random

from .engine import Entity, Scene, nameless, person, rule
from .stories import render

PLOTS: dict[str, str] = {}
PLOTS["town"] = """
{t=townname} is a [small|quiet|busy|pretty|little|old] [town|city|village] [by the sea|near the mountains|on a river|in a green valley]. [About {number} thousand people live there.|Not many people live there.|Everybody knows everybody.]
? In the middle of the town there is a [large square|{townplace} with {colour.a} roof|stone bridge|church with a high tower].
The {townplace} is next to the {townplace}, [and behind it you can see the {natureplace}|not far from the {natureplace}|in a narrow street].
? In {season}, the {townplace} is full of people, and the {shop} stays open until {clock}.
[On {weekday}, there is a market.|The streets are narrow and clean.|There is a train to {city} every hour.|Tourists come to see the {building}.]
? People in {t} like to {s!base:leisure}. They are {personadj} and {personadj}.
? {t} is famous for its {dish} and its {flower.s}.
If you ever come to {t}, you should [visit the {townplace}|taste the {dish}|walk up the hill|talk to the {job}].
"""
PLOTS["house"] = """
[The {h=home} stood|There was an old {h=home}|Our {h=home} stood|The old {h=home} stood] [at the end of the street|on a hill|near the {natureplace}|between two {tree.s}|behind the {townplace}].
It had [a red roof and green windows|{smallnumber} rooms and a garden|thick walls of stone|{number} windows and a heavy door].
? In the {room}, there was a {thingadj} {furniture} and a {thingadj} {furniture}. On the wall hung a picture of {wildanimal.a}.
The {room} was [small, but warm|dark and cold|always full of people|my favourite room|painted {colour}].
? In the garden grew {flower.s}, {vegetable.s} and an old {tree}.
[At night, you could hear the {natureplace2}.|In winter, it was cold, but in summer there was no better place.|Nobody had lived there for {number} years.|It smelled of {fruit.s} and old wood.]
? [I still dream of that house.|Today, a family with {smallnumber} children lives there.|One day, the house was sold.|It was not a big house, but it was a happy one.]
"""
PLOTS["person"] = """
{h} {h:be} {number2} years old and {h:work} as {job.a} in {townname}. {h.He} {h:have} [short|long|curly|straight|thin] [brown|black|grey|red|blond|dark] hair and {eyecolour2} eyes.
? {h.He} {h:be} [tall|short|slim|strong|small] and {h:wear} a {thingadj2} {colour} {wear}, [even in summer|most of the time|when it is cold].
{h.He} {h:be} very {personadj} and {personadj}, but [sometimes|in the morning|before breakfast|when {h.he} {h:be} tired] a little {personadj}.
{h.He} {h!pres:routine+work} {habittime}. In {h.his} free time, {h.he} {h:like} {doing} and {doing}.
? {h.his} favourite food is {dish}, and {h.his} favourite colour is {colour}.
? {h.his} friends say that {h.he} {h:talk} too [much|loudly|little], but everybody {likes} {h.him}.
? One day, {h.he} {h:want} to {h!base:travel+work}.
"""
PLOTS["weather"] = """
[It was|It had been] a [cold|warm|wet|beautiful|grey|long] {x=season} [day|morning|evening|night|afternoon]. <weatherpast>
<sensepast>
? [In the fields, the farmers were working.|A few children were playing in the street.|The {bird.s} flew low over the {natureplace}.|Smoke rose from the houses.]
? [The trees were bare.|The grass was wet.|The windows of the houses were open.|The roads were empty.|The {tree.s} moved in the wind.]
? Somewhere behind the hills lay the {natureplace}, but it could not be seen.
[Then, slowly, it began to get dark.|Nobody knew how long it would last.|It was a good day to stay at home.|It felt as if the world had stopped.|Towards evening, the wind turned.]
? {h} {h!past:home+travel+mind}.
"""
PLOTS["season"] = """
In [spring, everything begins to grow|summer, the days are long and warm|autumn, the leaves turn red and gold|winter, the nights are long and cold]. <seasonline>
<seasonline>
? <seasonline>
? Many people like this season best. [Others|Some] prefer {season}.
? I like to {i!base:leisure} then.
"""
rule(
    "seasonline",
    """
    The {natureplace.s} are [green|white|quiet|full of life|covered with mist].
    Children {p!base:child}.
    People {p!base:leisure+home}.
    The air is [fresh|cold|warm|clear|full of small sounds].
    The {storyanimal.s} {p!base:animaldo}.
    You can hear the {bird.s} in the {tree.s}.
    Farmers work in the fields from morning until night.
    In the shops, you can buy {fruit.s} and {vegetable.s}.
    The sun [rises early|goes down late|hardly shines|warms the old walls].
    In the evening, families sit [in the garden|by the fire|around the table] and tell stories.
    """,
)
PLOTS["recipe"] = """
[Making|Cooking] [a good|a simple] [soup|stew|salad|vegetable pie|omelette] is easy. [First|To begin], wash {number} {vegetable.s} and cut them into small pieces.
[Then put them into a large pot|Mix them with a little salt|Fry them in a pan with some butter] and [add some water|add {smallnumber} {vegetable.s}|wait for {number} minutes].
? While you wait, [peel the {vegetable.s}|beat {smallnumber} eggs|slice some bread|grate the cheese].
[Cook everything for {number} minutes.|Put the pan into the oven for half an hour.|Stir it slowly.] [Don't forget the salt.|Taste it from time to time.|Be careful: the pot is hot.]
[Serve it with bread|Serve it hot|It tastes best with {dish}], and [enjoy your meal|share it with your friends|don't forget to wash the dishes].
"""
PLOTS["way"] = """
[Excuse me, how do I get to the {x=townplace}?|How can I find the {x=townplace}?|Could you tell me the way to the {x=townplace}?] [That is easy.|It is not far from here.|It is quite far.] Go straight on until you come to the {townplace}, then turn [left|right].
[Walk along the river|Cross the bridge|Follow the street|Go past the {shop}] and [take the second street on the right|turn left at the {townplace}|look for a house with {colour.a} door].
? [It takes about {number} minutes.|You could also take the {ride}.|You can't miss it.]
The {x} is [next to|behind|opposite|in front of] the {townplace}.
"""
PLOTS["history"] = """
[The {x=building} of {t=townname}|The old {x=building} in {t=townname}] was built [more than {number} hundred years ago|{number} hundred years ago|at the beginning of the last century|after the war]. [It took {number} years to build it.|It was the work of {job.a} from {city}.|Nobody knows who paid for it.]
? At that time, {t} was only a [village|hamlet|small port|small place] with {number} houses and a {townplace}.
[In the great fire|During the war|One winter|After a storm], [the roof was lost|the tower fell down|half of the town burned down], but the people built it up again[ with their own hands| in only {number} years|].
? Later, it was used as a {townplace}. [A famous {job} lived there.|A king is said to have slept there.]
Today, it is [a museum|open to visitors on {weekday}|the most famous building in the region|a quiet place]. [Every year, thousands of people come to see it.|From the top, you can see the {natureplace}.|Children still tell stories about it.]
"""
PLOTS["news"] = """
[Yesterday|On {weekday}|Last night|This week], [a storm reached the coast|a {job} from {townname} won a prize|a {wildanimal} escaped from the zoo|the new {townplace} in {townname} was opened|a fire broke out in the {townplace}]. [Nobody was hurt.|Hundreds of people came to see it.|The police are looking for witnesses.|It was the first time in {number} years.]
"[I have never seen anything like it|It is a great day for our town|We were very lucky|I am still surprised]," said {h}, {age} years old, who [lives nearby|works at the {townplace}|had seen everything].
? The {job} of the town [promised to help|could not be reached|thanked everyone].
The [roads|schools|shops] will stay [open|closed] until {weekday}. [Tomorrow, it will be {weatheradj}.|More news tomorrow.|The {townplace} is closed today.]
"""
PLOTS["howto"] = """
If you want to {u!base:leisure+home+work}, you need [time|patience|a good friend|a little luck] and a {thingadj} {smallthing}.
First, {u!base:routine+home}. Then {u!base:home+work+town}.
? Don't {u!base:home+travel}, [even if you are tired|because it never helps|or you will be sorry].
[It is not as difficult as it looks.|Most people give up too early.|Practice makes perfect.|Ask {job.a} if you need help.] <proverb>
"""


def description(rng: random.Random) -> str:
    """One of the plots above."""
    you, people = Entity("you"), Entity("they")
    name = rng.choice(list(PLOTS))
    if name == "person":
        hero = rng.choice((person(rng), person(rng), nameless(rng), Entity("I")))
    else:
        hero = person(rng)
    scene = Scene(rng, h=hero, s=people, p=people, u=you, i=Entity("I"))
    ages = (
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "twenty-five",
        "thirty-eight",
        "seventy-two",
    )
    return render(
        scene,
        PLOTS[name],
        {
            "{number2}": rng.choice(ages),
            "{eyecolour2}": rng.choice(("brown", "green", "blue", "grey", "dark", "friendly")),
            "{thingadj2}": rng.choice(("long", "heavy", "warm", "thin", "new", "plain", "lovely")),
            "{likes}": "likes",
            "{age}": str(rng.randint(19, 85)),
            "{weatheradj}": rng.choice(("sunny", "rainy", "cloudy", "cold", "windy")),
            "{natureplace2}": rng.choice(("river", "sea", "wind in the trees", "owls")),
        },
    )


MAKERS = [(description, 9)]
