"""All the lesson's English, in one place. {names} in braces are filled in by the steps; another language is another such file."""

TITLE = "The Morse lesson"
LEAD = "Seven small steps from dots and dashes to the codebooks of a neural network. Each asks you to do something."
STEPS = (
    "Codebooks", "The wrong codebook", "From letters to codes", "Why the code falls silent", "Order matters", "No free lunch",
    "Check yourself",
)  # fmt: skip
STEP = "Step {number} of {count}: {name}"
STEP_PICKER = "Step"
BEFORE, AFTER = "← {name}", "{name} →"
PROJECTOR = "Projector mode"
PROJECTOR_HELP = "Large type and nothing but the step. It stands in the address, so a link can ask for it."
UNKNOWN_STEP = "The address asks for step {asked}; there are steps 1 to {count}. Step 1 is shown."
BILL_LINK = "Why bits, and what the lines of a bill can and cannot say: [the Morse lesson](lesson?step=6)."
COMPARE_LINK = "Why one column must not be set against another: [the Morse lesson](lesson?step=6)."
SENT_LINK = "Why an order makes images cheap, and what it gives away: [the Morse lesson](lesson?step=5)."
SET_LINK = "What a code costs, and when it says nothing: [the Morse lesson](lesson?step=4)."
FORMULA = "Formula"
SOURCES = "Sources"

NO_PAIR = (
    "This step speaks of two trained models of the same images: one with a single codebook for all, N(0, I), and one with local"
    " codebooks. There is no such pair in `{folder}`; steps 1 and 2 need none."
)
FAILED = "This step needs a model that cannot be read. {error}"

MESSAGES = {
    "English": "PARIS", "Russian": "Я ЛЮБЛЮ ПАРИЖ", "German": "PARIS IST SCHÖN", "French": "PARIS EN ÉTÉ", "Spanish": "MAÑANA"
        " EN PARÍS",
}  # fmt: skip

# ---- What is done with a message that is not all letters

SKIPPED = "Skipped, for {language} has no sign for it here: {characters}."
MORE_SKIPPED = "{characters} and {count} more kinds"
RIGHT_TO_LEFT = (
    "Hebrew and Arabic have Morse tables of their own, sent like any other, first letter first; this lesson has only the five"
    " languages of its frequency tables."
)
EMPTY = "There is nothing to send yet: type a few letters, such as {example}."
CUT = "Only the first {longest:,} characters are read."
LONG = "The strip shows the first {shown} of {count:,} letters; the figures count them all."

# ---- Step 1

CODEBOOKS = (
    "A codebook gives every letter a code word. In Morse's book a dot goes left and a dash goes right, down the tree, to the"
    " letter. Common letters live near the top. **Type a message** and walk through it: click a letter, or use the arrow keys."
)
MESSAGE = "Your message"
TREE = {
    "tree": "The Morse tree: a dot goes left, a dash goes right.", "dot": "dot", "dash": "dash", "play": "Hear it",
    "stop": "Stop", "strip": "Your message, letter by letter",
}  # fmt: skip
SIGN_NAMES = {".": "dot", "-": "dash"}
LETTER_ALT = "{letter}: {sign}, {units} units"
LETTERS, MARKS, UNITS, SECONDS = "Letters", "Dots, dashes", "Length in units", "At 15 words a minute"
SECONDS_VALUE = "{seconds:.0f} s"
TIMING = (
    "A dot is 1 unit long, a dash 3. Silence: 1 between the marks of a letter, 3 between letters, 7 after a word. With its word"
    " gap, PARIS is {paris} units: speeds in words a minute count such words."
)
HOW_WELL = "How well did Morse do?"
HOW_WELL_LEAD = (
    "Above: how often {language} uses each letter. Below: how many units the letter takes, with the gap after it. **Sort the"
    " letters** both ways: a perfect table would climb in the first order just as it does in the second."
)
SORTING = "Sort the letters by"
SORTINGS = {"often": "how often they come", "short": "how short their sign is"}
AS_IS, AS_COULD_BE, WASTE = "A letter, as the table is", "As it could be", "Too long by"
UNITS_VALUE = "{units:.2f} units"
COULD_BE = "As it could be: the same {count} signs dealt out anew, the shortest to the most frequent letter."
COULD_BE_FIRST = "For {letter}, the most frequent, the table has {units} units; it could have {best}."
COULD_BE_WELL = "{letter}, the most frequent, has the shortest already."
TABLE_CHART = {
    "often": "share of the text, per cent", "units": "units a letter", "is": "as the table is", "could": "as it could be",
    "alt": "For each letter of {language}, how often it comes, and how many units it takes as the table is and as it could be",
}  # fmt: skip
EXPECTED_FORMULA = r"\text{units a letter} = \sum_{a} p(a)\,\big(\text{units of the sign of } a + 3\big)"
MORSE_KRAFT = (
    "Seen as a code of on and off, one a unit, Morse's signs with their gaps have a Kraft sum of {kraft:.3f}. A sum of 1 is a"
    " full code; step 2 says what that means."
)
FREQUENCY_SOURCE = "{language}: {source}."
MORSE_SOURCE = (
    "Signs and timing: Recommendation ITU-R M.1677-1 (2009), International Morse code; Ñ and the Russian letters by national"
    " usage."
)

