"""Shared material: verb phrases by theme, weather, places, remarks. See `engine.py` for the syntax."""

from .engine import phrases, rule

# --- what people do -----------------------------------------------------------------------------
phrases(
    "routine",
    """
    *wash {s.his} face and *brush {s.his} teeth
    *make {drink.a}
    *drink {drink.a} [at the kitchen table|by the window|in the kitchen|]
    *have breakfast [with {s.his} family|in the kitchen|alone]
    *put on {s.his} {wear} and *leave the house
    *open the window and *let in the fresh air
    *feed the {pet}
    *look out of the window
    *read the newspaper
    *make the bed
    *eat {snack.a} [for breakfast|quickly|]
    *check {s.his} bag before leaving the house
    *listen to the news on the radio
    *water the plants on the balcony
    *pack {s.his} lunch
    *iron {s.his} shirt
    """,
)
phrases(
    "wake",
    """
    *get up [early|late|before sunrise|]
    *wake up [slowly|early|with a headache|in a good mood|in the dark|]
    *turn off the alarm clock
    *take a [quick|hot|cold|long] shower
    *open {s.his} eyes and *look at the ceiling
    *jump out of bed
    *sit up in bed
    """,
)
phrases(
    "home",
    """
    *cook {dish} [for dinner|for the family|]
    *clean the {room}
    *sweep the floor
    *wash the dishes
    *repair the old {gadget}
    *sit by the fire [with a book|and *read|and *think about the day|]
    *lie on the sofa [and *watch television|with a book|]
    *write a letter to {s.his} {femalekin}
    *look for {s.his} {smallthing}
    *bake {cookable.a}
    *play cards with {s.his} {malekin}
    *hang the washing in the garden
    *peel the {vegetable.s}
    *set the table [for two|for dinner|]
    *light a candle
    *close the curtains
    *paint the {room} {colour}
    *fall asleep [on the sofa|in the armchair|after dinner|]
    *listen to music
    *tidy the {room}
    *mend {s.his} {colour} {clothes}
    *lock the door
    *put the {smallthing} on the {furniture}
    *move the {furniture} to the other side of the room
    *find a {thingadj} {smallthing} under the {furniture}
    *knit {clothes.a} for {s.his} {femalekin}
    """,
)
phrases(
    "work",
    """
    *work [hard|late|all day|in the office|]
    *answer the telephone
    *write a [long|short|difficult|final] report
    *talk to {s.his} boss
    *start a new job
    *finish {s.his} work [early|late|on time|]
    *have a [long|short|difficult] meeting
    *help {job.a} with the work
    *send a letter to the bank
    *make a mistake
    *sit at {s.his} desk
    *solve the problem
    *teach {subject} at a school
    *repair [cars|bicycles|shoes|old clocks|computers]
    *sell [flowers|books|shoes|vegetables|newspapers|furniture]
    *drive a [bus|taxi|lorry|tram]
    *wait for an answer
    *read through {s.his} notes
    *look for work
    *carry heavy boxes
    *build a wall
    *plan the next week
    *study for an exam
    *count the money
    *learn a new language
    """,
)
phrases(
    "travel",
    """
    *take the {ride} to {city}
    *walk to the {townplace}
    *walk along the [river|beach|road|street|shore]
    *drive to the [sea|mountains|airport|country|coast]
    *travel to {city} [by train|by bus|by car|with {s.his} {malekin}|]
    *wait at the bus stop
    *miss the last {ride}
    *buy a ticket to {city}
    *cross the [bridge|street|river|square]
    *visit {s.his} {femalekin} in {city}
    *ride {s.his} bicycle to the {townplace}
    *look at the map
    *pack a [small|heavy|brown|large] suitcase
    *stay at a [small|cheap|quiet|grand] hotel [near the station|by the sea|]
    *get lost in the [old town|fog|forest|city]
    *sit down by the window of the {ride}
    *run to the station
    *come home [late|early|tired|alone|from {city}]
    *arrive in {city} [in the evening|before noon|at night|]
    *turn left at the {townplace}
    *climb to the top of the [hill|tower|mountain]
    *hurry through the [rain|crowd|streets|snow]
    """,
)
phrases(
    "town",
    """
    *buy [{fruit.s} and {vegetable.s}|some bread|a newspaper|some {dish}] at the {shop}
    *meet {s.his} {malekin} at the {townplace}
    *sit on a bench in the park
    *feed the [pigeons|ducks|sparrows|swans] in the park
    *go to the {townplace}
    *look for {colour.a} {clothes} in the shops
    *borrow a book from the library
    *post a letter
    *stand in front of the {townplace}
    *have lunch in a [small|cheap|busy|noisy] restaurant
    *drink {drink.a} in a café
    *ask the {job} for help
    *talk to the {job} about {topic}
    *watch the people in the square
    *lose {s.his} {smallthing} [at the {townplace}|in the street|on the [bus|train|tram]]
    *see a film at the cinema
    *visit the museum
    *stop in front of a shop window
    *pay for the {snack.s}
    *follow the {job} down the street
    *give some coins to the {instrument} player
    """,
)
phrases(
    "food",
    """
    *eat {snack.a}
    *drink {liquid}
    *order {dish} and {drink.a}
    *taste the {dish}
    *cut the {vegetable.s} into small pieces
    *share {s.his} {snack} with {s.his} {malekin}
    *buy {fruit.s}
    *prepare {savoury} with {vegetable.s}
    *bake {cookable.a} for {s.his} {femalekin}
    *put too much salt in the soup
    *burn the {dish}
    *cook for the whole family
    *ask for more {dish}
    *peel {fruit.a}
    *pick {fruit.s} in the garden
    """,
)
phrases(
    "leisure",
    """
    *play [football|tennis|chess|cards] [with {s.his} friends|in the park|]
    *play the {instrument}
    *read a book about [animals|the sea|ships|history|the stars|a famous thief|flowers]
    *swim in the [lake|sea|river|pool]
    *go for a walk [in the park|along the river|with the dog|after dinner|]
    *paint a picture of [a horse|the sea|the old bridge|a bowl of fruit|{s.his} {femalekin}]
    *dance [all night|in the kitchen|at the party|]
    *sing [a song|an old song|in the shower|in a choir]
    *watch [a film|the birds|the ships|the sunset|the snow]
    *fly a kite [on the beach|on the hill|]
    *take photographs of the [sea|mountains|old town|flowers|{bird.s}]
    *lie in the grass and *look at the clouds
    *run [in the park|through the woods|along the beach|]
    *tell a [funny|long|sad|strange] story
    *work in the garden
    *plant {flower.s} [in the garden|by the gate|]
    *collect [stamps|shells|coins|stones|old maps]
    *go fishing [with {s.his} {malekin}|at the lake|]
    *draw {wildanimal.a} on a piece of paper
    *sleep under a tree
    *ride a horse
    *visit a friend
    *learn to play the {instrument}
    *build a sandcastle on the beach
    """,
)
phrases(
    "social",
    """
    *talk about {topic}
    *laugh at the joke
    *call {s.his} {femalekin} [on the phone|]
    *invite {s.his} friends to dinner
    *help {s.his} {malekin} [in the garden|in the kitchen|with the shopping|to move house]
    *forget {s.his} {femalekin}'s birthday
    *tell {s.his} {malekin} the truth
    *write to {s.his} old teacher
    *give {s.his} {femalekin} {colour.a} {clothes}
    *keep the secret
    *say goodbye to {s.his} friends
    *thank the {job}
    *smile at the [child|waiter|stranger|old woman]
    *wait for {s.his} {malekin}
    *apologise for the mistake
    *tell a lie
    *listen to {s.his} {femalekin}
    *shake hands with the {job}
    *argue with the neighbours about [the noise|the dog|the fence]
    *meet an old friend
    *make a promise
    *explain the plan to {s.his} {malekin}
    *agree with {s.his} {femalekin}
    """,
)
phrases(
    "mind",
    """
    *think about [the future|the past|{s.his} work|the sea|{s.his} family|the long journey]
    *dream about [the sea|a house by the lake|flying|{city}|a better job]
    *remember [the old house|{s.his} first day at school|that summer|every word|the way]
    *forget [the address|the key|the name of the street|everything]
    *hope for better weather
    *feel {feeling}
    *know the answer
    *believe the story
    *worry about [money|the children|the exam|the weather|{s.his} job]
    *miss {s.his} {femalekin}
    *want [{smallthing.a}|a new job|a bigger flat|to sleep|to go home|some peace]
    *need [help|more time|a holiday|some rest|new shoes|a good idea]
    *love [music|the sea|{s.his} garden|old films|long walks|winter]
    *hate [noise|the rain|Mondays|waiting|cold coffee|crowds]
    *understand the problem
    *decide to [stay|leave|wait|try again|sell the house|tell the truth]
    *change {s.his} mind
    *have [a good idea|a strange dream|a plan|no time|a headache|a cold]
    *like [{dish}|{liquid}|the quiet|this town|the colour {colour}|old books]
    """,
)
phrases(
    "child",
    """
    *play with {s.his} {toy}
    *run [around the garden|to school|down the hill|after the ball]
    *climb {tree.a}
    *jump into a puddle
    *draw {wildanimal.a} with {colour} chalk
    *build a [tower of blocks|tree house|snowman|little boat]
    *hide behind the {furniture}
    *laugh [loudly|and *clap|]
    *ask a lot of questions
    *count to {number}
    *chase the {pet}
    *catch a [frog|butterfly|ball|beetle] in the garden
    *eat too many {fruit.s}
    *do {s.his} homework
    *read {s.his} favourite book
    *sing a song about {wildanimal.a}
    *share {s.his} {toy} with {s.his} friends
    *listen to a bedtime story
    *lose a tooth
    *make a paper boat
    """,
)
phrases(
    "animaldo",
    """
    *run [through the grass|across the field|into the forest|down the road|away]
    *sleep [under the {furniture}|in the sun|by the fire|under a tree]
    *look for food
    *drink from the [stream|river|pond|well]
    *hide [behind a tree|under the leaves|in a hole|behind the barn]
    *follow {s.his} mother
    *eat [a carrot|some berries|the fallen apples|a piece of bread]
    *sit in front of the door
    *watch the {bird.s}
    *jump over the [fence|stream|wall|fallen tree]
    *wait for {s.his} friend
    *listen to the wind
    *play with [a leaf|a stick|a ball|{s.his} brother]
    *dig a [small|deep|round] hole
    *find [a nut|an egg|an old shoe|a bone|a warm place]
    *walk slowly along the path
    *rest in the shade
    *search for {s.his} home
    """,
)

