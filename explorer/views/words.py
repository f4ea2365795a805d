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
NEIGHBOURS = (
    "The nearest codes of training images, nearest first, with label and distance; never the image itself. Click one to"
    " choose it: its code then goes to the prior, and the interpolation ends there."
)
PRIOR = (
    "Orange is where this image's z lies, blue is where the prior expects it, grey is N(0, 1). The further apart orange and"
    " blue are, the more bits the dimension costs."
)
PRIOR_PICTURES = (
    "Four pictures drawn from the prior: z from p(z|ĉ), then the image from z. The maps mark where such z lie, roughly: a"
    " new z is put among the five nearest codes."
)
CHARTS_FOLLOW = "The charts of the prior and the bill follow as soon as the maps are drawn."
STRIP = (
    "Nine steps in a straight line between the two codes, each drawn by the decoder. All nine share the same random"
    " numbers, so whatever changes comes from z alone."
)
BILL = "What a receiver would be sent for this one image: z first, then the pixels given z. Shorter is better."

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