# ---- Step 2

WRONG_BOOK = (
    "Russian Morse was made from the Latin table by likeness: О kept the sign of O. But О is the most common letter of Russian,"
    " and that sign is three dashes. **Type Russian** and see."
)
WRONG_BOOK_TEXT = "A message in {language}"
IN_BITS = "The same in bits"
IN_BITS_LEAD = (
    "Forget dots: let every letter have a code word of bits, as long as its rarity deserves. That is the best book for one"
    " language. **Take another language's book** and look at the areas: a bar is as wide as its letter is frequent and as high"
    " as its code word is long, so its area is what the letter costs."
)
TEXT_IN, BOOK_OF = "The text is in", "The codebook was made for"
AREA_CHART = {
    "x": "share of the text, per cent", "y": "bits", "own": "the language's own book",
    "book": "the {book} book", "alt": "Bars as wide as letters are frequent and as high as their code words are long, by the"
        " language's own book and by the {book} book; the areas are bits a letter",
}  # fmt: skip
ENTROPY, CROSS_ENTROPY, KL = "Own book: entropy", "This book: cross-entropy", "The wrong book costs: KL"
BITS_A_LETTER = "{bits:.2f} bits"
YOUR_TEXT = "**Your text**, {count:,} letters: **{cross:.1f} bits** with the {book} book, {own:.1f} bits with its own."
SAME_BOOK = "The text has its own book, so nothing is wasted. **Choose another book.**"
RESERVE = (
    "A book that has no word for a letter cannot send it at any price, and its KL would be infinite. So each book keeps"
    " {reserve:.1f} % in reserve, shared by all {signs} Morse signs; letters with the same sign, like Latin P and Russian П,"
    " share a code word. Each book's Kraft sum is {kraft:.3f}."
)
ALL_PAIRS = "All pairs of languages"
ALL_PAIRS_NOTE = "KL in bits a letter: text in the row's language, the column's book. It is not the same both ways."
KL_FORMULA = (
    r"\underbrace{\sum_a p(a) \log_2\tfrac{1}{q(a)}}_{\text{cross-entropy}}"
    r" = \underbrace{\sum_a p(a) \log_2\tfrac{1}{p(a)}}_{\text{entropy}} + \mathrm{KL}(p\,\|\,q)"
)
KL_SYMBOLS = r"$p(a)$: how often letter $a$ comes in the text; $q(a)$: how often the book expects it."
BY_HAND = "Beat the optimum"
BY_HAND_LEAD = (
    "Now you make the book for {language}. **Drag a bar**, or use the arrow keys: each letter's code word in whole bits. Short"
    " words are dear: a word of 1 bit takes half of all the room there is, one of 2 bits a quarter. Stay within the budget."
)
BARS = {
    "slider": "Length of {letter}, {percent} of the text", "value": "{bits} bits",
    "within": "Budget used: {kraft}. A code with these lengths exists.",
    "over": "Budget used: {kraft}, more than 1. No code has these lengths: some words would have to begin like others.",
}  # fmt: skip
START_EQUAL, START_SHANNON, START_HUFFMAN, HINT = "All alike", "Round the ideal up", "Show the optimum", "Mark the ideal lengths"
YOUR_CODE, OPTIMUM, FLOOR = "Your code", "Best whole lengths", "Floor: entropy"
NO_CODE = "no such code"
BY_HAND_TEXT = "Your text in your code: **{bits:,} bits**; its first letters: {words}."
BEATEN = {
    "over": "These lengths cost {bits:.2f} bits a letter, but no code has them. Make rare letters longer to pay for it.",
    "optimal": "You have reached the optimum: no code of whole lengths costs less.",
    "close": "{gap:.2f} bits a letter above the optimum.",
}  # fmt: skip
KRAFT_FORMULA = r"\text{budget used} = \sum_a 2^{-\text{length}(a)} \le 1"
KRAFT_NOTE = (
    "Kraft's inequality: code words that can be told apart, none the beginning of another, exist just where the sum is at most"
    " 1. The best whole lengths are Huffman's; they are within 1 bit of the entropy."
)

