"""The page's longer sentences and its formulas, in one place."""

TITLE = "Global and local priors, side by side"
LEAD = (
    "Each point is an image, put where a model keeps its code. Click one to see which images the model thinks are near,"
    " what it expects there, and what sending the image costs."
)
NO_BUNDLES = """There is no trained model in `{folder}` yet. To make one (some minutes on a plain computer):

```
python -m lpvae train --prior local --decoder factorised --epochs 3 --out runs/mine
python -m lpvae build runs/mine --out {folder}/mine
```

Then load this page again. To show models from another folder, set the environment variable `LPVAE_MODELS` to it."""

SHOWS = {"test": "{test:,} test images", "all": "all {all:,}"}
WHATS = {"code": "codes c", "sampled": "sampled z"}
WHAT_HELP = (
    "c is the mean of an image's code; z is what the decoder is really given, c plus noise. A model that says nothing still"
    " has means that look sorted; its messages do not. The map of sampled z is the honest one."
)
K_HELP = "How many of the nearest training images are listed and marked on the maps. Distances are in the latent space."
NEIGHBOUR_HELP = "Which neighbour, from the nearest on: its code is given to the prior, and the interpolation ends there."
SECOND_HELP = "The interpolation ends at this image instead of the neighbour. Shift-click on a map does the same."

RECONSTRUCTION = (
    "The image, as the bits that are sent; and one picture drawn by the decoder from a sample z of its code. The decoder"
    " chooses freely what z leaves open, so a model whose z is silent draws some other digit."
)
RECONSTRUCTION_HELP = "z: the code plus noise, the only thing the decoder is given. A bit: one pixel, black or white."
NEIGHBOURS = (
    "The nearest codes of training images, nearest first, with label and distance; never the image itself. Click one to"
    " choose it: its code then goes to the prior, and the interpolation ends there."
)
NEIGHBOURS_HELP = "A code: the short list of numbers that the encoder makes of an image. Near codes: alike images, to the model."
METRICS = {"euclid": "Euclid", "cosine": "cosine"}
METRIC_HELP = (
    "Euclid: the plain distance between two codes. Cosine: 1 − the cosine of the angle between them, seen from the origin of"
    " the latent space; their lengths don't count."
)
COSINE_NOTE = "The neighbours shown are by angle. The model's own prior and its bill always take the Euclidean ones."
ALL_SHARED = "Both models name the same neighbours."
ONLY_THERE = "Only there: the other model's neighbours, with the rank that each has among all training images here."
PRIOR = (
    "Orange is where this image's z lies, blue is where the prior expects it, grey is N(0, 1). The further apart orange and"
    " blue are, the more bits the dimension costs."
)
PRIOR_HELP = (
    "Posterior: where the encoder puts the image's z, give or take noise. Prior: where the receiver expects z before anything"
    " is sent. KL: the bits it takes to correct that expectation."
)
PRIOR_ALT = "Per dimension: posterior, {name} and N(0, 1), and the bits between them"
ALL_DIMENSIONS = "All {count} dimensions"
PRIOR_PICTURES = (
    "Four pictures drawn from the prior: z from p(z|ĉ), then the image from z. The maps mark where such z lie, roughly: a"
    " new z is put among the five nearest codes."
)
EACH_NEIGHBOUR = "What z would cost with the prior of each neighbour, nearest first; the chosen one is orange."
EACH_ALT = "Bits that z costs with the prior of each neighbour, from {least:.2f} to {most:.2f}"
JOINT_SUM = (
    "This prior is one mixture over all dimensions together, so its bits do not split by dimension: blue shows each"
    " dimension's share of it alone. In all z costs {total} (mean and standard error over {draws}"
    " samples of z). No neighbour is asked."
)
CHARTS_FOLLOW = "The charts of the prior and the bill follow as soon as the maps are drawn."
KIND_HELP = "What the camera button above a chart saves: PNG is a picture, SVG a drawing that stays sharp at any size."

