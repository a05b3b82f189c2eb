"""The words: nouns by meaning, adjectives, adverbs, names, and facts about some of them.

A noun is written `singular`, `singular/plural` where the plural is irregular, or `~word` when it
has no plural (bread, rain). The inflection itself lives in `inflect.py`.
"""


def words(text: str) -> list[str]:
    """Split a comma-separated list that may run over several lines."""
    return [w for w in (part.strip() for part in text.replace("\n", " ").split(",")) if w]


CLASSES: dict[str, list[str]] = {
    # --- people -----------------------------------------------------------------------------
    "job": words(
        """baker, teacher, farmer, doctor, nurse, fisherman/fishermen, carpenter, gardener, painter,
        writer, driver, pilot, sailor, soldier, waiter, cook, tailor, shopkeeper, librarian,
        engineer, mechanic, plumber, dentist, lawyer, singer, musician, postman/postmen, student,
        builder, butcher, clerk, scientist, photographer, journalist, judge, miller, shepherd,
        blacksmith, potter, weaver, barber, porter, secretary, guard, manager, cleaner, electrician,
        actor, dancer, artist, poet, vet, florist, hunter, miner, watchmaker, captain, cashier"""
    ),
    "malenoun": words(
        "man/men, man/men, man/men, old man/old men, young man/young men, boy, gentleman/gentlemen,"
        "tall man/tall men, stranger, traveller, neighbour, fellow, tired man/tired men"
    ),
    "femalenoun": words(
        "woman/women, woman/women, woman/women, old woman/old women, young woman/young women, girl,"
        "lady, tall woman/tall women, stranger, traveller, neighbour, quiet woman/quiet women"
    ),
    "malekin": words("father, brother, uncle, grandfather, son, cousin, nephew"),
    "femalekin": words("mother, sister, aunt, grandmother, daughter, cousin, niece"),
    "role": words(
        """traveller, stranger, customer, passenger, visitor, tourist, guest, worker, dreamer,
        student, beginner, fan of football, lover of music, neighbour, friend of the family,
        lonely soul, busy parent, tired worker, curious visitor, hungry traveller"""
    ),
    # --- animals ----------------------------------------------------------------------------
    "pet": words("dog, cat, rabbit, hamster, parrot, pony, goldfish/goldfish, kitten, puppy"),
    "farmanimal": words(
        "cow, sheep/sheep, goat, pig, horse, hen, duck, goose/geese, donkey, rooster, lamb, calf/calves"
    ),
    "wildanimal": words(
        """fox, wolf/wolves, bear, deer/deer, hare, squirrel, hedgehog, badger, mouse/mice, owl, frog,
        beaver, otter, mole, raccoon, lion, tiger, elephant, monkey, zebra, giraffe, camel,
        crocodile, kangaroo, turtle, snake, toad, lizard, bat, rat"""
    ),
    "bird": words(
        "robin, crow, eagle, swan, sparrow, owl, pigeon, seagull, raven, magpie, swallow, stork"
    ),
    "fish": words("salmon/salmon, trout/trout, shark, cod/cod, herring/herring, pike/pike"),
    "storyanimal": words(
        """fox, bear, rabbit, mouse/mice, owl, frog, hedgehog, squirrel, wolf/wolves, dog, cat, duck,
        goose/geese, turtle, crow, lion, elephant, monkey, donkey, goat, pig, lamb, badger, otter,
        kitten, puppy, robin, mole, beaver, sparrow, hare, ant, bee"""
    ),
    # --- things -----------------------------------------------------------------------------
    "toy": words(
        "ball, kite, doll, toy car, teddy bear, drum, toy train, puzzle, wooden horse, top"
    ),
    "smallthing": words(
        """key, coin, ring, button, letter, map, book, candle, lantern, basket, bell, feather, stone,
        shell, box, bottle, knife/knives, spoon, cup, ribbon, scarf/scarves, hat, glove, umbrella,
        watch, pen, pencil, notebook, photograph, mirror, whistle, rope, needle, brush, purse,
        postcard, ticket, parcel, flute, comb, necklace, envelope, wallet, coat, blanket"""
    ),
    "treasure": words(
        """golden ring, silver key, old map, blue stone, silver bell, golden feather, small mirror,
        red ribbon, wooden flute, glass ball, silver spoon, shiny coin, tiny crown, pearl necklace,
        green lantern, little music box, brass compass, old watch"""
    ),
    "tool": words(
        "hammer, saw, spade, axe, rake, needle, ladder, bucket, rope, brush, broom, screwdriver"
    ),
    "furniture": words(
        "table, chair, bed, sofa, shelf/shelves, desk, lamp, cupboard, wardrobe, armchair, bench"
    ),
    "clothes": words(
        "coat, hat, shirt, dress, jacket, sweater, scarf/scarves, skirt, cap, apron, raincoat, suit"
    ),
    "wear": words("coat, jacket, sweater, scarf/scarves, hat, raincoat, cap"),
    "vehicle": words("bus, train, car, taxi, bicycle, tram, lorry, van, boat, ship"),
    "ride": words("bus, train, tram, taxi"),
    "instrument": words("piano, guitar, violin, flute, drum, trumpet, cello, accordion"),
    "gadget": words(
        "radio, telephone, computer, camera, washing machine, kettle, oven, heater, clock"
    ),
    # --- food -------------------------------------------------------------------------------
    "fruit": words(
        """apple, pear, plum, orange, banana, cherry, strawberry, peach, lemon, grape, melon,
        raspberry, apricot, fig"""
    ),
    "vegetable": words(
        "carrot, potato/potatoes, onion, cabbage, tomato/tomatoes, bean, pea, pumpkin, cucumber, turnip"
    ),
    "dish": words(
        """~bread, ~cheese, ~soup, ~rice, ~pasta, ~fish, ~chicken, ~chocolate, ~cake, ~pizza, ~salad,
        ~honey, ~porridge, ~stew, ~ice cream, ~apple pie, ~tomato soup, ~roast chicken, ~pumpkin soup,
        ~fried fish, ~spaghetti, ~vegetable soup, ~curry, ~lemon cake, ~potato salad"""
    ),
    "savoury": words(
        "~soup, ~rice, ~pasta, ~fish, ~chicken, ~pizza, ~salad, ~stew, ~roast chicken, ~fried fish,"
        "~spaghetti, ~curry, ~sausages, ~noodles, ~bread and cheese, ~grilled fish, ~beef, ~lentils"
    ),
    "snack": words(
        """sandwich, biscuit, pancake, slice of bread, piece of cake, boiled egg, bowl of soup,
        cheese roll, bowl of rice, plate of pasta, plate of beans, bowl of porridge, piece of cheese,
        piece of toast, omelette"""
    ),
    "cookable": words(
        "soup, pie, cake, stew, pot of soup, loaf of bread/loaves of bread, bowl of porridge, curry,"
        "pancake, tray of biscuits/trays of biscuits, pan of rice, omelette, salad, pizza"
    ),
    "drink": words(
        "cup of tea/cups of tea, cup of coffee/cups of coffee, glass of water/glasses of water,"
        "glass of milk/glasses of milk, glass of orange juice, mug of hot chocolate, glass of lemonade"
    ),
    "liquid": words("~tea, ~coffee, ~water, ~milk, ~lemonade, ~orange juice, ~hot chocolate"),
    # --- places -----------------------------------------------------------------------------
    "townplace": words(
        """market, station, library, bakery, post office, school, park, museum, hospital, harbour,
        bridge, town hall, church, theatre, cinema, café, bank, hotel, airport, bookshop, restaurant,
        square, office, supermarket, swimming pool, garage, pharmacy, concert hall, police station"""
    ),
    "shop": words(
        "bakery, bookshop, flower shop, butcher's shop, toy shop, shoe shop, corner shop, pharmacy,"
        "supermarket, hat shop, market, little shop on the corner"
    ),
    "natureplace": words(
        """forest, river, lake, hill, meadow, mountain, beach, field, valley, pond, island, garden,
        cave, stream, wood, orchard, waterfall, swamp, desert, shore"""
    ),
    "walkplace": words(
        "forest, wood, meadow, field, valley, garden, orchard, village, park, desert"
    ),
    "home": words(
        "cottage, house, farm, cabin, flat, tower, mill, hut, castle, villa, bungalow, farmhouse"
    ),
    "room": words(
        "kitchen, bedroom, living room, bathroom, attic, cellar, hall, dining room, garden, study"
    ),
    "settlement": words("village, town, city, little town, fishing village, mountain village"),
    "building": words(
        "house, tower, mill, church, school, castle, barn, cottage, lighthouse, hotel"
    ),
    "plant": words("rose, tulip, oak, apple tree, daisy, sunflower, pine, willow, fern, lily, ivy"),
    "flower": words("rose, tulip, daisy, sunflower, lily, violet, daffodil, poppy"),
    "tree": words(
        "oak, apple tree, pine, willow, birch, cherry tree, chestnut tree, fir tree, elm"
    ),
    # --- abstract ---------------------------------------------------------------------------
    "topic": words(
        """the weather, the war, the old days, the news, football, the garden, the price of bread,
        their childhood, music, the new school, the holidays, books, politics, the harvest, the sea,
        work, money, the neighbours, the election, the storm, films"""
    ),
    "hobby": words(
        """painting, reading, swimming, cooking, fishing, dancing, singing, running, gardening,
        chess, football, tennis, photography, sewing, cycling, skating, hiking, knitting, drawing,
        the piano, the guitar, climbing, sailing, baking"""
    ),
    "doing": words(
        """painting, reading, swimming, cooking, fishing, dancing, singing, running, gardening,
        playing chess, playing football, taking photographs, sewing, cycling, knitting, drawing,
        walking in the rain, talking to strangers, telling jokes, sleeping late, getting up early,
        working in the garden, listening to music, looking at the stars, waiting, travelling by train"""
    ),
    "subject": words(
        "history, mathematics, music, biology, geography, art, English, chemistry, physics, French"
    ),
    "virtue": words("~kindness, ~courage, ~patience, ~honesty, ~friendship, ~hope, ~love, ~wisdom"),
    "goal": words(
        """to see the sea, to learn to fly, to find a friend, to become a baker, to travel around the
        world, to climb the highest mountain, to write a book, to play the violin, to have a garden,
        to see the snow, to sail across the ocean, to open a little shop, to paint the sky,
        to sing on a big stage, to touch the moon, to learn to swim"""
    ),
    # --- adjectives -------------------------------------------------------------------------
    "colour": words(
        "red, blue, green, yellow, white, black, brown, grey, orange, purple, pink, golden"
    ),
    "eyecolour": words("brown, green, black, dark, golden, yellow, bright, sad, friendly"),
    "petadj": words(
        "little, little, little, small, big, old, young, clever, brave, kind, curious, shy, lazy, grey,"
        "brown, white, black"
    ),
    "personadj": words(
        """kind, clever, shy, brave, patient, honest, proud, polite, quiet, cheerful, lazy, careful,
        friendly, stubborn, gentle, generous, strict, serious, curious, lonely, busy, wise, funny"""
    ),
    "feeling": words(
        """happy, sad, tired, hungry, angry, afraid, proud, nervous, lonely, surprised, worried,
        excited, calm, bored, thirsty, cold, ill, ashamed, grateful, relieved, confused, curious"""
    ),
    "goodfeeling": words(
        "happy, proud, glad, cheerful, calm, relieved, grateful, delighted, content"
    ),
    "badfeeling": words(
        "sad, tired, afraid, worried, lonely, nervous, angry, unhappy, ashamed, upset"
    ),
    "thingadj": words(
        """old, new, heavy, light, broken, beautiful, strange, simple, expensive, cheap, clean, dirty,
        dusty, round, wooden, useful, plain, shiny, soft, empty, ordinary, pretty, rusty, lovely"""
    ),
    "placeadj": words(
        """quiet, old, busy, dark, beautiful, lonely, famous, green, empty, noisy, peaceful, strange,
        small, large, crowded, pleasant, cold, dusty, charming, grand"""
    ),
    "foodadj": words(
        "fresh, warm, sweet, hot, delicious, tasty, cold, salty, sour, dry, soft, ripe"
    ),
    "material": words(
        "wood, stone, glass, paper, iron, wool, silk, leather, gold, silver, cotton, clay"
    ),
    "cloth": words("wool, silk, cotton, leather, linen, velvet"),
    "group": words(
        """the children, the children, the two brothers, the two sisters, some people, most people,
        many people, the soldiers, the students, the neighbours, my parents, our neighbours,
        the boys, the girls, the workers, the visitors, children, old people, the others,
        my friends, the tourists, the sailors, the farmers, the twins, two young men"""
    ),
    "judgement": words(
        """good, bad, wonderful, terrible, interesting, boring, difficult, easy, important, strange,
        beautiful, dangerous, expensive, useful, lovely, funny, sad, healthy, tiring"""
    ),
    # --- adverbs ----------------------------------------------------------------------------
    "manner": words(
        """slowly, quickly, quietly, carefully, happily, sadly, gently, loudly, softly, calmly,
        proudly, nervously, politely, patiently, eagerly, silently, suddenly, cheerfully"""
    ),
    "moodsaid": words(
        "quietly, softly, sadly, happily, angrily, politely, calmly, proudly, kindly, slowly, firmly"
    ),
    "often": words("always, often, usually, sometimes, never, rarely"),
    "pasttime": words(
        """yesterday, last week, last night, on Monday, on Saturday, this morning, last summer,
        two days ago, a year ago, last winter, that evening, on Friday evening, last month,
        a week ago, many years ago, in the spring, an hour ago, the day before yesterday"""
    ),
    "futuretime": words(
        "tomorrow, next week, next year, tonight, on Monday, on Sunday, soon, in the summer,"
        "next month, this evening, in an hour, after dinner, one day, at the weekend"
    ),
    "habittime": words(
        """every day, every morning, every evening, on Sundays, in the summer, in the winter, at night,
        every week, on Friday evenings, before breakfast, after work, in the afternoon, twice a week,
        at weekends, once a month, every spring, all year round"""
    ),
    "weekday": words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday"),
    "month": words(
        "January, February, March, April, May, June, July, August, September, October, November, December"
    ),
    "season": words("spring, summer, autumn, winter"),
    "partofday": words("morning, afternoon, evening, night"),
    "number": words("two, three, four, five, six, seven, eight, nine, ten, twelve, twenty"),
    "smallnumber": words("two, three, four, five, six"),
    "clock": words(
        "six o'clock, seven o'clock, eight o'clock, nine o'clock, half past six, half past seven,"
        "a quarter past eight, a quarter to nine, ten o'clock, half past nine"
    ),
    "city": words(
        """Paris, London, Rome, Berlin, Madrid, Vienna, Lisbon, Dublin, Prague, Athens, Oslo,
        Stockholm, Warsaw, Cairo, Tokyo, New York, Venice, Edinburgh, Barcelona, Boston"""
    ),
    "townname": words(
        """Ashford, Millbrook, Greenhill, Westbury, Oakdale, Riverton, Stonebridge, Fairview, Redwood,
        Northfield, Lakeside, Harrowby, Elmwood, Thornton, Saltmarsh, Willowdale"""
    ),
    "kingdom": words("kingdom, country, land, valley, forest, village, town"),
}