# ---- Step 3

TO_CODES = (
    "A picture's code is not a letter but a number z, drawn from the bump N(c, 1). Its codebook is another bump, N(m, s²):"
    " where it is high, code words are short. **Drag c, m and s**, or use the arrow keys, and watch the price of the wrong"
    " book."
)
GAUSSIANS = {
    "picture": "The posterior N(c, 1) in orange, the codebook N(m, s²) in blue and dashed, the surprise under each, and KL as"
        " an area",
    "density": "where z falls (orange); the book (blue, dashed)",
    "surprise": "surprise at z, bits: own book, this book (dashed)",
    "area": "extra bits at z × how often: blue less grey is KL", "c": "c, the mean of the code", "m": "m, the middle of the"
        " codebook",
    "s": "s, the width of the codebook", "sum": "c = {c:.2f}, m = {m:.2f}, s = {s:.2f}: KL = {kl:.2f} bits",
}  # fmt: skip
UNIT_BOOK, LOCAL_BOOK = "One book for all: N(0, 1)", "A local book near c"
KL_NUMBER, SURPRISE_AT, BEST_WIDTH = "KL: the wrong book costs", "Surprise at z = c", "Cheapest s for this m"
BITS_VALUE = "{bits:.2f} bits"
KL_HALF = (
    "With N(0, 1) as the book, KL is c²/2 nats: the price is the distance from the middle, squared. A local book near c moves"
    " the middle to where z is, and the price shrinks to the distance from *there*."
)
GAUSSIAN_FORMULA = (
    r"\mathrm{KL}\big(\mathcal{N}(c,1)\,\|\,\mathcal{N}(m,s^2)\big) = \Big(\ln s + \frac{1+(c-m)^2}{2s^2} - \tfrac12\Big)"
    r"\big/\ln 2\ \text{bits}"
)
REAL_CODES = "The real thing: a whole code"
REAL_CODES_LEAD = (
    "**Choose an image.** Its code is a list of such numbers, {plain} in the first model and {local} in the second. Each row is"
    " one of them: orange where z falls, blue where the book expects it, grey N(0, 1); the bits on the right add up."
)
REAL_REST = "The {shown} costliest of {count} numbers; the other {rest} cost {bits:.2f} bits together."
WHOSE = "The same image in"
PLAIN_NAME, LOCAL_NAME = "one book for all", "local books"
REAL_SUM_PLAIN = "With N(0, I) for every image, this image's code costs **{bits:.1f} bits**."
REAL_SUM_LOCAL = (
    "With the book that its nearest neighbour gives, this image's code costs **{bits:.1f} bits**. The same code under N(0, I)"
    " would cost **{unit:.1f} bits**: local books let codes lie far apart, where they can be told from each other. (Nobody has"
    " yet told the receiver which neighbour: step 6 sends that bill.)"
)
REAL_CHART_ALT = "Per dimension: posterior, codebook and N(0, 1) of image {image} in {name}, and the bits between them"
INTO_PICTURE = "Put the costliest number, z{dimension}, into the picture above"
DIGIT_ALT = "Image {id}, digit {label}"
DIGIT_ALT_PLAIN = "Image {id}"
DIGIT_NAMED, DIGIT_NAMED_PLAIN = "digit {label} (image {id})", "image {id}"

# ---- Step 4

