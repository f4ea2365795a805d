"""The Transmission page's longer sentences and its formulas, in one place."""

LEAD = (
    "A bill in bits is a claim; a file is a proof. Here a few images are really sent: packed into a message by one side,"
    " unpacked from nothing but that message by the other. Press Play."
)
STACK = (
    "The message is a pile of bits. To send an image, the sender first takes some bits off the pile and lets them choose z:"
    " they are not lost, since the receiver, once it has the image, can work them out and put them back. Then the pixels and z"
    " go on top. What went on last comes off first, so the sender starts at the end of the tour."
)
SENDER = "The images, in the order in which they will arrive. It starts with the last one."
RECEIVER = "It has the model and the message, nothing else."
PLAYED = {"tour": "the local tour", "together": "the set code", "alone": "the other model, one by one"}
METERS = {
    "alone": ("{name}, one by one", "Every image with the same codebook, or with a mixture that is the same for all: no image"
              " helps another. A complete code."),
    "tour": ("{name}, tour", "Each z is sent with the codebook that the image before it gives; the first one names a"
             " neighbour. A complete code for the set: its order says nothing."),
    "together": ("{name}, set", "The bits of the message choose which image goes next, and come back in full: ln(n!) nats for"
                 " n images. A complete code for the set."),
    "bz2": ("bz2", "The general compressor bzip2 on the same bits, eight to a byte: it knows nothing of digits."),
}  # fmt: skip
METER_NOTE = (
    "All bits counted, the initial ones too: the pile must not be empty when the first z is chosen from it. They weigh on a"
    " small set and vanish in a large one. The order of {count} images could itself say {order:.2f} bits an image: the tour and the"
    " set leave it unsaid, so add it to them before comparing with codes that keep the order."
)

FLIP = (
    "Turn over a single bit of the message and decode it all the same. Images that come off before the receiver reaches that bit"
    " are right; then one wrong symbol makes the next ones wrong, and nothing after it is what was sent. That is why the real"
    " file has a checksum."
)
GARBAGE = (
    "Wrong images may still look like what the model knows: it turns any bits at all into something that it finds likely."
)
STEP = (
    "One image's transaction, as the sender does it; the receiver does the same backwards. Bits that were popped are a loan:"
    " the receiver gets them back."
)
STEPS = {
    "which image": "popped: the message's own bits choose which of the images left goes next.",
    "z drawn": "popped with the posterior q(z|x): the message's own bits choose z.",
    "neighbour drawn": "popped with the posterior of the neighbour: the bits choose whose codebook is used.",
    "pixels": "pushed with the likelihood p(x|z): the image itself, given z.",
    "z": "pushed with the prior: z, in the codebook.",
    "neighbour": "pushed: the name of the neighbour, all alike likely.",
}
STEP_FORMULA = (
    r"\text{bits paid} = -\log_2 p(x|z) - \log_2 p(z|\hat c) + \log_2 q(z|x)"
    r"\qquad \mathbb{E}_q[\ldots] = -\mathbb{E}_q \log_2 p(x|z) + \mathrm{KL}(q\,\|\,p)"
)
FILE = (
    "The file of the message that is played above, with a few bytes of header and a checksum. Nothing else is needed but the"
    " model."
)
