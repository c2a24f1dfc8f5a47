"""The words that riddles are made of. No word stands in two groups, so that every riddle has one right answer."""

from annotations.challenges.unseen.lexicon import Lexicon

GROUPS: dict[str, tuple[str, ...]] = {
    "an animal": (
        "dog",
        "horse",
        "cow",
        "sheep",
        "goat",
        "rabbit",
        "lion",
        "tiger",
        "elephant",
        "monkey",
        "fox",
        "wolf",
    ),
    "a fruit": ("apple", "pear", "banana", "cherry", "grape", "peach", "plum", "lemon", "strawberry", "pineapple"),
    "a colour": ("red", "blue", "green", "yellow", "black", "white", "brown", "grey", "purple"),
    "a piece of furniture": ("table", "chair", "bed", "sofa", "cupboard", "wardrobe", "bookcase", "armchair"),
    "a piece of clothing": ("shirt", "trousers", "skirt", "sock", "coat", "scarf", "glove", "jacket", "sweater"),
    "a vehicle": ("car", "bus", "train", "bicycle", "lorry", "tram", "motorbike", "aeroplane", "helicopter"),
    "a part of the body": ("nose", "knee", "elbow", "shoulder", "ear", "foot", "stomach", "finger", "neck"),
    "a day of the week": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "a month": ("January", "February", "April", "June", "July", "August", "October", "November", "December"),
    "a musical instrument": ("piano", "violin", "guitar", "trumpet", "flute", "drum", "cello", "saxophone"),
    "a number": ("two", "three", "five", "seven", "eleven", "twelve", "twenty", "hundred", "thousand"),
    "a drink": ("water", "milk", "coffee", "tea", "lemonade", "beer", "wine", "cocoa"),
    "a room of a house": ("kitchen", "bathroom", "bedroom", "cellar", "hallway", "attic", "dining room"),
    "a tool": ("hammer", "saw", "screwdriver", "pliers", "drill", "spanner", "axe"),
    "a job": ("teacher", "doctor", "baker", "farmer", "plumber", "nurse", "firefighter", "lawyer", "carpenter"),
    "something to read": ("book", "newspaper", "letter", "magazine", "novel", "dictionary", "diary"),
}

OPPOSITES: tuple[tuple[str, str], ...] = (
    ("hot", "cold"),
    ("big", "small"),
    ("day", "night"),
    ("young", "old"),
    ("wet", "dry"),
    ("open", "closed"),
    ("full", "empty"),
    ("early", "late"),
    ("loud", "quiet"),
    ("heavy", "light"),
    ("rich", "poor"),
    ("inside", "outside"),
    ("above", "below"),
    ("always", "never"),
    ("strong", "weak"),
    ("clean", "dirty"),
    ("fast", "slow"),
    ("near", "far"),
    ("first", "last"),
    ("sweet", "sour"),
    ("happy", "sad"),
    ("left", "right"),
)

# From small to large, each so much larger than the one before that nobody has to think about it.
SIZES: tuple[tuple[str, ...], ...] = (
    ("an ant", "a bee", "a mouse", "a cat", "a sheep", "a horse", "an elephant", "a whale"),
    ("a crumb", "a slice of bread", "a kitchen table", "a house", "a village", "a city", "a country", "a continent"),
    ("a grain of sand", "a pebble", "a brick", "a rock as big as a car", "a mountain"),
    ("a drop", "a cup of water", "a bucket of water", "a lake", "an ocean"),
    ("a button", "a spoon", "a shoe", "a suitcase", "a wardrobe", "a bus", "an ocean liner"),
    ("a seed", "a flower", "a bush", "a tree", "a forest"),
)
SPANS: tuple[tuple[str, ...], ...] = (
    ("a second", "a minute", "an hour", "a day", "a week", "a month", "a year", "a century"),
    ("a sneeze", "a meal", "a night's sleep", "a school year", "a lifetime"),
)

DAYS: tuple[str, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: tuple[str, ...] = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
MONTHS += ("October", "November", "December")

LEXICON = Lexicon(
    groups=GROUPS,
    opposites=OPPOSITES,
    sizes=SIZES,
    spans=SPANS,
    days=DAYS,
    months=MONTHS,
    which_is="Which of these is {}?",
    which_is_not="Which of these is not {}?",
    opposite_of="What is the opposite of “{}”?",
    smallest="Which of these is the smallest?",
    largest="Which of these is the largest?",
    shortest="Which of these is the shortest?",
    longest="Which of these is the longest?",
    comes_next="{}: which comes next?",
    counts_on="{}: which number comes next?",
)