SILENCE = (
    "Two models with the same kind of decoder, one that guesses each pixel from those before. Such a decoder knows a lot about"
    " digits before it is told anything. **Choose an image** and look at its budget: the code first, then the pixels given the"
    " code."
)
BUDGET_ALT = "Bits for the pixels and for the code of image {image}, in both models"
PIXELS, CODE = "pixels", "code"
BUDGET_NOTE = (
    "Code: {plain} with N(0, I); {local} with the average of all training images' local books (`mixture`, complete for one"
    " image alone)."
)
SWAP_QUESTION = "Give the decoder **another image's code** instead. What happens?"
SWAP_ANSWERS = {
    "both": "Both models draw the other image.",
    "neither": "Neither model minds.",
    "local": "With one book for all nothing much happens; with local books the other image appears.",
}
SWAP_VERDICTS = {
    True: "So it is, see below.", False: "See below: the pixels' bill tells which decoder was listening.",
}  # fmt: skip
SWAP_PICK = "Whose code the decoder gets"
SWAP_IMAGE = "The image to send"
SWAP_CAPTIONS = ("to send", "from its code", "from the other's")
SWAP_ALTS = ("The image to send", "Drawn from its own code", "Drawn from the other image's code")
SWAP_CHANGE = "Pixels, with the other's code"
SWAP_SAME = "The code is the image's own, so nothing changes: choose another."
SWAP_BITS = "{bits:.1f} bits"
SWAP_DELTA = "{bits:+.1f} bits"
SWAP_DICE = (
    "All pictures are drawn with the same throws of the dice, so whatever differs between two of them comes from the code"
    " alone. What the code leaves open, the dice decide: a silent code draws some digit, not this one."
)
WHY_SILENT = (
    "**Why it falls silent.** Under one book for all, a bit said in the code costs a bit, and saves this decoder about a bit of"
    " pixels that it would have guessed almost as well. The cheapest message is to say nothing. This is *posterior collapse*. A"
    " local book charges only for what is new among neighbours, so talking pays."
)
MAP_QUESTION = "Now thousands of codes at once, as a map. In **the silent model**, are the digits sorted?"
MAP_ANSWERS = {
    "both": "Yes, on the map of the means c and on the map of the z that are sent.",
    "neither": "No, on neither map.",
    "means": "On the map of the means c, yes; on the map of the z that are sent, no.",
}
MAP_VERDICTS = {
    True: "So it is.", False: "Look: the means are sorted, the messages are not.",
}  # fmt: skip
MAP_TITLES = {"code": "means c", "sampled": "sampled z, what the decoder gets"}
MAP_ALT = "Map of the {what} of {model}: {count} test images coloured by digit"
MAP_OF = "Maps of the model with"
PROBE_NOTE = (
    "A linear classifier names the digit right in {c:.1f} % from c and in {z:.1f} % from z (10 % is chance). A silent model's"
    " means are tiny but in order; the noise drowns them. Look at means alone and a silent model seems to speak."
)
SWAP_MEAN = (
    "Over all test images, another's code raises the pixels by {plain:+.1f} bits in the first model and by {local:+.1f} in the"
    " second."
)

# ---- Step 5

ORDER = (
    "Ten digits to send, one after another. Each is sent with **the local book of the one before it**: near neighbours are"
    " cheap. **Drag them into a good order**, or choose one and use the arrow keys. The meter counts the bits of the codes."
)
TEN_SETS = {"close": "Ten that lie close", "each": "One of each digit"}
TEN_PICKER = "Which ten"
ORDER_WORDS = {
    "list": "The images in the order in which they are sent", "item": "{name}, place {place} of {count}, {price} bits",
    "meter": "Your order: {total:.1f} bits",
}  # fmt: skip
ORDER_VALUE = "{bits:.1f} bits"
YOURS, RANDOM, GREEDY, BEST = "Your order", "A random order, on average", "Greedy tour", "Best of all {count:,} orders"
METER_MARKS = {"best": "best", "random": "random"}
SHUFFLE, TAKE_GREEDY, TAKE_BEST = "Shuffle", "Take the greedy tour", "Show the best order"
GREEDY_NOTE = "Greedy: start with the image of the lowest number, and always go on to the nearest that is left."
ORDER_NOTE = (
    "The first image costs naming a neighbour too (`pointer`). Each alone, with no order at all (`mixture`), these ten would"
    " cost {alone:.1f} bits. Ten are few, so their neighbours are far; on a tour of all {n:,} test images the code costs"
    " {tour:.1f} bits an image, alone {mixture:.1f}. The pixels, {pixels:.1f} bits an image, come on top in any order."
)
ORDER_NOTE_NO_TOUR = (
    "The first image costs naming a neighbour too (`pointer`). Each alone, with no order at all (`mixture`), these would cost"
    " {alone:.1f} bits. The pixels come on top in any order."
)
YOU_FOUND_BEST = "You have found the best order."

