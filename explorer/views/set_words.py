"""The sentences of the panel about a set, and of the maps' colours."""

WHENCE = {
    "left": "outlined on the left map", "right": "outlined on the right map", "shown": "all that the maps show now",
}  # fmt: skip
SET = "Filters count: what the maps do not show is not in the set. Escape drops it; the address keeps it."
DROP = "The outline goes, the images stay."
EXPORT = "A row an image: its id, label and split, and what it costs under each model and protocol, in bits."
MEANS = {"pixels": "pixels", "total": "total"}
EXPLAINED = {
    "pixels": "What the pixels cost once z is known.",
    "total": "Pixels and z together: a complete code for each image alone.",
    "latent": "What z costs under the model's best complete protocol for one image alone.",
}
TYPICAL = {
    "Most typical": "the codes nearest to the set's mean code, with the distance. Click one to select it.",
    "Least typical": "the codes farthest from it.",
}
PROTOTYPE = "The prototype: what the decoder draws from the mean of the set's codes."

COLOURS = {
    "left": ("cost under {left}", "What the whole image costs under the left model, in bits."),
    "right": ("cost under {right}", "What the whole image costs under the right model, in bits."),
    "difference": ("difference of the costs", "Cost on the left less cost on the right: orange where the right model is cheaper."),
    "agreement": ("neighbours in common", "How many of the image's 16 nearest training images both latent spaces share."),
    "split": ("split", "Which part of the data the image belongs to."),
}
AGREEMENT_FOLLOWS = "The neighbours of all these images are being compared; the colours follow."
