"""Lists of words for `gl.tasks.Words`: those that stand in a circle, in its order, and nouns that stand in none."""

#: The days of the week: C7.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: The months of the year: C12. "May" and "March" are words of other kinds too.
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
#: The hours of a clock: C12, in templates such as "It is {} o'clock".
#: Those of a day are `[f"{hour:02}:00" for hour in range(24)]`: C24. These end in the same tokens, and go round by
#: them (`Words.shared_tokens`). In other texts the words of a clock are numbers, which lie along a line.
HOURS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
#: The twelve notes of an octave by semitones: C12. By fifths they are `coordinate=lambda note: 7 * note % 12`.
#: "C#" and "D#" may end in one token, "#", and are then alike in any model (`Words.shared_tokens`).
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
#: The points of the compass, clockwise: C8. Where a tokenizer cuts "northeast" into "north" and "east", words with the
#: same token stand together on the circle, in an untrained model too: see `Words.shared_tokens`.
COMPASS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
#: Nouns that have no order to each other, listed in a random one: what is found of as many of them is found by chance.
UNRELATED = (
    "table", "river", "doctor", "music", "garden", "bread", "window", "horse", "paper",
    "mountain", "engine", "shirt", "letter", "island", "knife", "teacher", "cloud", "bottle",
    "bridge", "market", "flower", "pocket", "hammer", "forest", "dinner", "camera", "stone",
    "blanket", "ticket", "lawyer", "candle", "valley", "piano", "basket", "metal", "chicken",
)  # fmt: skip