# ---- Step 6

LUNCH = (
    "On a tour of all {n:,} test images the model with local books sends an image for **{tour:.2f} nats**, the plain one for"
    " **{plain:.2f}**. That is {gap:.2f} nats less. (A nat is {nat:.4f} bits; research papers count in nats.)"
)
LUNCH_QUESTION = "Where does the difference come from? **Decide first.**"
LUNCH_ANSWERS = {
    "merit": "Local books describe images that much better.",
    "order": "From the order: it could have said something, and was spent on cheap neighbours instead.",
    "pixels": "From a better decoder: its pixels cost less.",
}
LUNCH_VERDICTS = {
    "merit": "Only in part: {merit:.2f} of the {gap:.2f} nats remain when both send one image alone. The other {spent:.2f} came"
        " with the order.",
    "most": "Only in part, though the larger one: {merit:.2f} of the {gap:.2f} nats remain when both send one image alone. The"
        " other {spent:.2f} came with the order.",
    "order": "Yes, for the most part: {spent:.2f} of the {gap:.2f} nats came with the order. The order of {n:,} images could"
        " itself have said {order:.2f} nats an image.",
    "part": "In part: {spent:.2f} of the {gap:.2f} nats came with the order. The order of {n:,} images could itself have said"
        " {order:.2f} nats an image.",
    "pixels": "Its pixels do cost less, {local_pixels:.2f} against {plain_pixels:.2f} nats; but the code that makes them cheap"
        " has to be paid for, and stands in the same bill.",
}
ORDER_SAYS = "What an order can say"
ORDER_SAYS_LEAD = "A pack of cards can be shuffled into a message. **Choose how many images** there are to send."
COUNT, ORDER_BITS, ORDER_EACH = "Images", "Their order can say", "That is, an image"
ORDER_EACH_VALUE = "{bits:.2f} bits = {nats:.2f} nats"
YOUR_TEN = "Your order in step 5 saved {saved:.1f} bits against a random one. It could itself have said {could:.1f} bits."
YOUR_TEN_DEAR = (
    "Your order in step 5 costs {saved:.1f} bits more than a random one does on average. It could itself have said {could:.1f}"
    " bits."
)
ORDER_FORMULA = r"\log_2(n!)\ \text{bits} = \ln(n!)\ \text{nats};\quad \ln(n!)/n \approx \ln n - 1\ \text{an image}"
ACCOUNTS = "The honest accounts"
ACCOUNTS_LEAD = "Totals in nats an image, code and pixels, over {n:,} test images. Compare only marks of one kind."
ACCOUNT_KINDS = {"alone": "one image alone", "ordered": "in an order of our choice", "set": "as a set, the order used"}
ACCOUNT_NAMES = {
    "plain": "one book for all", "mixture": "local, mixture", "pointer": "local, pointer", "tour": "local, tour",
    "set_plain": "set: one book for all", "set_local": "set: local, mixture", "set_published": "set: published PixelCNN",
    "published": "published PixelCNN",
}  # fmt: skip
ACCOUNT_ALT = "Total nats an image by account, coloured by what kind of account it is"
ACCOUNT_TABLE = ("account", "kind", "nats an image", "bits an image")
SET_NOTE = (
    "**A set code** gives the order back to any model: let the bits of the message itself choose which image of those left is"
    " sent next. The receiver, knowing the set, reads the choice back. Each image returns the logarithm of how many were left,"
    " {order:.2f} nats on average. So a plain autoregressive model at {published:.1f} nats sends the {n:,} test images for"
    " {set_published:.1f} each"
)
SET_NOTE_END = ": less than the tour, and with no neighbours at all."
MERIT = "What is left as the local books' own merit?"
MERIT_NOTE = (
    "**{merit:+.2f} nats an image** where both send one image alone ({plain:.2f} against {mixture:.2f}), between two training"
    " recipes that differ in more than the prior. And what no bill shows: the code still speaks. From the z that is sent, a"
    " linear classifier names {local_z:.0f} % of the digits, against {plain_z:.0f} %."
)
MERIT_NOTE_NO_PROBE = "**{merit:+.2f} nats an image** where both send one image alone ({plain:.2f} against {mixture:.2f})."
TABLE = "As a table"
MISSING = "This step needs costs on a tour, which this model's bundle does not hold."
PUBLISHED_SOURCE = (
    "Published PixelCNN: {published:.1f} nats on static binarised MNIST, van den Oord, Kalchbrenner, Kavukcuoglu, Pixel"
    " Recurrent Neural Networks (arXiv 1601.06759), table 4; another draw of the bits than ours. Set codes: Severo, Townsend"
    " and others, Compressing multisets with large alphabets using bits-back coding (2021)."
)