WALKS_TITLE = "Watch it move"
WALKS = {"there": "From here to there", "dream": "Daydream", "draw": "Watch it draw"}
PATHS = {"there": "interpolation", "dream": "daydream"}  # on the maps
LINES = {"straight": "straight", "spherical": "spherical", "graph": "by neighbours"}
LINE_HELP = (
    "Straight: the shortest line between the two codes, through places where no image may lie. Spherical: an arc around the mean"
    " of all training codes, so that the codes between keep the ends' distance from it. By neighbours: the shortest way over real"
    " images, from neighbour to neighbour."
)
STRIP = (
    "Nine steps from one code to the other, each drawn by the decoder; under each the real image whose code is nearest. All"
    " nine share the same random numbers, so whatever changes comes from z alone."
)
ROUTES = {
    "straight": "In a straight line.",
    "spherical": "On an arc around the mean of the training codes: {start:.1f} away from it at the start, {end:.1f} at the end.",
    "graph": "Through {count}, from neighbour to neighbour (one among the other's ten nearest), in steps of equal length.",
}
NEAR_ENDS = "The two ends are neighbours themselves, so the way is straight."
NO_GRAPH_YET = "The graph of this model's neighbours is being made, once; until then the line is straight."
DREAM = (
    "The model walks on its own: draw a z from the prior that the image's code gives, draw an image from z, encode that"
    " image, and again. A prior that listens to the code stays with the subject for a while; N(0, I) forgets it at once."
)
DREAM_STEP = (
    "Step {n}. Prior: z is drawn {leap:.1f} away from the code of picture {before}. Decoder: this picture is drawn from z."
    " Encoder: the picture's own code lies {miss:.1f} away from z."
)
DREAM_START = "The start: the image itself. Its code asks the prior."
DRAW = (
    "How the pixels are sent, given z. The brighter a block of the heat map, the less the model expected it: its surprise in"
    " bits, which sum to the pixels' part of the bill."
)
DRAWS = {"image": "the image's own bits", "fresh": "a fresh drawing from its z"}
DRAW_HELP = "The model's own surprise at the true bits; or bits that it draws itself, which seldom surprise it."
DRAW_AT_ONCE = "This decoder sends all pixels at once: none waits for another."
DRAW_IN_ORDER = "This decoder sends blocks of 2×2 pixels row by row, each knowing those before."

OWN = "Draw or upload an image of your own"
OWN_LEAD = (
    "Draw a digit, or send a picture of one: dark on light or light on dark. It is cut out, sized and centred as MNIST's digits"
    " are, and then treated like any other image. It stays in your session and is gone with it."
)
OWN_UPLOAD = "A picture file"
OWN_UPLOAD_HELP = "PNG, JPEG, GIF, BMP or WebP, at most 10 MB."
OWN_SEEN = "What the models see: {side} × {side} bits."
OWN_ON_MAPS = (
    "◎ is your image. Its place is approximate: the mean of the places of its five nearest codes, the nearer ones counting"
    " more. A click on the maps goes back to their images."
)
OWN_BILL = (
    "Your image's bits are its greys cut at one half; those of the data were drawn at random from the greys, so their edges are"
    " rougher and cost a little more."
)
VAMP_MIXTURE = "For {name}, mixture is its own prior: {count} learned components, alike for every image; no neighbour is asked."
BILL = "What a receiver would be sent for this one image: z first, then the pixels given z. Shorter is better."
BILL_HELP = "A bit is one yes or no. A complete code is one from which the receiver could really restore the image."
BILL_ALT = "Bits for the pixels and for the latent, by model and protocol; the same figures stand in the table"

PROTOCOLS = {
    "free_neighbour": "free neighbour", "pointer": "pointer", "mixture": "mixture", "tour": "tour", "global": "N(0, I)",
}  # fmt: skip
INCOMPLETE = ("free_neighbour",)
PIXELS = "What the pixels cost once z is known: a part of each total."
EXPLAINED = {
    "free_neighbour": "NOT a complete code: z is sent with a neighbour's prior, but nobody told the receiver which neighbour.",
    "pointer": "The neighbour is named too; the free choice among the K pays back what it can. Complete, for one image alone.",
    "mixture": "z is sent with the average of all the training images' priors: no neighbour to name. Complete, for one image"
    " alone, and comparable to other models' bounds.",
    "tour": "z is sent with the prior of the image sent just before, along a tour of all test images. Complete for the set;"
    " the order says nothing else, though it could have said up to {order:.2f} bits an image: add them before comparing.",
    "global": "z is sent with N(0, I), the same for every image. Complete, for one image alone.",
}
FORMULAS = {
    "free_neighbour": r"\frac{1}{K}\sum_{k=1}^{K} \mathrm{KL}\big(q(z|x)\,\|\,p(z|c_k)\big)",
    "pointer": r"\text{free neighbour} + \log_2\frac{N}{K}",
    "mixture": r"\mathbb{E}_{q}\Big[\log_2 q(z|x) - \log_2 \tfrac{1}{N}\textstyle\sum_{i} p(z|c_i)\Big]",
    "tour": r"\mathrm{KL}\big(q(z|x)\,\|\,p(z|c_{\text{image before}})\big)",
    "global": r"\mathrm{KL}\big(q(z|x)\,\|\,\mathcal{N}(0, I)\big) = \tfrac{1}{2}\|c\|^2 / \ln 2",
}
PIXELS_FORMULA = r"-\log_2 p(x|z),\quad z \sim q(z|x) = \mathcal{N}(c, I)"
PRIOR_FORMULA = (
    r"\mathrm{KL}\big(q(z|x)\,\|\,p(z|\hat c)\big)"
    r" = \sum_{d} \mathrm{KL}\big(\mathcal{N}(c_d, 1)\,\|\,p(z_d|\hat c)\big)"
)
PRIOR_SYMBOLS = r"In bits: divided by ln 2. $c$ is the image's code, $\hat c$ the neighbour's."