MALE_NAMES = words(
    """Tom, Jack, Ben, Peter, John, David, Paul, Henry, Martin, Oliver, Daniel, Robert, George, Sam,
    Leo, Max, Simon, Philip, Adam, Edward, Frank, Arthur, Walter, Hugo, Felix, Oscar, Tim, Michael,
    Andrew, William, Mark, Harry, Joseph, Victor, Luke, Noah, Karl, Omar, Ali, Ivan"""
)
FEMALE_NAMES = words(
    """Anna, Lucy, Mary, Emma, Sarah, Kate, Lily, Rose, Clara, Alice, Sophie, Jane, Helen, Laura, Nina,
    Ella, Julia, Grace, Martha, Eva, Maria, Molly, Ruth, Susan, Amy, Rosa, Nora, Ida, Mia, Olivia,
    Charlotte, Margaret, Hannah, Elizabeth, Lena, Vera, Sally, Betty, Zoe, Leila"""
)
SURNAMES = words(
    """Brown, Smith, Green, Baker, Miller, Carter, Hill, Wood, Cooper, Taylor, Harper, Fisher, Turner,
    Walker, Young, King, Bell, Gray, Porter, Marsh, Palmer, Webb, Lane, Field"""
)
PET_NAMES = words(
    """Max, Bella, Pip, Bruno, Daisy, Biscuit, Rusty, Snowy, Luna, Teddy, Coco, Barney, Misty, Pepper,
    Ginger, Rocky, Poppy, Tiger, Socks, Toby, Star, Shadow, Buddy, Honey"""
)