# ---- Step 7

CHECK = "Eight questions about what **you** did. Wrong answers are explained; you may try again."
SCORE = "{right} of {count} right."
RIGHT = "Right. {why}"
WRONG = "Not quite. {why}"
DONE = (
    "All eight. You can now say why KL is the price of the wrong codebook, why a strong decoder makes a code fall silent, what"
    " a local prior changes, and what an order hides."
)

TEACHERS = "For teachers"
TEACHERS_NOTE = (
    "Each step has its own address, such as `{address}`; `&mode=projector` gives large type. The handout is one page in"
    " Markdown: the questions, and the figures to expect when nothing has been changed."
)
HANDOUT = "The handout"
HANDOUT_FILE = "morse-lesson-handout.md"

# option: (what is shown, why it is right or wrong)
QUESTIONS = {
    "units": {
        "text": "Your message *{message}*, sent in Morse with the gap after each word: how many units long is it?",
        "options": {
            "units": ("{units:,}", "Dots 1, dashes 3, and the gaps between marks, letters and words: silence takes time too."),
            "signs": ("{signs:,}", "That leaves out the gaps between letters (3) and after words (7)."),
            "marks": ("{marks:,}", "That only counts dots and dashes: a dash is three units long, and there are gaps."),
        },
    },
    "russian": {
        "text": "A letter of Russian takes {now:.2f} units by the real Morse table. With the same signs dealt out by how often"
            " Russian uses its letters, how many?",
        "options": {
            "could": ("{could:.2f}", "The shortest signs go to the most frequent letters; no other deal of the same signs is"
                " shorter."),
            "english": ("{english:.2f}", "That is English by its own table. The signs' lengths are the same, but Russian uses"
                " more letters."),
            "same": ("{now:.2f}, it cannot be helped", "It can: О, the most frequent, has three dashes, while rarer letters"
                " have shorter signs."),
        },
    },
    "wrong_book": {
        "text": "{text} text, sent with the best codebook for {book}: how many bits a letter are wasted?",
        "options": {
            "kl": ("{kl:.2f}, the KL of {text} from {book}", "Cross-entropy less entropy: the cost of the wrong codebook."),
            "back": ("{back:.2f}, the KL of {book} from {text}", "That is the other way round: {book} text with the {text}"
                " book. KL is weighted by the letters that are sent."),
            "entropy": ("{entropy:.2f}, the entropy of {text}", "That is what {text} costs with its own book: nothing of it"
                " is wasted."),
        },
    },
    "kraft": {
        "text": "Take your code for {language} from step 2 and cut the word for {letter} to a single bit, all else as it is."
            " Is there still such a code?",
        "options": {
            "fits": ("Yes: the Kraft sum is {sum:.3f}", "The sum is at most 1: one half for {letter}, and {rest:.3f} for all"
                " the others."),
            "over": ("No: the Kraft sum is {sum:.3f}", "One bit for {letter} takes half of the budget, and the others need"
                " {rest:.3f}: compare the sum {sum:.3f} with 1."),
            "always": ("Yes, any lengths will do", "Code words that can be told apart need room: the sum of 2 to the minus"
                " length must not exceed 1."),
        },
    },
    "gaussian": {
        "text": "Your last picture in step 3: z falls around c = {c:.2f} with width 1, the codebook is N({m:.2f}, {s:.2f}²)."
            " What does the wrong book cost?",
        "options": {
            "kl": ("{kl:.2f} bits", "The KL of N(c, 1) from the codebook: farther off is dearer, and so is a wrong width."),
            "unit": ("{unit:.2f} bits", "That is the price with N(0, 1) as the book: c²/2 nats."),
            "back": ("{back:.2f} bits", "That is KL the other way round, z from the book sent with N(c, 1)."),
            "nats": ("{nats:.2f} bits", "That is the figure in nats, and a nat is more than a bit."),
            "none": ("Nothing, if z happens to be m", "A lucky z is cheap, but KL is the average over all z that come."),
        },
    },
    "swap": {
        "text": "The {image} is decoded with the code of the {other}. In which model does that cost {local:+.1f} bits of"
            " pixels, and in which {plain:+.1f}?",
        "options": {
            "silent": ("{local:+.1f} with local books, {plain:+.1f} with one book for all", "The model with one book said"
                " only {latent:.1f} bits in its code, so there is little to miss: its code is nearly silent."),
            "other_way": ("{plain:+.1f} with local books, {local:+.1f} with one book for all", "The other way round: one book"
                " for all makes talking dear, and this decoder can do without."),
            "both": ("It depends only on the images", "Both models get the same two images. What differs is whether the"
                " decoder listens to the code."),
        },
    },
    "order": {
        "text": "Your order in step 5 costs {total:.1f} bits for the codes. How many bits could the order of these {n} images"
            " itself have carried?",
        "options": {
            "could": ("{could:.1f}", "The logarithm of {n}! orders. Choosing the order for cheapness spends what it could"
                " have said."),
            "nothing": ("None, an order is not data", "The sender may pick any of {n}! orders, and the receiver sees which:"
                " that is a message."),
            "each": ("{each:.1f}", "That counts the whole order once for each image."),
            "best": ("{best:.1f}", "That is what the codes cost in the best order."),
        },
    },
    "merit": {
        "text": "Plain model {plain:.2f} nats an image, local books on a tour {tour:.2f}, local books for one image alone"
            " {mixture:.2f}. How much of this is the local books' own merit?",
        "options": {
            "merit": ("{merit:.2f} nats", "One image alone against one image alone. The order adds up to {order:.2f} nats to"
                " any model."),
            "gap": ("{gap:.2f} nats", "That compares an ordered account with an unordered one: the order could have said"
                " {order:.2f} nats."),
            "across": ("{across:.2f} nats", "That compares a set code with a code for one image; the plain model can be sent"
                " as a set too."),
        },
    },
}

