"""The Compare page's longer sentences and its formulas, in one place."""

LEAD = (
    "Does a local codebook help, or would any flexible one do? Is a cheap code a good one, or a silent one? Every trained"
    " model stands here beside the others."
)

STORY = (
    "Each point is a model. Further right: it spends more on its code z. Further up: more of the digit can be read from z."
    " A model at the left and low has fallen silent: its decoder draws without listening."
)
KEPT = {
    "price": "price of z (its best complete code)", "rise": "pixels' rise with another image's code",
    "information": "information in z (at least)",
}  # fmt: skip
KEPT_HELP = (
    "The price of z is what its cheapest complete code for one image costs; a poor codebook pays more for the same news."
    " The rise says how much the decoder listens. The information is counted from the codes alone, whatever the codebook."
)
PROBES = {
    "linear_sampled": "linear reader, sampled z", "knn_sampled": "10 nearest, sampled z",
    "linear": "linear reader, mean c", "knn": "10 nearest, mean c",
}  # fmt: skip
DUELS = (
    "**The same decoder under two priors.** Each one's best complete code of one image alone, pixels and z, ± its standard error;"
    " the images are the same, so a difference is surer than that: choose the two further down."
)
DUEL = (
    "- **{local}** costs {difference:.2f} {unit} {more} than **{other}** ({cost:.2f} and {other_cost:.2f}, each ± {error:.2f})."
    " {read}It was trained for {passes:g} passes, the other for {other_passes:g}."
)
DUEL_READ = "A linear reader names {probe:.0f} % of the digits from a sample of its z, {other_probe:.0f} % from the other's. "
READ_STORY = (
    "**Across**, the *price* of z is an upper bound on the information that z holds about the image: with a codebook that"
    " fits badly the same information costs more. That is why *information* is offered too: a lower bound, from how well a"
    " sampled z tells its own image from all the others of the split; it cannot exceed the logarithm of their number. The"
    " truth lies between the two.\n\n**Upwards**, trust *sampled z*: it is all that the decoder ever sees. The *mean c* of a"
    " silent model still sorts the digits, because tiny means drowned in noise are still in order."
)
STORY_FORMULAS = {
    "price": r"\min_{\text{protocol complete for one image}} \mathbb{E}\big[\text{latent cost}\big] \;\ge\; I(x; z)",
    "rise": r"\mathbb{E}\big[-\log p(x|z_{\text{another image}})\big] - \mathbb{E}\big[-\log p(x|z)\big]",
    "information": r"I(x; z) \;\ge\; \mathbb{E}\Big[\log q(z_i|x_i) - \log \tfrac{1}{n}\textstyle\sum_{j} q(z_i|x_j)\Big]"
    r" \;\le\; \log n",
}

PARTS = {"total": "pixels and z", "latent": "z alone"}
READ_TABLE = (
    "Compare models within a column, or columns within one group. *tour* and *set* are cheaper for every model because"
    " the order of the images says nothing there: it could have said {order} an image, so add that before comparing them"
    " with *mixture*, *pointer* or *N(0, I)*. The hatched column is **not** a code that anybody could decode."
)

CURVES = {
    "total": "validation total", "pixels": "validation pixels", "latent": "validation price of z",
    "training loss": "training cost",
}  # fmt: skip
CURVE_NOTES = {
    "total": "Pixels and z on validation images after each pass, under each model's best complete code of one image alone.",
    "pixels": "What the pixels cost given z, on validation images. Falling pixels may be paid for by a rising z.",
    "latent": "What z costs on validation images, under each model's best complete code of one image alone.",
    "training loss": "What was minimised, as a running mean. Unless it was trained by mixture, a local prior is charged for a"
    " free neighbour here, which is NOT a complete code: do not compare it with a global prior's curve.",
}
CURVE_START = "The first tenth of a run may lie outside the picture."
AXES = {"passes": "passes through the training images", "minutes": "minutes, on the machine that trained it"}

PAIR = (
    "Two of them, image by image: all costs are of the test images, each at one sampled z. Hatched bars are no complete code."
)
DIFFERENCE = (
    "**A costs {difference:.2f} {unit} an image {more} than B**, ± {error:.2f} (standard error of the difference, image by image)."
)
PROTOCOLS = {
    "best": "each one's best, one image alone", "global": "N(0, I)", "pointer": "pointer", "mixture": "mixture",
    "tour": "tour (of the set)", "set": "set", "free_neighbour": "free neighbour: NOT a complete code",
}  # fmt: skip
SHOWN_PARTS = {"total": "pixels and z", "latent": "z alone", "pixels": "pixels alone"}
MOVED = (
    "Images whose neighbours changed most from one model to the other: of the K nearest training images in each latent"
    " space, how many are the same? Maps in two dimensions can mislead; this asks the spaces themselves. Click an image to"
    " explore it."
)
ORDERS = {"most moved": "moved most", "least moved": "moved least", "dearer on A": "dearer with A", "dearer on B": "dearer with B"}