# animal: (sound it makes in the present tense, where it lives, what it eats, its young, legs)
ANIMAL_FACTS: dict[str, tuple[str, str, str, str, int]] = {
    "dog": ("barks", "in a kennel or in the house", "meat and bones", "puppy", 4),
    "cat": ("meows", "in the house", "fish and mice", "kitten", 4),
    "cow": ("moos", "on a farm", "grass", "calf", 4),
    "sheep": ("bleats", "in the fields", "grass", "lamb", 4),
    "horse": ("neighs", "in a stable", "hay and oats", "foal", 4),
    "pig": ("grunts", "in a sty", "almost anything", "piglet", 4),
    "duck": ("quacks", "near a pond", "plants and insects", "duckling", 2),
    "hen": ("clucks", "in a henhouse", "grain and seeds", "chick", 2),
    "rooster": ("crows", "on a farm", "grain and seeds", "chick", 2),
    "lion": ("roars", "in Africa", "meat", "cub", 4),
    "wolf": ("howls", "in the forest", "meat", "cub", 4),
    "bear": ("growls", "in the forest", "berries, honey and fish", "cub", 4),
    "owl": ("hoots", "in a hollow tree", "mice", "owlet", 2),
    "frog": ("croaks", "in a pond", "flies and worms", "tadpole", 4),
    "snake": ("hisses", "in the grass", "mice and eggs", "snakelet", 0),
    "bee": ("buzzes", "in a hive", "nectar and honey", "larva", 6),
    "mouse": ("squeaks", "in a hole", "seeds and cheese", "pup", 4),
    "elephant": ("trumpets", "in Africa and Asia", "leaves and grass", "calf", 4),
    "donkey": ("brays", "in a stable", "hay and grass", "foal", 4),
    "crow": ("caws", "in a nest in a tree", "seeds, insects and scraps", "chick", 2),
    "goose": ("honks", "on a farm", "grass and grain", "gosling", 2),
    "goat": ("bleats", "on a farm", "grass and leaves", "kid", 4),
    "monkey": ("chatters", "in the jungle", "fruit and nuts", "baby", 4),
    "spider": ("makes no sound", "in a web", "flies", "spiderling", 8),
    "fish": ("makes no sound", "in the water", "small plants and animals", "fry", 0),
    "rabbit": ("is very quiet", "in a burrow", "grass and carrots", "kit", 4),
    "squirrel": ("chatters", "in a nest in a tree", "nuts and seeds", "kit", 4),
    "fox": ("barks", "in a den", "mice, birds and berries", "cub", 4),
}