# ---- The handout

HANDOUT_TITLE = "The Morse lesson: a handout"
HANDOUT_LEAD = (
    "Seven steps: ten minutes alone, a lesson in class. Step n is at `lesson?step=n`; `&mode=projector` gives large type. All"
    " figures are computed by the program that shows them; those of the models are those of the bundles that were here."
)
HANDOUT_FIGURES = "Figures to expect"
HANDOUT_TABLE = ("step", "what", "figure")
HANDOUT_ROWS = {
    "paris": "PARIS in Morse with its word gap, units",
    "english": "a letter of English in Morse, units: as it is; as it could be",
    "russian": "a letter of Russian in Morse, units: as it is; as it could be",
    "entropy": "entropy of {language}, bits a letter",
    "kl": "Russian sent with the English book: KL, bits a letter",
    "huffman": "best whole lengths for English, bits a letter",
    "equal": "Kraft sum of 26 words of 5 bits",
    "gaussian": "KL of N(2, 1) from N(0, 1), bits (2 nats)",
    "order": "what the order of 10 images can say, bits",
    "cards": "what the order of 52 cards can say, bits",
    "missed": "another image's code, mean over the ten images: bits of pixels with one book; with local books",
    "queue": "ten that lie close, bits of code: random order on average; greedy; best",
    "account": "{name} ({kind}), nats an image",
}
HANDOUT_QUESTIONS = "Questions and answers"
HANDOUT_QUESTIONS_LEAD = "As step 7 asks them when nothing has been changed."
HANDOUT_TALK = "To talk about"
HANDOUT_TALKS = (
    "Who paid for the wrong codebook when Russian took over the Latin table: the sender, the receiver, or the line?",
    "A book that is good for all languages at once: what would it look like, and what would each language lose?",
    "Why does a decoder that could do without the code leave it empty, although the code could carry the digit?",
    "Sorting a bookshelf costs nothing to the reader. Why does sorting images cost something here?",
    "If every model gains the same from a set code, what is a fair way to compare two models?",
)