# --- adverbials ---------------------------------------------------------------------------------
rule(
    "whenpast",
    """
    {pasttime}
    when the rain stopped
    after dinner
    before sunrise
    as soon as the sun came up
    one {partofday} in {month}
    at {clock}
    while everyone was asleep
    during the storm
    after a long day
    when the bell rang
    just before the train left
    in the middle of the night
    on a [cold|warm|rainy|sunny|foggy|quiet] {weekday}
    """,
)
rule(
    "reasonpast",
    """
    because it was [raining|late|cold|getting dark|a holiday|too hot|so quiet]
    because the {vehicle} was late
    because there was nothing else to do
    because the {shop} was closed
    because nobody had told {s.him} the truth
    although it was [raining|late|cold|dark|dangerous|very early]
    even though {s.he} {s:was} {feeling}
    because {s.he} {s:was} {feeling}
    so that nobody would [notice|be late|be sad|hear the noise]
    without saying a word
    without thinking
    with a smile
    for the first time [in years|in {s.his} life|that week]
    as [usual|always|if nothing had happened]
    and {s!past:home+town+leisure}
    and then {s!past:home+travel+mind}
    but {s.he} {s!past:mind}
    until [it got dark|the lights went out|late at night|the bell rang]
    """,
)
rule(
    "weatherpast",
    """
    It was [raining|snowing|windy|cold and grey|a sunny day|a warm day|foggy|very hot].
    The sun was [shining|going down|high in the sky|just coming up].
    Dark clouds hung over the {settlement}.
    A cold wind blew [from the north|through the streets|across the fields|from the sea].
    The sky was [blue|grey|clear|full of stars|dark and heavy].
    Snow lay on the roofs and in the streets.
    The rain fell [softly|heavily|without a break] on the roofs.
    There was not a cloud in the sky.
    The air smelled of [rain|flowers|the sea|fresh bread|smoke|cut grass|snow].
    It had rained all night, and the streets were still wet.
    The first leaves were falling from the trees.
    The moon was [bright|round and white|hidden behind the clouds].
    Thunder rolled somewhere far away.
    The days were getting [longer|shorter|colder|warmer].
    It was one of those [quiet|grey|golden|cold|long] {season} days.
    """,
)
rule(
    "sensepast",
    """
    Somewhere a [dog barked|door closed|bell rang|child laughed|clock struck {number}].
    The [house|street|room|whole {settlement}] was [quiet|silent|dark|still].
    The old clock on the wall ticked slowly.
    {bird.a} sang in the {tree}.
    There was a smell of [coffee|fresh bread|soap|old books|apples|wood smoke] in the air.
    A [black|grey|fat|thin] cat crossed the street.
    The light in the window went out.
    {ride.a} drove past.
    Outside, the wind [moved the trees|grew stronger|was howling].
    The clock struck {number}.
    For a while, nobody spoke.
    Nothing moved.
    The floor creaked.
    """,
)
rule(
    "place_in",
    """
    in a [small|little|big|quiet|lonely|old|warm] {home} [near the {natureplace}|by the sea|on a hill|]
    in a [small|quiet|busy|pretty] {settlement} [near the mountains|by the sea|by a river|]
    at the edge of a [dark|deep|large|green] [forest|wood|valley]
    in a [hole|nest|den|burrow] under an old {tree}
    on a [small|green|distant|rocky] island
    in the middle of a [forest|big city|green valley|wide field]
    near a [deep|clear|blue|quiet] [lake|river|pond]
    at the foot of a [high|great|snowy|grey] mountain
    on the top floor of an old house
    in a house with {colour.a} door
    """,
)
rule(
    "exclaim",
    """
    What a [surprise|lovely day|mess|beautiful {smallthing}|pity|strange thing]!
    How [wonderful|strange|kind of you|sad|beautiful|funny]!
    Oh no!
    Look!
    Be careful!
    I can't believe it!
    Well done!
    That's it!
    Thank goodness!
    Of course!
    """,
)
rule(
    "proverb",
    """
    Time heals all wounds.
    Every beginning is hard.
    Better late than never.
    You never know what tomorrow will bring.
    Some things cannot be explained.
    Life is full of surprises.
    Not everything that glitters is gold.
    A good night's sleep helps with everything.
    Good things take time.
    Home is where your friends are.
    People are not always what they seem.
    There is a time for everything.
    """,
)
rule(
    "feelbody",
    """
    {h.his} heart was beating fast
    {h.his} hands were shaking
    tears came to {h.his} eyes
    {h.he} could hardly breathe
    {h.he} felt warm inside
    {h.he} wanted to run away
    {h.his} legs felt weak
    {h.he} could not help smiling
    {h.he} did not know what to say
    a shiver ran down {h.his} back
    {h.he} felt {feeling}
    """,
)