CAPITALS: dict[str, str] = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid",
    "Portugal": "Lisbon", "England": "London", "Ireland": "Dublin", "Austria": "Vienna",
    "Greece": "Athens", "Norway": "Oslo", "Sweden": "Stockholm", "Denmark": "Copenhagen",
    "Finland": "Helsinki", "Poland": "Warsaw", "Hungary": "Budapest", "Belgium": "Brussels",
    "Russia": "Moscow", "Japan": "Tokyo", "China": "Beijing", "India": "New Delhi",
    "Egypt": "Cairo", "Kenya": "Nairobi", "Canada": "Ottawa", "Mexico": "Mexico City",
    "Peru": "Lima", "Chile": "Santiago", "Argentina": "Buenos Aires", "Cuba": "Havana",
    "Scotland": "Edinburgh", "Iceland": "Reykjavik", "Turkey": "Ankara", "Australia": "Canberra",
}  # fmt: skip
LANGUAGES: dict[str, str] = {
    "France": "French", "Germany": "German", "Italy": "Italian", "Spain": "Spanish",
    "Portugal": "Portuguese", "England": "English", "Austria": "German", "Greece": "Greek",
    "Norway": "Norwegian", "Sweden": "Swedish", "Poland": "Polish", "Japan": "Japanese",
    "China": "Chinese", "Egypt": "Arabic", "Mexico": "Spanish", "Russia": "Russian",
}  # fmt: skip
CONTINENTS: dict[str, str] = {
    "France": "Europe", "Germany": "Europe", "Italy": "Europe", "Spain": "Europe",
    "Poland": "Europe", "Greece": "Europe", "Japan": "Asia", "China": "Asia", "India": "Asia",
    "Egypt": "Africa", "Kenya": "Africa", "Canada": "North America", "Mexico": "North America",
    "Peru": "South America", "Chile": "South America", "Argentina": "South America",
}  # fmt: skip

