"""The command line: `python -m lpvae {train,evaluate,build,info,compress,decompress,bench}`."""

import argparse
import json
import sys
from pathlib import Path

from lpvae.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit code 0, or 2 with one sentence on stderr for what the user can mend."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except UserError as error:
        print(f"lpvae: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lpvae: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"lpvae: cannot read or write: {error.strerror or error}{where}.", file=sys.stderr)
        return 2
    return 0


class _Parser(argparse.ArgumentParser):
    """As argparse, but a wrong argument is one sentence like every other error."""

    def error(self, message: str):
        self.exit(2, f"lpvae: {message}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m lpvae", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a model into a run directory"))
    _add_evaluate(commands.add_parser("evaluate", help="costs of a bundle or run on a data set, and probes"))
    _add_build(commands.add_parser("build", help="make the bundle that the explorer loads from a run"))
    _add_info(commands.add_parser("info", help="what is shipped: config, data, figures, sizes"))
    _add_experiment(commands.add_parser("experiment", help="train what the README compares but no bundle holds, and record its figures"))
    _add_reproduce(commands.add_parser("reproduce", help="every figure of the README, from the shipped bundles"))
    _add_compress(commands.add_parser("compress", help="images to a file, as short as the model's bill says"))
    _add_decompress(commands.add_parser("decompress", help="a file of `compress` back to its images"))
    _add_bench(commands.add_parser("bench", help="speeds as ratios, measured side by side"))
    return parser


def _add_train(p: argparse.ArgumentParser) -> None:
    p.add_argument("--prior", choices=("global", "vamp", "local"), default="local")
    p.add_argument("--decoder", choices=("factorised", "autoregressive"), default="autoregressive")
    p.add_argument("--data", default="mnist", help="mnist, or a .npz or .npy file of images")
    p.add_argument("--binarisation", choices=("resampled", "fixed", "given"), default=None,
                   help="how grey images become bits; resampled by default, given for files of bits")
    p.add_argument("--epochs", type=_positive, help="passes over the training images; 10 by default")
    p.add_argument("--out", type=Path, required=True, help="the run directory")
    p.add_argument("--resume", action="store_true",
                   help="go on from the run's last checkpoint, with the run's settings; more --epochs prolong the run")
    p.add_argument("--seed", type=_natural, default=0)
    p.add_argument("--device", default="auto", help="auto, cpu or cuda")
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                   help="any other key of the model's Config or of Training, e.g. neighbours=1, dilations=[1,2,4,1,2]"
                   " or rate=5e-4")
    p.set_defaults(run=_train)


def _train(o: argparse.Namespace) -> None:
    from dataclasses import fields

    from lpvae import data, train
    from lpvae.model import Config, from_dict

    if o.resume and (o.out / train.CONFIG).exists():
        print(f"resuming {o.out} with the settings it was started with", file=sys.stderr)
        train.resume(o.out, o.epochs)
    else:
        images, settings = data.load(o.data), _settings(o.set)
        training_keys = {f.name for f in fields(train.Training)}
        config = {"side": images.side, "prior": o.prior, "decoder": o.decoder}
        training = {"data": o.data, "binarisation": o.binarisation or ("given" if images.binary else "resampled"),
                    "epochs": o.epochs or 10, "seed": o.seed, "device": o.device}
        training |= {k: v for k, v in settings.items() if k in training_keys}
        config |= {k: v for k, v in settings.items() if k not in training_keys}
        train.train(Config.from_dict(config), from_dict(train.Training, training), o.out)
    print(f"trained: {o.out}")


def _settings(pairs: list[str]) -> dict:
    values = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            values[key] = json.loads(value)
        except ValueError:
            values[key] = value  # a bare word, such as precision=float32
    return values


def _add_evaluate(p: argparse.ArgumentParser) -> None:
    p.add_argument("model", metavar="BUNDLE|RUN", help="the name of a shipped model, or a directory")
    p.add_argument("--data", default=None, help="mnist, or a file; by default what the model was trained on")
    p.add_argument("--split", default="test", choices=("train", "validation", "test"))
    p.add_argument("--limit", type=_positive, help="a seeded random subset of that many images")
    p.add_argument("--seed", type=_natural, help="of the bits, z and the subset; by default the model's")
    p.add_argument("--json", action="store_true", help="print JSON only")
    p.set_defaults(run=_evaluate)


def _evaluate(o: argparse.Namespace) -> None:
    from lpvae import data
    from lpvae.builder import trained_of
    from lpvae.report import report
    from lpvae.summary import report_text

    trained, images, seed = trained_of(o.model)
    images = images if o.data is None else data.load(o.data)
    figures = report(trained, images, o.split, o.limit, seed if o.seed is None else o.seed)
    print(json.dumps(figures, indent=1) if o.json else report_text(figures))


def _add_build(p: argparse.ArgumentParser) -> None:
    p.add_argument("run_directory", metavar="RUN|BUNDLE", type=Path, help="a bundle's tour and figures are measured again")
    p.add_argument("--out", type=Path, help="the bundle directory, e.g. assets/models/NAME; a bundle stays in its place")
    p.add_argument("--align", type=Path, help="a bundle on whose map this one's is laid, so that the two compare")
    p.set_defaults(run=_build)


def _build(o: argparse.Namespace) -> None:
    from lpvae import bundle
    from lpvae.builder import build_bundle, measure_again

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    if (path := bundle.resolve(o.run_directory) / bundle.META).exists():
        if o.out or o.align:
            raise UserError(f"{path.parent} is a bundle, which is measured in its place: leave --out and --align away.")
        measure_again(path.parent, say)
    elif not o.out:
        raise UserError("a run is built into a bundle: name its place by --out, e.g. assets/models/NAME.")
    else:
        build_bundle(o.run_directory, o.out, o.align, say)
    print(f"built: {o.out or path.parent}")


def _add_info(p: argparse.ArgumentParser) -> None:
    p.add_argument("bundle", nargs="?", help="a name or directory; all shipped bundles by default")
    p.set_defaults(run=_info)


def _info(o: argparse.Namespace) -> None:
    from lpvae import bundle, summary

    if o.bundle:
        print(summary.bundle_text(bundle.resolve(o.bundle)))
        return
    paths = [bundle.resolve(name) for name in bundle.available()]
    if not paths:
        raise UserError(f"no bundles are shipped in {bundle.MODELS}: train and build one, see the README.")
    print(summary.models_table(paths), *map(summary.bundle_text, paths), sep="\n\n")


def _add_experiment(p: argparse.ArgumentParser) -> None:
    p.add_argument("name", help="base, k1, k20, plain, mixture, passes20 or static")
    p.add_argument("--data", help="the file of images, for `static`: MNIST's images as one fixed draw of bits")
    p.add_argument("--out", type=Path, default=Path("runs/experiments"), help="where its run goes; a started one goes on")
    p.add_argument("--compile", action="store_true", help="train with torch.compile")
    p.set_defaults(run=_experiment)


def _experiment(o: argparse.Namespace) -> None:
    from lpvae import experiments
    from lpvae.summary import report_text

    print(report_text(experiments.experiment(o.name, o.out, o.data, o.compile)["metrics"]))


def _add_reproduce(p: argparse.ArgumentParser) -> None:
    p.add_argument("--measure", action="store_true", help="measure every bundle again first (a minute or two each)")
    p.add_argument("--into", type=Path, metavar="FILE", help="put the tables into a text, as the README, instead of printing them")
    p.set_defaults(run=_reproduce)


def _reproduce(o: argparse.Namespace) -> None:
    from lpvae import reproduce

    if o.measure and (wrong := reproduce.differences()):
        raise UserError(f"{wrong} figures are not those that the bundles hold: see the lines above.")
    if o.into:
        return reproduce.write_into(o.into)
    print("\n\n".join(f"## {heading}\n\n{text}" for heading, text in reproduce.sections().items()))


def _add_bench(p: argparse.ArgumentParser) -> None:
    p.add_argument("model", nargs="?", default="local-autoregressive", metavar="BUNDLE")
    p.add_argument("--codes", type=_positive, metavar="N", help="measure the approximate search among N synthetic codes")
    p.set_defaults(run=_bench)


def _bench(o: argparse.Namespace) -> None:
    from lpvae.bench import bench

    bench(o.model, o.codes)


def _add_compress(p: argparse.ArgumentParser) -> None:
    p.add_argument("model", metavar="BUNDLE", help="the name of a shipped model, or the directory of a bundle or run")
    p.add_argument("images", metavar="IMAGES", help="a .npz, .npy or IDX file, or mnist:test")
    p.add_argument("out", metavar="OUT.lpv", type=Path)
    p.add_argument("--protocol", choices=("set", "tour", "pointer", "mixture", "global"), default="set")
    p.add_argument("--limit", type=_positive, help="a seeded random subset of that many images")
    p.add_argument("--seed", type=_natural, help="of the bits of grey images and of the subset; by default the model's")
    p.add_argument("--keep-order", action="store_true", help="send the order of a set or tour too")
    p.set_defaults(run=_compress)


def _compress(o: argparse.Namespace) -> None:
    from lpvae.compress import compress

    compress(o.model, o.images, o.out, o.protocol, o.limit, o.seed, o.keep_order)


def _add_decompress(p: argparse.ArgumentParser) -> None:
    p.add_argument("file", metavar="OUT.lpv", type=Path)
    p.add_argument("out", metavar="IMAGES.npz", type=Path)
    p.add_argument("--model", metavar="BUNDLE", help="the bundle it was made with; by default the shipped one that it names")
    p.set_defaults(run=_decompress)


def _decompress(o: argparse.Namespace) -> None:
    from lpvae.compress import decompress

    decompress(o.file, o.out, o.model)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _natural(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