THING_COLOURS: dict[str, str] = {
    "The sky": "blue", "Grass": "green", "Snow": "white", "Milk": "white", "Blood": "red",
    "Coal": "black", "The sun": "yellow", "A lemon": "yellow", "A ripe banana": "yellow",
    "A carrot": "orange", "An orange": "orange", "A ripe tomato": "red", "A cherry": "red",
    "Chocolate": "brown", "An elephant": "grey", "A crow": "black", "A swan": "white",
    "A frog": "green", "A flamingo": "pink", "The night sky": "black", "A polar bear": "white",
    "A violet": "purple", "The sea": "blue", "A cucumber": "green", "A strawberry": "red",
}  # fmt: skip

OPPOSITES = [
    tuple(pair.split("/"))
    for pair in words(
        """hot/cold, big/small, fast/slow, old/young, light/dark, rich/poor, happy/sad, high/low,
        wet/dry, strong/weak, open/closed, full/empty, early/late, hard/soft, long/short, day/night,
        love/hate, war/peace, up/down, left/right, clean/dirty, thick/thin, loud/quiet, near/far,
        easy/difficult, sweet/sour, black/white, begin/end, heavy/light, cheap/expensive"""
    )
]
JOB_WORK: dict[str, tuple[str, str]] = {
    "baker": ("bakes bread and cakes", "in a bakery"),
    "teacher": ("teaches children", "in a school"),
    "farmer": ("grows food and keeps animals", "on a farm"),
    "doctor": ("helps people who are ill", "in a hospital"),
    "nurse": ("looks after patients", "in a hospital"),
    "fisherman": ("catches fish", "at sea"),
    "carpenter": ("makes things out of wood", "in a workshop"),
    "gardener": ("looks after plants and flowers", "in a garden"),
    "painter": ("paints pictures", "in a studio"),
    "pilot": ("flies aeroplanes", "in the sky"),
    "cook": ("prepares meals", "in a kitchen"),
    "tailor": ("makes and mends clothes", "in a shop"),
    "librarian": ("takes care of books", "in a library"),
    "mechanic": ("repairs cars", "in a garage"),
    "dentist": ("looks after people's teeth", "in a surgery"),
    "waiter": ("brings food to the guests", "in a restaurant"),
    "postman": ("brings letters and parcels", "in the streets"),
    "shepherd": ("looks after sheep", "in the hills"),
    "vet": ("helps sick animals", "in a clinic"),
    "miner": ("digs coal out of the ground", "under the ground"),
    "judge": ("decides what is right by the law", "in a court"),
    "actor": ("plays parts on the stage", "in a theatre"),
}
USES: dict[str, str] = {
    "a knife": "cut bread", "a pen": "write", "a broom": "sweep the floor", "a key": "open a door",
    "an umbrella": "stay dry in the rain", "a hammer": "hit nails", "a needle": "sew clothes",
    "a clock": "tell the time", "a lamp": "light a room", "a bucket": "carry water",
    "a ladder": "reach high places", "a kettle": "boil water", "scissors": "cut paper",
    "a towel": "dry our hands", "a spoon": "eat soup", "a map": "find the way",
    "a brush": "paint", "an axe": "chop wood", "soap": "wash our hands", "a pillow": "sleep well",
    "a telephone": "talk to people far away", "a camera": "take photographs",
}  # fmt: skip
MADE_OF: dict[str, str] = {
    "Bread": "flour, water and salt", "Cheese": "milk", "Butter": "cream", "Paper": "wood",
    "Glass": "sand", "A window": "glass", "A book": "paper", "Wine": "grapes",
    "An omelette": "eggs", "Chocolate": "cocoa beans", "A jumper": "wool", "Lemonade": "lemons",
    "A brick": "clay", "A tyre": "rubber", "Ice": "frozen water", "Jam": "fruit and sugar",
}  # fmt: skip
SEASON_FACTS: dict[str, list[str]] = {
    "spring": [
        "the flowers begin to bloom", "the days grow longer", "the birds build their nests",
        "the snow melts", "the trees get new leaves", "farmers sow their seeds",
    ],
    "summer": [
        "the sun shines for many hours", "children have their holidays", "people swim in the sea",
        "the days are long and warm", "the fruit ripens", "people eat ice cream in the park",
    ],
    "autumn": [
        "the leaves turn red and yellow", "the farmers bring in the harvest",
        "many birds fly to the south", "the days grow shorter", "the apples are ripe",
        "the wind blows the leaves from the trees",
    ],
    "winter": [
        "it often snows", "the nights are long and cold", "some animals sleep until spring",
        "the lakes freeze", "people wear warm coats and gloves", "the trees are bare",
    ],
}  # fmt: skip

# British spelling to American; a part of the documents is written with the second.
AMERICAN: dict[str, str] = {
    "favourite": "favorite", "favourites": "favorites", "colour": "color", "colours": "colors",
    "neighbour": "neighbor", "neighbours": "neighbors", "neighbourhood": "neighborhood",
    "grey": "gray", "harbour": "harbor", "theatre": "theater", "traveller": "traveler",
    "travellers": "travelers", "travelled": "traveled", "travelling": "traveling",
    "mum": "mom", "honour": "honor", "centre": "center", "metres": "meters",
    "aeroplane": "airplane", "aeroplanes": "airplanes", "tyre": "tire", "jumper": "sweater",
    "realised": "realized", "apologised": "apologized", "cosy": "cozy", "programme": "program",
    "pyjamas": "pajamas", "lorry": "truck", "biscuits": "cookies", "biscuit": "cookie",
}  # fmt: skip
